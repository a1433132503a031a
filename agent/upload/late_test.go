package upload_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kurir/agent/journal"
	"kurir/agent/simulator"
	"kurir/agent/upload"
)

// TestLatePhotoThatFailed is sent when it is tried again, though it has no sidecar: by a command or by hand, its folder or the
// photo alone.
func TestLatePhotoThatFailed(t *testing.T) {
	for name, c := range map[string]struct {
		late, marker string
		back         func(r *rig)
	}{
		"retried":              {"S/2.jpg", "", func(r *rig) { r.retryAll() }},
		"retried, with marker": {"S/2.jpg", "{name}.done", func(r *rig) { r.retryAll() }},
		"beside the others":    {"S_2.jpg", "", func(r *rig) { r.retryAll() }},
		"retried, after the journal was lost": {"S/2.jpg", "", func(r *rig) {
			r.stop()
			must(r.t, os.Remove(filepath.Join(r.dir, "journal.db")))
			r.start()
			r.until("it is known again", func() bool {
				jobs, err := r.store.List(r.t.Context(), journal.Filter{Kind: journal.Xray, ID: "lane-1/S", State: journal.Failed})
				return err == nil && len(jobs) == 1
			})
			r.retryAll()
		}},
		"retried, with another in its folder": {"S/2.jpg", "", func(r *rig) {
			r.put("S/3.jpg", jpg(2)) // once more: it is a duplicate
			r.until("it waits", func() bool {
				sets, _, err := r.p.Sets(r.t.Context(), upload.Query{State: upload.StateWaiting})
				return err == nil && len(sets) == 1
			})
			r.retryAll()
		}},
		"by hand": {"S/2.jpg", "", func(r *rig) { r.move("failed/S", "S") }},
		"by hand, alone": {"S_2.jpg", "", func(r *rig) {
			r.move("failed/S/S_2.jpg", "S_2.jpg")
			must(r.t, os.Remove(filepath.Join(r.out, "failed", "S")))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, simulator.Options{})
			r.in.DoneMarker = c.marker
			r.start()
			r.drop("S", map[string][]byte{"d.json": side("A").json(), "1.jpg": jpg(1), "S.done": nil})
			r.await("S", upload.StateSent)
			r.until("the inbox is empty", func() bool { return len(below(t, r.inbox)) == 0 })
			accept := r.refuseAll()
			r.put(c.late, jpg(2))
			if c.marker != "" {
				r.put("S.done", nil)
			}
			r.hasFailed("lane-1", "S")
			accept()
			c.back(r)
			r.until("it is sent", func() bool { return len(r.sim.Photos("A")) == 2 })
			r.await("S", upload.StateSent)
			r.until("the inbox is empty, also of folders", func() bool {
				left, err := os.ReadDir(r.inbox)
				return err == nil && len(left) == 0
			})
			r.once("A", jpg(1), jpg(2))
			if got := r.stays(); len(got) != 0 {
				t.Errorf("stays failed: %v", got)
			}
		})
	}
}

// move brings something of the outbox into the inbox.
func (r *rig) move(from, to string) {
	r.t.Helper()
	must(r.t, os.Rename(filepath.Join(r.out, filepath.FromSlash(from)), filepath.Join(r.inbox, filepath.FromSlash(to))))
}

// TestLatePhotoOfASetThatFailed waits with it, and does not go to another declaration: not to that of an earlier set of the same
// name, nor to that of a set whose name is shorter.
func TestLatePhotoOfASetThatFailed(t *testing.T) {
	for name, c := range map[string]struct{ first, second, late string }{
		"the same name":  {"S", "S", "S/2.jpg"},
		"a shorter name": {"S", "S_A", "S_A_2.jpg"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, simulator.Options{})
			r.start()
			r.drop(c.first, map[string][]byte{"d.json": side("A1").json(), "1.jpg": jpg(1)})
			r.await(c.first, upload.StateSent)
			r.until("the inbox is empty", func() bool { return len(below(t, r.inbox)) == 0 })
			accept := r.refuseAll()
			r.drop(c.second, map[string][]byte{"d.json": side("A2").json(), "1.jpg": jpg(2)})
			r.hasFailed("lane-1", c.second)
			accept()
			r.put(c.late, jpg(3))
			<-time.After(10 * r.in.Settle) // longer than a late image rests
			if r.once("A1", jpg(1)); t.Failed() {
				return
			}
			r.until("it waits", func() bool {
				sets, _, err := r.p.Sets(t.Context(), upload.Query{State: upload.StateWaiting})
				return err == nil && len(sets) == 1
			})
			r.retryAll()
			if c.first == c.second { // which now comes back under another name
				r.await("S~2", upload.StateSent)
				r.put("S/3.jpg", jpg(4))
				<-time.After(10 * r.in.Settle)
				r.once("A1", jpg(1))
				r.once("A2", jpg(2))
				return
			}
			r.until("both are sent", func() bool { return len(r.sim.Photos("A2")) == 2 })
			r.once("A1", jpg(1))
			r.once("A2", jpg(2), jpg(3))
		})
	}
}

// TestLatePhotoThatIsBroken: what keeps late photos waiting is said, and it is no sidecar; with a whole one in its place all go.
func TestLatePhotoThatIsBroken(t *testing.T) {
	for name, c := range map[string]struct{ good, bad, shows string }{
		"in a folder":       {"S/2.jpg", "S/3.jpg", "S"},
		"beside the others": {"S_2.jpg", "S_3.jpg", "S_3"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, simulator.Options{})
			r.start()
			r.drop("S", map[string][]byte{"d.json": side("A").json(), "1.jpg": jpg(1)})
			r.await("S", upload.StateSent)
			r.until("the inbox is empty", func() bool { return len(below(t, r.inbox)) == 0 })
			r.put(c.good, jpg(2))
			r.put(c.bad, jpg(3)[:300])
			r.until("it is said", func() bool {
				st := r.status(c.shows)
				return st.State == upload.StateWaiting && len(st.WaitingFor) == 0 && strings.Contains(st.Note, filepath.Base(c.bad))
			})
			r.put(c.bad, jpg(3))
			r.until("all are sent", func() bool { return len(r.sim.Photos("A")) == 3 })
			r.await("S", upload.StateSent)
			r.once("A", jpg(1), jpg(2), jpg(3))
		})
	}
}
