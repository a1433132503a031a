package upload_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"kurir/agent/journal"
	"kurir/agent/simulator"
	"kurir/agent/upload"
	"kurir/watcher"
)

// TestRenamedWhileItWaits: a folder that gets another name, and another photo, while its set waits for the server is that
// other set; the first leaves nothing behind that would fail one day.
func TestRenamedWhileItWaits(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.unproved = true // a photo is overwritten
	must(t, r.sim.SetFaults(always(simulator.DoStatus, 503)))
	r.start()
	r.drop("U", map[string][]byte{"d.json": side("G").json(), "a.jpg": jpg(1)})
	r.await("U", upload.StateRetrying)
	r.rename("U", "V")
	r.replace("V/a.jpg", jpg(2))
	r.await("V", upload.StateRetrying)
	r.stop() // and a new process knows only what is written
	must(t, r.sim.SetFaults(nil))
	r.start()
	r.await("V", upload.StateSent)
	r.until("nothing is left of the first name", func() bool { return r.active() == 0 && r.status("U").State == "" })
	r.once("G", jpg(2))
	if jobs, err := r.store.List(t.Context(), journal.Filter{Kind: journal.Xray, ID: "lane-1/U"}); err != nil || len(jobs) > 0 {
		t.Errorf("the journal still has %v, %v", jobs, err)
	}
}

// TestRenamedHalfSent: what was sent under the first name is that name's sent set, and is not sent again under the other.
func TestRenamedHalfSent(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.in.MaxImages = 1
	must(t, r.sim.SetFaults([]simulator.Rule{{Op: simulator.Add, Do: simulator.DoStatus, Status: 503}}))
	r.start()
	r.drop("U", map[string][]byte{"d.json": side("G").json(), "a.jpg": jpg(1), "b.jpg": jpg(2)})
	r.until("one photo is stored", func() bool { return len(r.sim.Photos("G")) == 1 })
	r.await("U", upload.StateRetrying)
	r.rename("U", "V")
	r.replace("V/b.jpg", jpg(3))
	r.await("V", upload.StateRetrying)
	must(t, r.sim.SetFaults(nil))
	r.await("V", upload.StateSent)
	r.await("U", upload.StateSent)
	r.once("G", jpg(1), jpg(3))
	r.until("no job is left", func() bool { return r.active() == 0 })
}

// TestRenamedAsItIs: both names have a receipt of what was sent under them, and the originals lie where the last name says.
// Nothing is missed, neither while the first name still waits nor in the end.
func TestRenamedAsItIs(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.in.MaxImages = 1
	must(t, r.sim.SetFaults([]simulator.Rule{{Op: simulator.Add, Do: simulator.DoStatus, Status: 503}}))
	r.start()
	r.drop("U", map[string][]byte{"d.json": side("G").json(), "a.jpg": jpg(1), "b.jpg": jpg(2)})
	r.until("one photo is stored", func() bool { return len(r.sim.Photos("G")) == 1 })
	r.await("U", upload.StateRetrying)
	r.rename("U", "V")
	r.await("V", upload.StateRetrying)
	r.stop() // which looks for every file
	must(t, r.sim.SetFaults(nil))
	r.start()
	r.await("U", upload.StateSent)
	r.await("V", upload.StateSent)
	r.once("G", jpg(1), jpg(2))
	r.until("no job is left", func() bool { return r.active() == 0 })
	want := []string{"U.receipt.json", "V.receipt.json", "V/a.jpg", "V/b.jpg", "V/d.json"}
	if got := r.sentFiles(); !slices.Equal(got, want) {
		t.Errorf("sent holds %v, want %v", got, want)
	}
}

// TestLatePhotoThatGoesAgain: a late photo that is taken away before it is sent leaves the sent set what it was. Brought back,
// it is sent.
func TestLatePhotoThatGoesAgain(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.start()
	r.drop("U", map[string][]byte{"d.json": side("G").json(), "a.jpg": jpg(1)})
	r.await("U", upload.StateSent)
	must(t, r.sim.SetFaults(always(simulator.DoStatus, 503)))
	r.put("U/b.jpg", jpg(2))
	r.await("U", upload.StateRetrying)
	r.rename("U", "V")
	must(t, r.sim.SetFaults(nil))
	st := r.await("U", upload.StateSent)
	if len(st.Images) != 1 {
		t.Errorf("the set has %+v", st.Images)
	}
	r.until("no job is left", func() bool { return r.active() == 0 })
	r.once("G", jpg(1))
	r.rename("V", "U")
	r.until("the photo that came back is sent", func() bool { return len(r.sim.Photos("G")) == 2 })
	r.await("U", upload.StateSent)
	r.once("G", jpg(1), jpg(2))
}

// TestLetGoAndBackUnseen: files that were away for a moment, in which their set was let go and which no look at the polled
// folder has noticed, are taken in again.
func TestLetGoAndBackUnseen(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.mode, r.rescan = watcher.Poll, 5*time.Second
	// not of Get: what the first agent has begun to send, its successor must be able to ask for
	must(t, r.sim.SetFaults([]simulator.Rule{{Op: simulator.Kirim, Do: simulator.DoStatus, Status: 429}}))
	r.drop("U", map[string][]byte{"d.json": side("G").json(), "a.jpg": jpg(1)})
	r.start()
	r.await("U", upload.StateRetrying)
	r.stop()
	r.drop("V", map[string][]byte{"d.json": side("G").json(), "b.jpg": jpg(2)})
	r.start()
	r.await("V", upload.StateRetrying)
	away := filepath.Join(r.dir, "away")
	must(t, os.Rename(filepath.Join(r.inbox, "U"), away))
	r.until("the set is let go", func() bool {
		jobs, err := r.store.List(t.Context(), journal.Filter{Kind: journal.Xray, ID: "lane-1/U"})
		return err == nil && len(jobs) == 0
	})
	must(t, os.Rename(away, filepath.Join(r.inbox, "U")))
	must(t, r.sim.SetFaults(nil))
	r.await("U", upload.StateSent)
	r.await("V", upload.StateSent)
	r.once("G", jpg(1), jpg(2))
}

// TestSetThatChangesItsForm: files beside one another that someone puts into a folder of their name while they wait, or takes out
// of one, are the same set, and go on.
func TestSetThatChangesItsForm(t *testing.T) {
	for name, c := range map[string]struct{ before, after []string }{
		"into a folder":   {[]string{"U.json", "U_1.jpg"}, []string{"U/U.json", "U/U_1.jpg"}},
		"out of a folder": {[]string{"U/U.json", "U/U_1.jpg"}, []string{"U.json", "U_1.jpg"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, simulator.Options{})
			r.in.Retry.GiveUpAfter = time.Hour // then it would be failed, and be taken up again
			must(t, r.sim.SetFaults(always(simulator.DoStatus, 503)))
			r.start()
			r.put(c.before[1], jpg(1))
			r.put(c.before[0], side("G").json())
			r.await("U", upload.StateRetrying)
			must(t, os.MkdirAll(filepath.Join(r.inbox, "U"), 0o755))
			for i := range c.before {
				r.rename(c.before[i], c.after[i])
			}
			must(t, r.sim.SetFaults(nil))
			r.await("U", upload.StateSent)
			r.once("G", jpg(1))
			if got := below(t, r.inbox); len(got) != 0 {
				t.Errorf("the inbox holds %v", got)
			}
		})
	}
}

func (r *rig) rename(from, to string) {
	r.t.Helper()
	must(r.t, os.Rename(filepath.Join(r.inbox, from), filepath.Join(r.inbox, to)))
}

func (r *rig) replace(name string, b []byte) {
	r.t.Helper()
	tmp := filepath.Join(r.inbox, filepath.Dir(name), ".new")
	must(r.t, os.WriteFile(tmp, b, 0o644))
	must(r.t, os.Rename(tmp, filepath.Join(r.inbox, name)))
}
