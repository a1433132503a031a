package upload_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"kurir/agent/journal"
	"kurir/agent/simulator"
	"kurir/agent/upload"
)

// lateUpdate is a store whose first update comes when the job that it is for has failed, and which lets no job be claimed
// before that update is under way.
type lateUpdate struct {
	journal.Store

	once  sync.Once
	began chan struct{}
	ended chan error
}

func (l *lateUpdate) Claim(ctx context.Context, k journal.Kind, now time.Time) (journal.Claim, error) {
	select {
	case <-l.began:
		return l.Store.Claim(ctx, k, now)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *lateUpdate) Update(ctx context.Context, k journal.Kind, key string, fn func(*journal.Job) error) error {
	first := false
	l.once.Do(func() { first = true })
	if !first {
		return l.Store.Update(ctx, k, key, fn)
	}
	close(l.began)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		if j, err := l.Get(ctx, k, key); err == nil && j.State == journal.Failed {
			break
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	err := l.Store.Update(ctx, k, key, fn)
	l.ended <- err
	return err
}

// TestRefusedSetThatMovesWhileItIsLookedAt: the agent ended between the refusal and the move. The next one finds the files in
// the inbox, and moves them while it still judges them: they have not come back.
func TestRefusedSetThatMovesWhileItIsLookedAt(t *testing.T) {
	r := newRig(t, simulator.Options{})
	must(t, r.sim.SetFaults(always(simulator.DoStatus, 400)))
	must(t, os.MkdirAll(r.out, 0o755))
	blocked := filepath.Join(r.out, "failed") // a file where a folder is needed
	must(t, os.WriteFile(blocked, nil, 0o644))
	r.start()
	r.drop("G", map[string][]byte{"d.json": side("G", "a.jpg").json(), "a.jpg": jpg(1)})
	r.until("it is refused, and cannot move", func() bool {
		jobs, err := r.store.List(t.Context(), journal.Filter{Kind: journal.Xray})
		return err == nil && len(jobs) == 1 && jobs[0].Cause != nil && jobs[0].Cause.Code == "disk"
	})
	r.unproved = true // with a file there
	r.stop()
	r.unproved = false
	must(t, os.Remove(blocked))
	late := &lateUpdate{began: make(chan struct{}), ended: make(chan error, 1)}
	r.wrap = func(s journal.Store) journal.Store { late.Store = s; return late }
	r.start()
	r.await("G", upload.StateFailed)
	if err := <-late.ended; err == nil {
		t.Error("what had moved was taken up again")
	}
	if n := r.active(); n != 0 {
		t.Errorf("%d jobs are left", n)
	}
	if got := below(t, blocked); !slices.Equal(got, []string{"G.error.json", "G/a.jpg", "G/d.json"}) {
		t.Errorf("failed holds %v", got)
	}
}

// heldUpdate is a store whose first update waits until a job is asked for by its id.
type heldUpdate struct {
	journal.Store

	once  sync.Once
	asked chan struct{}
}

func (h *heldUpdate) List(ctx context.Context, f journal.Filter) ([]journal.Job, error) {
	found, err := h.Store.List(ctx, f)
	if f.ID != "" && len(found) > 0 {
		h.once.Do(func() { close(h.asked) })
	}
	return found, err
}

func (h *heldUpdate) Update(ctx context.Context, k journal.Kind, key string, fn func(*journal.Job) error) error {
	select {
	case <-h.asked:
	case <-ctx.Done():
	}
	return h.Store.Update(ctx, k, key, fn)
}

// TestRetryOfASetThatMovesJustNow: its folder is in failed/, but that is not recorded yet.
func TestRetryOfASetThatMovesJustNow(t *testing.T) {
	r := newRig(t, simulator.Options{})
	held := &heldUpdate{asked: make(chan struct{})}
	r.wrap = func(s journal.Store) journal.Store { held.Store = s; return held }
	r.start()
	r.drop("B", map[string][]byte{"d.json": []byte("{}"), "a.jpg": jpg(1)})
	r.until("it is in failed/", func() bool { return slices.Contains(below(t, filepath.Join(r.out, "failed")), "B/d.json") })
	if ids, err := r.p.Retry(t.Context(), []string{"lane-1/B"}); err != nil || len(ids) != 1 {
		t.Errorf("tried again: %v, %v", ids, err)
	}
}
