package upload_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kurir/agent/journal"
	"kurir/agent/reason"
	"kurir/agent/simulator"
	"kurir/agent/upload"
)

// refuseAll makes the server refuse everything for good, until the test calls what is returned.
func (r *rig) refuseAll() (accept func()) {
	r.t.Helper()
	must(r.t, r.sim.SetFaults(always(simulator.DoStatus, 400)))
	return func() { r.t.Helper(); must(r.t, r.sim.SetFaults(nil)) }
}

// hasFailed waits until a set has failed, also in the journal, which is told last.
func (r *rig) hasFailed(inbox, set string) {
	r.t.Helper()
	r.await(set, upload.StateFailed)
	r.until("the journal knows it", func() bool {
		jobs, err := r.store.List(r.t.Context(), journal.Filter{Kind: journal.Xray, ID: inbox + "/" + set, State: journal.Failed})
		return err == nil && len(jobs) == 1
	})
}

// stays lists what is left in failed/ and of failed sets in the journal.
func (r *rig) stays() []string {
	r.t.Helper()
	out := below(r.t, filepath.Join(r.out, "failed"))
	jobs, err := r.store.List(r.t.Context(), journal.Filter{Kind: journal.Xray, State: journal.Failed})
	must(r.t, err)
	for _, j := range jobs {
		out = append(out, j.ID)
	}
	return out
}

// TestRetryIntoAnInboxThatIsAway: nothing is moved to where the inbox belongs, which is not made either; what failed in another
// inbox is tried again all the same.
func TestRetryIntoAnInboxThatIsAway(t *testing.T) {
	for _, lang := range []reason.Language{reason.English, reason.Indonesian} {
		t.Run(string(lang), func(t *testing.T) {
			r := newRig(t, simulator.Options{})
			r.tune = func(o *upload.Options) { o.Language = lang }
			other := r.in
			other.Name, other.Root = "lane-2", filepath.Join(r.dir, "in-2")
			must(t, os.Mkdir(other.Root, 0o755))
			r.more = []upload.Inbox{other}
			accept := r.refuseAll()
			r.start()
			r.drop("A", map[string][]byte{"d.json": side("A").json(), "a.jpg": jpg(1)})
			r.hasFailed("lane-1", "A")
			r.drop("../in-2/B", map[string][]byte{"d.json": side("B").json(), "b.jpg": jpg(2)})
			r.hasFailed("lane-2", "B")
			accept()
			must(t, os.Rename(r.inbox, r.inbox+"-away"))
			ids, err := r.p.Retry(t.Context(), nil)
			if !slices.Equal(ids, []string{"lane-2/B"}) || err == nil {
				t.Fatalf("tried again: %v, error %v", ids, err)
			}
			for _, part := range []string{r.inbox, "lane-1/A", map[reason.Language]string{reason.English: "try again", reason.Indonesian: "coba lagi"}[lang]} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not name %s", err, part)
				}
			}
			r.await("B", upload.StateSent)
			if _, err := os.Lstat(r.inbox); !os.IsNotExist(err) {
				t.Errorf("the inbox was made: %v", err)
			}
			must(t, os.Rename(r.inbox+"-away", r.inbox))
			r.retryAll()
			r.await("A", upload.StateSent)
			r.once("A", jpg(1))
			r.once("B", jpg(2))
		})
	}
}

// TestRetryIntoABareMountPoint: the folder is there, but its watcher knows that it is not the inbox.
func TestRetryIntoABareMountPoint(t *testing.T) {
	r := newRig(t, simulator.Options{})
	var away atomic.Bool
	r.in.Offline = away.Load
	accept := r.refuseAll()
	r.start()
	r.drop("A", map[string][]byte{"d.json": side("A").json(), "a.jpg": jpg(1)})
	r.hasFailed("lane-1", "A")
	accept()
	away.Store(true)
	if ids, err := r.p.Retry(t.Context(), []string{"lane-1/A"}); len(ids) != 0 || err == nil {
		t.Fatalf("tried again: %v, error %v", ids, err)
	}
	if got := below(t, r.inbox); len(got) != 0 {
		t.Fatalf("moved there: %v", got)
	}
	away.Store(false)
	r.retryAll()
	r.await("A", upload.StateSent)
}

// TestRetryOfASetWhoseFolderStayed for files that are left alone: it is the same set again, also when the move had been
// interrupted, and with a marker that was deleted.
func TestRetryOfASetWhoseFolderStayed(t *testing.T) {
	for name, marker := range map[string]string{"plain": "", "marked": "{name}.done"} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, simulator.Options{})
			r.in.DoneMarker = marker
			accept := r.refuseAll()
			r.start()
			r.drop("S", map[string][]byte{"d.json": side("S").json(), "a.jpg": jpg(1), "deep/b.jpg": jpg(2), "deep/note.txt": []byte("x"),
				"Thumbs.db": []byte("t"), "deep/.DS_Store": []byte("d"), "c.jpg.part": []byte("p"), "S.done": nil})
			r.hasFailed("lane-1", "S")
			accept()
			stay := []string{"S/Thumbs.db", "S/c.jpg.part", "S/deep/.DS_Store"}
			if got := below(t, r.inbox); !slices.Equal(got, stay) {
				t.Fatalf("the inbox holds %v", got)
			}
			must(t, os.Rename(filepath.Join(r.out, "failed", "S", "deep", "b.jpg"), filepath.Join(r.inbox, "S", "deep", "b.jpg")))
			r.retryAll()
			r.await("S", upload.StateSent)
			r.once("S", jpg(1), jpg(2))
			if got := below(t, r.inbox); !slices.Equal(got, stay) {
				t.Errorf("the inbox holds %v", got)
			}
			if got := r.stays(); len(got) != 0 {
				t.Errorf("stays failed: %v", got)
			}
			if st := r.status("S~2"); st.State != "" {
				t.Errorf("there is another set: %+v", st)
			}
		})
	}
}

// TestMoveBackIsNoLateImage: the files of a failed set that is moved back into its folder, of which the sidecar comes last, do not
// go to another declaration whose set of that name was sent before, however long the move takes.
func TestMoveBackIsNoLateImage(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.start()
	r.drop("S", map[string][]byte{"d.json": side("A1").json(), "z.jpg": jpg(1)})
	r.await("S", upload.StateSent)
	r.until("the inbox is empty", func() bool { return len(below(t, r.inbox)) == 0 })
	accept := r.refuseAll()
	r.drop("S", map[string][]byte{"d.json": side("A2").json(), "a.jpg": jpg(2), "b.jpg": jpg(3), "Thumbs.db": []byte("t")})
	r.hasFailed("lane-1", "S")
	accept()
	must(t, os.Rename(filepath.Join(r.out, "failed", "S", "a.jpg"), filepath.Join(r.inbox, "S", "a.jpg")))
	r.until("it is known to wait", func() bool {
		sets, _, err := r.p.Sets(t.Context(), upload.Query{State: upload.StateWaiting})
		return err == nil && len(sets) == 1
	})
	<-time.After(10 * r.in.Settle) // longer than a late image rests
	r.retryAll()
	r.until("it is sent", func() bool { return len(r.sim.Photos("A2")) == 2 })
	r.once("A1", jpg(1))
	r.once("A2", jpg(2), jpg(3))
	if got := r.stays(); len(got) != 0 {
		t.Errorf("stays failed: %v", got)
	}
}

// TestRetryOfASetWhoseNameIsTaken: it comes back under another name, and nothing of what failed stays behind.
func TestRetryOfASetWhoseNameIsTaken(t *testing.T) {
	for name, c := range map[string]struct {
		marker string
		take   func(r *rig)
		shows  string // of the set that has the name
	}{
		"by a set that waits": {"", func(r *rig) {
			r.drop("S", map[string][]byte{"d.json": side("OTHER", "late.jpg").json()})
			r.waitsFor("S", "late.jpg")
		}, upload.StateWaiting},
		"marked": {"{name}.done", func(r *rig) {
			r.drop("S", map[string][]byte{"d.json": side("OTHER").json(), "x.jpg": jpg(3)})
			r.waitsFor("S", "S.done")
		}, upload.StateWaiting},
		"by what cannot go along": {"", func(r *rig) {
			r.put("S/Thumbs.db", []byte("one"))
			must(r.t, os.WriteFile(filepath.Join(r.out, "failed", "S", "Thumbs.db"), []byte("another"), 0o644))
			r.unproved = true // Thumbs.db comes back with it, and stays
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, simulator.Options{})
			r.in.DoneMarker = c.marker
			accept := r.refuseAll()
			r.start()
			r.drop("S", map[string][]byte{"d.json": side("S").json(), "a.jpg": jpg(1), "S.done": nil})
			r.hasFailed("lane-1", "S")
			accept()
			r.until("the inbox is empty", func() bool { return len(below(t, r.inbox)) == 0 })
			c.take(r)
			ids, err := r.p.Retry(t.Context(), []string{"lane-1/S"})
			if err != nil || len(ids) != 1 {
				t.Fatalf("tried again: %v, error %v", ids, err)
			}
			r.await("S~2", upload.StateSent)
			r.once("S", jpg(1))
			if got := r.stays(); len(got) != 0 {
				t.Errorf("stays failed: %v", got)
			}
			r.until("its status shows what has the name", func() bool { return r.status("S").State == c.shows })
		})
	}
}

// TestRetryOfASetNamedLikeAnUnfinishedFile: a folder of its name would be left alone.
func TestRetryOfASetNamedLikeAnUnfinishedFile(t *testing.T) {
	for _, set := range []string{"scan.tmp", "scan.old"} {
		t.Run(set, func(t *testing.T) {
			r := newRig(t, simulator.Options{})
			r.in.Ignore = []string{"*.old"}
			accept := r.refuseAll()
			r.start()
			r.put(set+"_1.jpg", jpg(1))
			r.put(set+".json", side("A").json())
			r.hasFailed("lane-1", set)
			accept()
			r.retryAll()
			r.await(set+"_", upload.StateSent)
			r.once("A", jpg(1))
			if got := r.stays(); len(got) != 0 {
				t.Errorf("stays failed: %v", got)
			}
			r.until("its old status is gone", func() bool { return r.status(set).State == "" })
		})
	}
}

// TestRetryWithoutANameForIt says so, and moves nothing.
func TestRetryWithoutANameForIt(t *testing.T) {
	for lang, says := range map[reason.Language]string{reason.English: "leaves alone", reason.Indonesian: "mengabaikan"} {
		r := newRig(t, simulator.Options{})
		r.tune = func(o *upload.Options) { o.Language = lang }
		r.in.Ignore = []string{"*.old", "*.old_"}
		r.refuseAll()
		r.start()
		r.put("scan.old.json", side("A", "front.jpg").json())
		r.put("front.jpg", jpg(1))
		r.hasFailed("lane-1", "scan.old")
		before := r.stays()
		ids, err := r.p.Retry(t.Context(), nil)
		if len(ids) != 0 || err == nil || !strings.Contains(err.Error(), filepath.Join("failed", "scan.old")) || !strings.Contains(err.Error(), says) {
			t.Errorf("tried again: %v, error %v", ids, err)
		}
		if got := r.stays(); !slices.Equal(got, before) || len(below(t, r.inbox)) != 0 {
			t.Errorf("it has moved: %v, %v", got, below(t, r.inbox))
		}
	}
}

// TestFilesMovedBackOneByOne: what failed is tried again also when its files come back without their folder, and with another
// nomorAju; neither the folder nor the reason stays behind.
func TestFilesMovedBackOneByOne(t *testing.T) {
	for _, nomorAju := range []string{"A", "OTHER"} {
		t.Run(nomorAju, func(t *testing.T) {
			r := newRig(t, simulator.Options{})
			accept := r.refuseAll()
			r.start()
			r.put("S_1.jpg", jpg(1))
			r.put("S.json", side("A").json())
			r.hasFailed("lane-1", "S")
			accept()
			r.move("failed/S/S_1.jpg", "S_1.jpg")
			must(t, os.Remove(filepath.Join(r.out, "failed", "S", "S.json")))
			r.put("S.json", side(nomorAju).json())
			r.await("S", upload.StateSent)
			r.once(nomorAju, jpg(1))
			if got := r.stays(); len(got) != 0 {
				t.Errorf("stays failed: %v", got)
			}
			if _, err := os.Lstat(filepath.Join(r.out, "failed", "S")); !os.IsNotExist(err) {
				t.Errorf("the folder stays: %v", err)
			}
		})
	}
}
