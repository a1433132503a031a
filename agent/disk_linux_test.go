package agent_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kurir/agent/simulator"
)

// outage is a way in which an outbox is lost, and comes back.
type outage struct {
	prepare func(t *testing.T, out string) (lose, restore func())
	stays   bool // what is in it can be read meanwhile
}

var outages = map[string]outage{
	"full": {stays: true, prepare: func(t *testing.T, out string) (lose, restore func()) {
		mountSmall(t, out, "4m")
		var free func()
		return func() { free = fill(t, out) }, func() { free() }
	}},
	"broken": {prepare: func(t *testing.T, out string) (lose, restore func()) {
		b := mountBrittle(t, out)
		return b.fail, b.repair
	}},
	"unplugged": {prepare: func(t *testing.T, out string) (lose, restore func()) {
		disk := unplugged(t, out)
		return func() { unmount(t, out) }, func() { bind(t, disk, out) }
	}},
}

// TestOutboxLostAndFound takes the outbox away between the server's storing of a set and its answer, in every way, and
// gives it back. Meanwhile nothing more is sent, the overview says why, no half file is seen and nobody runs in
// circles; afterwards all goes on by itself, and every photo has arrived once.
func TestOutboxLostAndFound(t *testing.T) {
	for name, o := range outages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, simulator.Options{})
			lose, restore := o.prepare(t, r.out)
			r.start()
			r.drop("BEFORE", 1, 2)
			r.untilSent("BEFORE")
			r.answers.shut()
			r.drop("DURING", 3, 4)
			r.until("the server has stored the photos", func() bool { return len(r.sim.Photos("DURING")) == 2 })
			lose()
			r.answers.open()
			r.untilPaused("inbox lane")
			since, lines := time.Now(), r.log.count()
			for i := range 20 {
				r.drop(fmt.Sprintf("AFTER%02d", i), 10+i)
			}
			r.until("the sets say why they wait", func() bool {
				state, why := r.state("AFTER19")
				return state == "waiting" && why != nil && why.Code == "disk"
			})
			r.until("the set whose photos have arrived says why it waits", func() bool {
				state, why := r.state("DURING")
				return state == "retrying" && why != nil && why.Code == "disk"
			})
			r.whole()
			aside := filepath.Join(r.dir, "stage", "ASIDE")
			must(t, os.MkdirAll(aside, 0o755))
			must(t, os.WriteFile(filepath.Join(aside, "set.json"), sidecar("ASIDE"), 0o644))
			must(t, os.WriteFile(filepath.Join(aside, "a.jpg"), photo(t, 99), 0o644))
			if _, err := r.a.Send(t.Context(), "lane", []string{aside}, nil); err == nil || !strings.Contains(err.Error(), "waiting for the disk") {
				t.Errorf("sent by hand: %v", err)
			}
			for i := range 20 {
				if n := len(r.sim.Photos(fmt.Sprintf("AFTER%02d", i))); n > 0 {
					t.Errorf("%d photos were sent although their receipt could not be written", n)
				}
			}
			r.calm(since, lines)
			if o.stays && len(below(filepath.Join(r.out, "sent"))) == 0 {
				t.Error("what was sent before is gone")
			}
			restore()
			for aju := range r.want {
				r.untilSent(aju)
			}
			r.untilWell("inbox lane")
			r.once()
			if left := below(r.lane); len(left) > 0 {
				t.Errorf("left in the inbox: %v", left)
			}
		})
	}
}

// TestEmptyMountPointIsNoOutbox: with its disk unplugged the outbox's folder is there, or can be made. Nothing is written
// into it, not even by an agent that is started then; a person may say that it is meant.
func TestEmptyMountPointIsNoOutbox(t *testing.T) {
	for name, below1 := range map[string]string{"at_the_mount": "", "below_the_mount": "deep/out"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, simulator.Options{})
			mount := r.out
			r.out = filepath.Join(mount, filepath.FromSlash(below1))
			disk := unplugged(t, mount)
			r.start()
			r.drop("A", 1)
			r.untilSent("A")
			must(t, r.stop())
			unmount(t, mount)
			r.start()
			r.drop("B", 2)
			r.untilPaused("inbox lane")
			if p, _ := r.problem("inbox lane"); !strings.Contains(p.Message, "not mounted") || !strings.Contains(p.Message, ".kurir") {
				t.Errorf("the problem is %q", p.Message)
			}
			r.until("B says why it waits", func() bool { _, why := r.state("B"); return why != nil && why.Code == "disk" })
			r.until("its status could not be written", func() bool { return strings.Contains(r.log.tail(), "status not written") })
			if left, err := os.ReadDir(mount); err != nil || len(left) > 0 {
				t.Errorf("the mount point holds %v, %v", left, err)
			}
			if n := len(r.sim.Photos("B")); n > 0 {
				t.Errorf("%d photos were sent", n)
			}
			bind(t, disk, mount)
			r.untilSent("B")
			r.once()
			must(t, r.stop())

			unmount(t, mount)
			r.start()
			r.drop("C", 3)
			r.untilPaused("inbox lane")
			must(t, os.MkdirAll(r.out, 0o755))
			must(t, os.WriteFile(filepath.Join(r.out, ".kurir"), nil, 0o644))
			r.untilSent("C")
			if got := below(filepath.Join(r.out, "sent")); len(got) != 3 {
				t.Errorf("sent holds %v", got)
			}
		})
	}
}

// TestListsWaitForTheirOutbox: a list stays in its inbox, and no number is asked for, while answers could not be kept.
func TestListsWaitForTheirOutbox(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Options{Speed: 50})
	mountSmall(t, r.respo, "8m")
	r.start()
	list := func(name, car string) {
		must(t, os.WriteFile(filepath.Join(r.erp, name), []byte(car+"\n"), 0o644))
	}
	first, second := "05030100000000000000000001", "05030100000000000000000002"
	list("first.txt", first)
	r.until("the first number is polled", func() bool { return len(below(filepath.Join(r.respo, "documents", first))) > 2 })
	free := fill(t, r.respo)
	list("second.txt", second)
	r.untilPaused("inbox erp")
	since, asked, lines := time.Now(), r.sim.Counts().Requests[simulator.StatusRespon], r.log.count()
	r.until("the list was refused twice", func() bool { return strings.Count(r.log.tail(), "files not taken") >= 2 })
	if n := r.sim.Counts().Requests[simulator.StatusRespon] - asked; n > 1 { // one may have been under way
		t.Errorf("%d requests were made although their answers could not be kept", n)
	}
	r.calm(since, lines)
	if got := below(r.erp); len(got) != 1 {
		t.Errorf("the inbox holds %v", got)
	}
	free()
	r.until("both are done", func() bool {
		for _, car := range []string{first, second} {
			b, err := os.ReadFile(filepath.Join(r.respo, "documents", car, "status.json"))
			if err != nil || !strings.Contains(string(b), `"done"`) {
				return false
			}
		}
		return len(below(r.erp)) == 0
	})
}

// TestFullDataDir: without room for the journal nothing is begun, and nothing is lost or hashed again and again; with room
// all goes on.
func TestFullDataDir(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Options{})
	mountSmall(t, r.data, "4m")
	r.start()
	r.answers.shut()
	r.drop("BEFORE", 1)
	r.until("the server has stored the photo", func() bool { return len(r.sim.Photos("BEFORE")) == 1 })
	free := fill(t, r.data)
	r.answers.open()
	for i := range 30 {
		r.drop(fmt.Sprintf("AFTER%02d", i), 10+i)
	}
	r.untilPaused("data_dir")
	r.until("what was under way has ended", func() bool { return r.sim.Counts().InFlight == 0 })
	since, sends, lines := time.Now(), r.sends(), r.log.count()
	r.until("the sets say why they wait", func() bool {
		state, why := r.state("AFTER29")
		return state == "waiting" && why != nil && why.Code == "disk"
	})
	<-time.After(3 * time.Second) // of which nothing is to be seen
	if n := r.sends() - sends; n > 1 {
		t.Errorf("%d requests were made that nobody would have remembered", n)
	}
	r.calm(since, lines)
	free()
	for aju := range r.want {
		r.untilSent(aju)
	}
	r.untilWell("data_dir")
	r.once()
}

// TestDataDirLost takes the data folder away in the middle of a request. The agent ends, and says why: what it did from then
// on would be forgotten. The next one, with the data folder back, sends nothing twice.
func TestDataDirLost(t *testing.T) {
	for name, prepare := range map[string]func(t *testing.T, data string) (lose, restore func()){
		"broken":    outages["broken"].prepare,
		"unplugged": outages["unplugged"].prepare,
		"removed": func(t *testing.T, data string) (lose, restore func()) {
			return func() { must(t, os.Rename(data, data+"-away")) }, func() { must(t, os.Rename(data+"-away", data)) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, simulator.Options{})
			lose, restore := prepare(t, r.data)
			r.start()
			r.answers.shut()
			r.drop("A", 1, 2)
			r.until("the server has stored the photos", func() bool { return len(r.sim.Photos("A")) == 2 })
			lose()
			r.answers.open()
			select {
			case err := <-r.ended:
				if err == nil || !strings.Contains(err.Error(), "journal") {
					t.Errorf("it ended with %v", err)
				}
				t.Logf("it ended with: %v", err)
			case <-time.After(2 * time.Minute):
				t.Fatalf("it goes on\n%s", r.log.tail())
			}
			r.cancel()
			r.cancel = nil
			_ = r.a.Close() // whatever its file says
			sends := r.sends()
			r.drop("B", 3)
			restore()
			r.start()
			r.untilSent("A", "B")
			r.once()
			if n := r.sends() - sends; n > 2 {
				t.Errorf("%d requests more for one set", n)
			}
		})
	}
}
