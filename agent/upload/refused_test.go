package upload_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kurir/agent/journal"
	"kurir/agent/simulator"
	"kurir/agent/upload"
)

// lateUpdate is a store whose first update comes when the job that it is for has failed, and which lets no job be claimed
// before that update is under way. Whoever asks before is told what was known before the refusal: the update was begun then.
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

func (l *lateUpdate) Get(ctx context.Context, k journal.Kind, key string) (journal.Job, error) {
	j, err := l.Store.Get(ctx, k, key)
	select {
	case <-l.began:
		return j, err
	default:
	}
	if k == journal.Xray && err == nil {
		var r map[string]any
		if err := json.Unmarshal(j.Data, &r); err != nil {
			return j, err
		}
		delete(r, "failure")
		delete(r, "files") // others than now
		j.Data, err = json.Marshal(r)
	}
	return j, err
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

// unhurried is a journal that gives out no job until the inbox's side has looked twice at what it knows of the sets, or has changed
// something.
type unhurried struct {
	journal.Store
	looks atomic.Int64
}

// Get implements journal.Store.
func (u *unhurried) Get(ctx context.Context, k journal.Kind, key string) (journal.Job, error) {
	if k == journal.Xray {
		u.looks.Add(1)
	}
	return u.Store.Get(ctx, k, key)
}

// Update implements journal.Store.
func (u *unhurried) Update(ctx context.Context, k journal.Kind, key string, fn func(*journal.Job) error) error {
	u.looks.Add(2)
	return u.Store.Update(ctx, k, key, fn)
}

// Claim implements journal.Store.
func (u *unhurried) Claim(ctx context.Context, k journal.Kind, now time.Time) (journal.Claim, error) {
	if u.looks.Load() < 2 {
		return nil, &journal.NoneError{Next: now.Add(10 * time.Millisecond)}
	}
	return u.Store.Claim(ctx, k, now)
}

// TestRefusedWhenKilled: the agent is killed when it has put on record that the server refused a set, before a file of it has
// moved. After the next start the set is in the inbox as if it were new, and whoever looks there first does not send it again.
func TestRefusedWhenKilled(t *testing.T) {
	r := newRig(t, simulator.Options{})
	must(t, r.sim.SetFaults(always(simulator.DoStatus, 400)))
	r.drop("F", map[string][]byte{"d.json": side("A1", "1.jpg").json(), "1.jpg": jpg(1)})
	var left atomic.Int64
	left.Store(5) // the change that puts it on record
	d := &dying{left: &left, after: true, dead: make(chan struct{})}
	r.wrap = func(s journal.Store) journal.Store { d.Store = s; return d }
	r.start()
	<-d.dead
	r.stop()
	if got := below(t, filepath.Join(r.out, "failed")); len(got) > 0 {
		t.Fatalf("it has moved before: %v", got)
	}
	r.wrap = func(s journal.Store) journal.Store { return &unhurried{Store: s} }
	r.start()
	r.await("F", upload.StateFailed)
	r.until("the inbox is empty", func() bool { return len(below(t, r.inbox)) == 0 })
	r.stop()
	want := []string{"F.error.json", "F/1.jpg", "F/d.json"}
	if got := below(t, filepath.Join(r.out, "failed")); !slices.Equal(got, want) {
		t.Errorf("failed/ holds %v, want %v", got, want)
	}
	if n := r.sim.Counts().Requests[simulator.Kirim]; n != 1 {
		t.Errorf("it was sent %d times", n)
	}
}
