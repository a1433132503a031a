package bolt

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"kurir/agent/journal"
)

// commits is the number of the last commit.
func commits(t *testing.T, s *Store) int {
	t.Helper()
	var id int
	if err := s.view(func(tx *bbolt.Tx) error { id = tx.ID(); return nil }); err != nil {
		t.Fatal(err)
	}
	return id
}

// TestGroupCommit counts commits: many goroutines share them, refusals and claims need none.
func TestGroupCommit(t *testing.T) {
	const workers, each = 64, 20
	s := open1(t, filepath.Join(t.TempDir(), "journal.db"))
	before := commits(t, s)
	_, err := spread(workers*each, workers, func(i int) error {
		ctx := context.Background()
		j := journal.Job{Kind: journal.Xray, Key: fmt.Sprint(i)}
		if err := s.Put(ctx, j); err != nil {
			return err
		}
		c, err := s.Claim(ctx, journal.Xray, time.Now())
		if err != nil {
			return err
		}
		return errors.Join(c.Step(journal.Step{Name: "s"}), c.Settle(journal.Outcome{State: journal.Done}))
	})
	if err != nil {
		t.Fatal(err)
	}
	after := commits(t, s)
	t.Logf("%d changes in %d commits", 3*workers*each, after-before)
	if got := after - before; got > 3*workers*each/4 {
		t.Errorf("%d commits for %d changes", got, 3*workers*each)
	}
	if err := s.Put(context.Background(), journal.Job{Kind: journal.Xray, Key: "1"}); !errors.Is(err, journal.ErrExists) {
		t.Errorf("put: %v", err)
	}
	if got := commits(t, s); got != after {
		t.Errorf("a refusal took %d commits", got-after)
	}
}

// TestBadOpAlone puts an op that fails, and one that panics, in the middle of a batch: the others are committed, and
// nothing of the bad ones is.
func TestBadOpAlone(t *testing.T) {
	s := open1(t, filepath.Join(t.TempDir(), "journal.db"))
	put := func(key string) *op {
		return &op{done: make(chan error, 1), apply: func(b *batch) error {
			return b.put(nil, &record{job: journal.Job{Kind: journal.Xray, Key: key, State: journal.Active, Label: key}}, false)
		}}
	}
	errBad := errors.New("bad")
	after := func(o *op, fn func() error) *op {
		apply := o.apply
		o.apply = func(b *batch) error { return errors.Join(apply(b), fn()) }
		return o
	}
	ops := []*op{
		put("a"), after(put("fails"), func() error { return errBad }), put("b"),
		after(put("panics"), func() error { panic("oh") }), put("c"),
	}
	s.commit(slices.Clone(ops)) // the committer is idle: nothing else has been submitted
	for i, want := range []error{nil, errBad, nil, journal.ErrDamaged, nil} {
		if err := <-ops[i].done; !errors.Is(err, want) || (want == nil && err != nil) {
			t.Errorf("op %d: %v, want %v", i, err, want)
		}
	}
	want := map[CountKey]int{{journal.Xray, "", "a"}: 1, {journal.Xray, "", "b"}: 1, {journal.Xray, "", "c"}: 1}
	if got := s.Counts(); !maps.Equal(got, want) {
		t.Errorf("counts %v, want %v", got, want)
	}
	if !s.doubt.Load() {
		t.Error("a panic has left no doubt")
	}
	checkFile(t, s)
}

// TestRevive loses the memory map, as a full disk does on Windows: the next call opens the file again.
func TestRevive(t *testing.T) {
	s := open1(t, filepath.Join(t.TempDir(), "journal.db"))
	ctx := context.Background()
	if err := s.Put(ctx, journal.Job{Kind: journal.Xray, Key: "a"}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.db.Close(); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				if _, err := s.Get(ctx, journal.Xray, "a"); err != nil {
					t.Errorf("get: %v", err)
				}
				if err := s.Put(ctx, journal.Job{Kind: journal.Aju, Key: fmt.Sprint(time.Now().UnixNano(), i)}); err != nil {
					t.Errorf("put: %v", err)
				}
			})
		}
		wg.Wait()
	}
	if got := s.Counts()[CountKey{journal.Aju, "", ""}]; got != 16 {
		t.Errorf("%d jobs", got)
	}
	checkFile(t, s)
}

// block holds bbolt's write lock, as a commit does that waits for a slow disk, until the returned function is called.
func block(t *testing.T, s *Store) (release func()) {
	t.Helper()
	tx, err := s.db.Begin(true)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
	}
}

// eventually waits until cond holds.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s: not within a minute", what)
		}
	}
}

// TestCancelWhileWaiting cancels a change that waits behind a slow commit: it is not made. One that is under way is.
func TestCancelWhileWaiting(t *testing.T) {
	s := open1(t, filepath.Join(t.TempDir(), "journal.db"))
	release := block(t, s)
	ctx, cancel := context.WithCancel(context.Background())
	first, second := make(chan error, 1), make(chan error, 1)
	taken := make(chan struct{})
	go func() {
		o := &op{done: make(chan error, 1), apply: func(b *batch) error {
			return b.put(nil, &record{job: journal.Job{Kind: journal.Xray, Key: "first", State: journal.Active}}, false)
		}}
		s.ops <- o
		close(taken)
		first <- <-o.done
	}()
	<-taken
	eventually(t, "the committer to be busy", func() bool { // its batch is complete once it no longer takes
		select {
		case s.ops <- &op{done: make(chan error, 1), apply: func(*batch) error { return refuse("none") }}:
			return false
		default:
			return true
		}
	})
	go func() { second <- s.Put(ctx, journal.Job{Kind: journal.Xray, Key: "second"}) }()
	cancel()
	if err := <-second; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled put: %v", err)
	}
	release()
	if err := <-first; err != nil {
		t.Errorf("put under way: %v", err)
	}
	if _, err := s.Get(context.Background(), journal.Xray, "second"); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("the cancelled job: %v", err)
	}
}

// TestCloseWaits closes the journal while a change is under way: it is made first.
func TestCloseWaits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	s := open1(t, path)
	release := block(t, s)
	put, closed := make(chan error, 1), make(chan error, 1)
	begun := make(chan struct{})
	go func() {
		if err := s.begin(context.Background()); err != nil {
			t.Error(err)
		}
		close(begun)
		defer s.end()
		put <- s.Put(context.Background(), journal.Job{Kind: journal.Xray, Key: "k"})
	}()
	<-begun
	go func() { closed <- s.Close() }()
	eventually(t, "close to begin", func() bool { s.callMu.Lock(); defer s.callMu.Unlock(); return s.closed })
	select {
	case err := <-closed:
		t.Fatalf("closed during a call: %v", err)
	default:
	}
	release()
	putErr := <-put
	if err := <-closed; err != nil {
		t.Errorf("close: %v", err)
	}
	_, err := open1(t, path).Get(context.Background(), journal.Xray, "k")
	if putErr == nil && err != nil {
		t.Errorf("the job that was put: %v", err)
	}
	if putErr != nil && !errors.Is(putErr, journal.ErrClosed) {
		t.Errorf("put: %v", putErr)
	}
}

// TestCounts compares the counts with what is there, through every kind of change and a reopen.
func TestCounts(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "journal.db")
	s := open1(t, path)
	if got := s.Counts(); len(got) != 0 {
		t.Errorf("counts of an empty journal: %v", got)
	}
	want := map[CountKey]int{}
	for i := range 30 {
		j := journal.Job{Kind: journal.Xray, Key: fmt.Sprint(i), Inbox: "one", Label: "ready"}
		if i%3 == 0 {
			j.Kind, j.Inbox = journal.Aju, "t\x00wo"
		}
		if err := s.Put(ctx, j); err != nil {
			t.Fatal(err)
		}
		want[CountKey{j.Kind, j.Inbox, j.Label}]++
	}
	move := func(from, to CountKey) {
		if want[from]--; want[from] == 0 {
			delete(want, from)
		}
		if to != (CountKey{}) {
			want[to]++
		}
	}
	ready := CountKey{journal.Xray, "one", "ready"}
	c, err := s.Claim(ctx, journal.Xray, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Step(journal.Step{Name: "s", Label: "sending"}); err != nil {
		t.Fatal(err)
	}
	if err := c.Step(journal.Step{Name: "s"}); err != nil {
		t.Fatal(err)
	}
	sending := CountKey{journal.Xray, "one", "sending"}
	move(ready, sending)
	if got := s.Counts(); !maps.Equal(got, want) {
		t.Errorf("after a step: %v, want %v", got, want)
	}
	if err := c.Settle(journal.Outcome{State: journal.Done, Label: "sent"}); err != nil {
		t.Fatal(err)
	}
	move(sending, CountKey{journal.Xray, "one", "sent"})
	for i := range 30 {
		err := s.Update(ctx, journal.Aju, fmt.Sprint(i), func(j *journal.Job) error {
			if i%2 == 0 {
				return journal.Remove
			}
			j.Inbox = "three"
			return nil
		})
		if err == nil && i%2 == 0 {
			move(CountKey{journal.Aju, "t\x00wo", "ready"}, CountKey{})
		} else if err == nil {
			move(CountKey{journal.Aju, "t\x00wo", "ready"}, CountKey{journal.Aju, "three", "ready"})
		}
	}
	if got := s.Counts(); !maps.Equal(got, want) {
		t.Errorf("after updates: %v, want %v", got, want)
	}
	s.recount()
	if got := s.Counts(); !maps.Equal(got, want) {
		t.Errorf("counted again: %v, want %v", got, want)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got := open1(t, path).Counts(); !maps.Equal(got, want) {
		t.Errorf("after a reopen: %v, want %v", got, want)
	}
}

// TestGroupStandsInDueOnce keeps Claim quick: a held group is one entry to step over, however many jobs it has.
func TestGroupStandsInDueOnce(t *testing.T) {
	s := open1(t, filepath.Join(t.TempDir(), "journal.db"))
	_, err := spread(500, 50, func(i int) error {
		return s.Put(context.Background(), journal.Job{
			Kind: journal.Xray, Key: fmt.Sprint(i), Group: "g", Due: time.Unix(int64(i*7919%500), 0),
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	entries := func() (n int, first time.Time) {
		err := s.view(func(tx *bbolt.Tx) error {
			kb, err := openKind(tx, journal.Xray)
			if err != nil {
				return err
			}
			n = kb.due.Stats().KeyN
			k, _ := kb.due.Cursor().First()
			first, _, _, err = parseDueKey(k)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return n, first
	}
	for i := range 3 {
		if n, first := entries(); n != 1 || !first.Equal(time.Unix(int64(i), 0)) {
			t.Errorf("%d entries, the first at %v", n, first)
		}
		c, err := s.Claim(context.Background(), journal.Xray, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Settle(journal.Outcome{State: journal.Done}); err != nil {
			t.Fatal(err)
		}
	}
}
