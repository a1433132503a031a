package agent_test

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"kurir/agent/control"
	"kurir/agent/simulator"
)

// TestInboxUnplugged takes the inbox away under a set that was sent, one that is being tried and one that is not complete,
// for longer than a set may be tried, and gives it back: at once, or after it was there empty for a while. Nothing is
// taken for deleted, nothing has failed for it in the end, nothing is sent again.
func TestInboxUnplugged(t *testing.T) {
	for name, empty := range map[string]bool{"same_files": false, "empty_first": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, simulator.Options{Faults: []simulator.Rule{
				{Op: simulator.Kirim, NomorAju: "STUCK", Do: simulator.DoStatus, Status: 500},
			}})
			r.giveUp = "20s"
			disk := unplugged(t, r.lane)
			r.start()
			r.drop("SENT", 1)
			r.untilSent("SENT")
			part := fmt.Appendf(nil, `{"images": ["ALONE.jpg"], %s`, sidecar("ALONE")[1:])
			must(t, os.WriteFile(filepath.Join(disk, "ALONE.json"), part, 0o644))
			r.until("ALONE waits", func() bool { s, _ := r.state("ALONE"); return s == "waiting" })
			r.drop("STUCK", 2, 3) // last: its time to be tried has begun
			r.until("STUCK is tried", func() bool { s, _ := r.state("STUCK"); return s == "retrying" })
			unmount(t, r.lane)
			must(t, r.sim.SetFaults(nil))
			r.until("the inbox is offline", func() bool {
				p, ok := r.problem("inbox lane")
				return ok && strings.Contains(p.Message, "mounted")
			})
			<-time.After(21 * time.Second) // longer than a set is tried
			if s, why := r.state("STUCK"); s != "retrying" || why == nil || why.Code != "disk" {
				t.Errorf("STUCK is %s, %+v", s, why)
			}
			if s, _ := r.state("ALONE"); s != "waiting" {
				t.Errorf("ALONE is %s", s)
			}
			if empty {
				other := filepath.Join(t.TempDir(), "other")
				must(t, os.Mkdir(other, 0o755))
				mountSmall(t, other, "1m")
				bind(t, other, r.lane)
				r.until("the inbox is there, and empty", func() bool { _, away := r.problem("inbox lane"); return !away })
				r.until("ALONE is no more", func() bool { s, _ := r.state("ALONE"); return s == "" })
				unmount(t, r.lane)
			}
			bind(t, disk, r.lane)
			r.untilSent("STUCK")
			r.until("ALONE waits again", func() bool { s, _ := r.state("ALONE"); return s == "waiting" })
			r.want["ALONE"] = map[string]bool{hexSum(photo(t, 4)): true}
			must(t, os.WriteFile(filepath.Join(r.lane, "ALONE.jpg"), photo(t, 4), 0o644))
			r.untilSent("ALONE")
			r.once()
		})
	}
}

// TestRetryWhileTheInboxIsUnplugged moves nothing onto the bare mount point, where it would be hidden once the disk is back, not
// even before the agent has noticed that the disk is gone. What else was named is tried again.
func TestRetryWhileTheInboxIsUnplugged(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Options{Faults: []simulator.Rule{{Op: simulator.Kirim, Do: simulator.DoStatus, Status: 400}}})
	disk := unplugged(t, r.lane)
	r.start()
	const car = "05010012345620250930000001"
	must(t, os.WriteFile(filepath.Join(r.erp, "list.txt"), []byte(car+"\n"), 0o644))
	r.until("the number is known", func() bool {
		d, err := r.a.Documents(t.Context(), control.Query{Limit: 10})
		return err == nil && len(d.Documents) == 1
	})
	r.drop("A", 1)
	r.until("A has failed", func() bool { s, _ := r.state("A"); return s == "failed" && len(below(r.lane)) == 0 })
	must(t, r.sim.SetFaults(nil))
	unmount(t, r.lane)
	var ids []string
	var err error
	r.until("A is refused, as soon as the journal knows that it has failed", func() bool {
		ids, err = r.a.Retry(t.Context(), control.RetryRequest{IDs: []string{"lane/A", "erp/" + car}})
		return err != nil || slices.Contains(ids, "lane/A")
	})
	if !slices.Equal(ids, []string{"erp/" + car}) || err == nil || !strings.Contains(err.Error(), "lane/A") {
		t.Errorf("tried again: %v, error %v", ids, err)
	}
	if got := below(r.lane); len(got) != 0 {
		t.Errorf("on the bare mount point lies %v", got)
	}
	bind(t, disk, r.lane)
	r.untilWell("inbox lane")
	r.until("A is taken for a retry", func() bool {
		ids, err := r.a.Retry(t.Context(), control.RetryRequest{IDs: []string{"lane/A"}})
		return err == nil && len(ids) == 1
	})
	r.untilSent("A")
	r.once()
}

// TestInboxThatCannotBeEmptied: the inbox is read-only, or one file of a set is: its photos go out once, its files follow
// when they can.
func TestInboxThatCannotBeEmptied(t *testing.T) {
	for name, hold := range map[string]func(t *testing.T, lane, file string) (release func()){
		"read_only_share": func(t *testing.T, lane, _ string) func() {
			must(t, unix.Mount("", lane, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""))
			return func() { must(t, unix.Mount("", lane, "", unix.MS_REMOUNT|unix.MS_BIND, "")) }
		},
		"immutable_file": func(t *testing.T, _, file string) func() {
			setImmutable(t, file, true)
			return func() { setImmutable(t, file, false) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, simulator.Options{})
			unplugged(t, r.lane)
			r.start()
			r.answers.shut()
			r.drop("A", 1, 2)
			r.until("the server has stored the photos", func() bool { return len(r.sim.Photos("A")) == 2 })
			release := hold(t, r.lane, filepath.Join(r.lane, "A", "p1.jpg"))
			r.answers.open()
			lines := 0
			r.until("A says why it waits", func() bool {
				s, why := r.state("A")
				lines = r.log.count()
				return s == "retrying" && why != nil && why.Code == "disk"
			})
			since := time.Now()
			<-time.After(2 * time.Second) // in which it does not run in circles
			r.calm(since, lines)
			if _, paused := r.problem("inbox lane"); paused {
				t.Error("the whole inbox is paused for one set")
			}
			release()
			r.untilSent("A")
			r.until("the inbox is empty", func() bool { return len(below(r.lane)) == 0 })
			r.once()
			if n := r.sends(); n != 1 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

// setImmutable makes a file one that nobody may move, change or delete, or one like others.
func setImmutable(t *testing.T, file string, immutable bool) {
	t.Helper()
	f, err := os.Open(file)
	must(t, err)
	defer f.Close()
	flags, err := unix.IoctlGetUint32(int(f.Fd()), unix.FS_IOC_GETFLAGS)
	if err != nil {
		cannot(t, "files cannot be made immutable here: %v", err)
	}
	const immutableFlag = 0x10 // FS_IMMUTABLE_FL
	if flags &^= immutableFlag; immutable {
		flags |= immutableFlag
	}
	if err := unix.IoctlSetPointerInt(int(f.Fd()), unix.FS_IOC_SETFLAGS, int(flags)); err != nil {
		cannot(t, "files cannot be made immutable here: %v", err)
	}
}

// TestFilesThatChangeUnderTheHand replaces photos and renames sets while they are being taken in. What is there in the
// end arrives; nothing that was there only half does, and whatever arrived was whole at some time.
func TestFilesThatChangeUnderTheHand(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Options{})
	r.start()
	ever := map[string]bool{} // every content that was there
	last := map[string]string{}
	called := map[string]string{} // what the set's folder was called in the end
	var mu sync.Mutex
	var running sync.WaitGroup
	for i := range 24 {
		aju := fmt.Sprintf("SHIFT%02d", i)
		running.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(i), 1))
			name := aju
			r.dropInto(aju, 100*i, func(h string) { mu.Lock(); ever[h], last[aju] = true, h; mu.Unlock() })
			for n := range 3 {
				<-time.After(time.Duration(rnd.IntN(200)) * time.Millisecond) // any moment
				if rnd.IntN(2) == 0 {
					to := fmt.Sprintf("%s-%d", aju, n)
					if os.Rename(filepath.Join(r.lane, name), filepath.Join(r.lane, to)) == nil {
						name = to
					}
					continue
				}
				b := photo(t, 100*i+n+1)
				tmp := filepath.Join(r.lane, name, ".new")
				if os.WriteFile(tmp, b, 0o644) != nil {
					continue // it has been taken already
				}
				mu.Lock()
				ever[hexSum(b)] = true
				if os.Rename(tmp, filepath.Join(r.lane, name, "p.jpg")) == nil {
					last[aju] = hexSum(b)
				}
				mu.Unlock()
			}
			mu.Lock()
			called[aju] = name
			mu.Unlock()
		})
	}
	running.Wait()
	// A set that was renamed when its sidecar had moved already is half a set, and says so.
	left := func(aju string) bool {
		dir := filepath.Join(r.lane, called[aju])
		_, photo := os.Stat(filepath.Join(dir, "p.jpg"))
		_, side := os.Stat(filepath.Join(dir, "set.json"))
		state, _ := r.state(called[aju])
		return photo == nil && errors.Is(side, fs.ErrNotExist) && state == "waiting"
	}
	r.until("the last content of every set has arrived", func() bool {
		for aju, h := range last {
			ok := false
			for _, p := range r.sim.Photos(aju) {
				ok = ok || p.SHA256 == h
			}
			if !ok && !left(aju) {
				return false
			}
		}
		return true
	})
	for aju := range last {
		got := map[string]bool{}
		for _, p := range r.sim.Photos(aju) {
			if !ever[p.SHA256] || got[p.SHA256] {
				t.Errorf("%s: a photo that was never whole, or arrived twice", aju)
			}
			got[p.SHA256] = true
		}
	}
	r.whole()
}

// dropInto writes a set of one photo into the inbox, file by file.
func (r *rig) dropInto(aju string, seed int, note func(sum string)) {
	b := photo(r.t, seed)
	dir := filepath.Join(r.lane, aju)
	_ = os.Mkdir(dir, 0o755)
	_ = os.WriteFile(filepath.Join(dir, "p.jpg"), b, 0o644)
	_ = os.WriteFile(filepath.Join(dir, "set.json"), sidecar(aju), 0o644)
	note(hexSum(b))
}

// TestInboxReplacedByALink: a symbolic link in the place of an inbox is not followed, whatever it leads to.
func TestInboxReplacedByALink(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Options{})
	r.start()
	r.drop("A", 1)
	r.untilSent("A")
	elsewhere := filepath.Join(r.dir, "elsewhere")
	must(t, os.Mkdir(elsewhere, 0o755))
	must(t, os.Rename(r.lane, r.lane+"-away"))
	must(t, os.Symlink(elsewhere, r.lane))
	r.until("the inbox is offline", func() bool {
		p, ok := r.problem("inbox lane")
		return ok && strings.Contains(p.Message, "symbolic link")
	})
	must(t, os.WriteFile(filepath.Join(elsewhere, "X.json"), sidecar("X"), 0o644))
	must(t, os.WriteFile(filepath.Join(elsewhere, "X.jpg"), photo(t, 2), 0o644))
	must(t, os.Remove(r.lane))
	must(t, os.Rename(r.lane+"-away", r.lane))
	r.drop("B", 3)
	r.untilSent("B")
	if n := len(below(elsewhere)); n != 2 || len(r.sim.Photos("X")) > 0 {
		t.Errorf("%d files are left where the link led to, %d were sent", n, len(r.sim.Photos("X")))
	}
	r.once()
}

// TestPhotoReplacedWhileItIsSent: what was sent is on record, and what lies there then is a late photo of the set.
func TestPhotoReplacedWhileItIsSent(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Options{})
	r.start()
	r.answers.shut()
	r.drop("A", 1)
	r.until("the server has stored the photo", func() bool { return len(r.sim.Photos("A")) == 1 })
	must(t, os.WriteFile(filepath.Join(r.lane, ".new"), photo(t, 2), 0o644))
	must(t, os.Rename(filepath.Join(r.lane, ".new"), filepath.Join(r.lane, "A", "p1.jpg")))
	r.answers.open()
	r.until("the second photo has arrived", func() bool { return len(r.sim.Photos("A")) == 2 })
	r.untilSent("A")
	r.until("the inbox is empty", func() bool { return len(below(r.lane)) == 0 })
}

// TestInboxBreaks: the inbox's disk fails between the server's storing of a set and its answer. With the disk back, its
// files follow, and nothing is sent again.
func TestInboxBreaks(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Options{})
	disk := mountBrittle(t, r.lane)
	r.start()
	r.answers.shut()
	r.drop("A", 1, 2)
	disk.sync() // or it would be gone with the disk
	r.until("the server has stored the photos", func() bool { return len(r.sim.Photos("A")) == 2 })
	disk.fail() // its folders can still be listed, as they are in memory
	r.answers.open()
	r.until("A says why it waits", func() bool {
		s, why := r.state("A")
		return s == "retrying" && why != nil && why.Code == "disk"
	})
	since, lines := time.Now(), r.log.count()
	<-time.After(2 * time.Second) // in which it does not run in circles
	r.calm(since, lines)
	disk.repair()
	r.untilSent("A")
	r.drop("B", 3)
	r.untilSent("B")
	r.once()
	if n := r.sends(); n != 2 {
		t.Errorf("%d requests for two sets", n)
	}
}
