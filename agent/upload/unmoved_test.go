package upload_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"

	"kurir/agent/journal"
	"kurir/agent/simulator"
	"kurir/agent/upload"
)

// watched is a journal that counts how often it is asked for a set, as the inbox's side does before it takes one in.
type watched struct {
	journal.Store
	looks atomic.Int64
}

// Get implements journal.Store.
func (w *watched) Get(ctx context.Context, k journal.Kind, key string) (journal.Job, error) {
	if k == journal.Xray {
		w.looks.Add(1)
	}
	return w.Store.Get(ctx, k, key)
}

// TestMendedBeforeTheRefusedSetHasMoved: the files of a refused set cannot move to failed/ when it is mended in its inbox. What is
// left of it as it was moves first: it is not sent and taken away at the same time.
func TestMendedBeforeTheRefusedSetHasMoved(t *testing.T) {
	whole := map[string][]byte{"d.json": side("A1").json(), "1.jpg": jpg(1)}
	for name, broken := range map[string]map[string][]byte{
		"another number":  {"d.json": []byte(`{}`), "1.jpg": jpg(1)},
		"the same number": {"d.json": side("A1").json(), "1.jpg": []byte("no image")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, simulator.Options{})
			js := &watched{}
			r.wrap = func(s journal.Store) journal.Store { js.Store = s; return js }
			must(t, os.MkdirAll(r.out, 0o755))
			blocked := filepath.Join(r.out, "failed") // a file where a folder is needed
			must(t, os.WriteFile(blocked, nil, 0o644))
			r.start()
			r.drop("X", broken)
			r.until("it is refused", func() bool {
				jobs, err := r.store.List(t.Context(), journal.Filter{Kind: journal.Xray, State: journal.Failed})
				return err == nil && len(jobs) == 1
			})
			stays, goes := "1.jpg", "d.json"
			if string(broken["d.json"]) == "{}" {
				stays, goes = goes, stays
			}
			r.replace("X/"+stays, whole[stays])
			seen := js.looks.Load()
			r.until("it is looked at again", func() bool { return js.looks.Load() > seen+4 })
			must(t, os.Remove(blocked))
			r.until("what is left of it has moved", func() bool {
				return slices.Equal(below(t, blocked), []string{"X.error.json", "X/" + goes})
			})
			if n := len(r.sim.Requests()); n != 0 {
				t.Errorf("%d requests before", n)
			}
			must(t, os.Rename(filepath.Join(blocked, "X", goes), filepath.Join(r.inbox, "X", goes)))
			must(t, os.Remove(filepath.Join(blocked, "X")))
			r.await("X", upload.StateSent)
			r.once("A1", jpg(1))
			r.until("no job is left", func() bool { return r.active() == 0 })
			if got := below(t, blocked); len(got) != 0 {
				t.Errorf("failed/ holds %v", got)
			}
		})
	}
}
