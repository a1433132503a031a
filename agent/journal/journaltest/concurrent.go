package journaltest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"kurir/agent/journal"
)

// parallel runs fn on n goroutines and waits for them.
func (e *env) parallel(n int, fn func(worker int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { fn(i) })
	}
	wg.Wait()
}

// testConcurrentClaims lets many workers take many jobs, three times each: each job is with one worker at a time.
func testConcurrentClaims(e *env) {
	const jobs, workers, rounds = 60, 16, 3
	var holders [jobs]atomic.Int32
	var ended atomic.Int32
	e.parallel(workers, func(worker int) {
		for i := worker; i < jobs; i += workers {
			if err := e.store.Put(context.Background(), job(fmt.Sprint(i), t0)); err != nil {
				e.Errorf("put: %v", err)
			}
		}
		for ended.Load() < jobs && !e.Failed() {
			c, err := e.store.Claim(context.Background(), kind, t0)
			if errors.Is(err, journal.ErrNone) {
				// The others hold what is left, or it is not there yet: one more commit passes the time.
				_ = e.store.Put(context.Background(), journal.Job{Kind: other, Key: fmt.Sprint("idle-", worker)})
				continue
			}
			if err != nil {
				e.Errorf("claim: %v", err)
				return
			}
			e.work(c, &holders, &ended, rounds)
		}
	})
	for i := range jobs {
		if got := e.get(kind, fmt.Sprint(i)); len(got.Steps) != rounds || got.State != journal.Done {
			e.Errorf("job %d is %s after %d steps", i, got.State, len(got.Steps))
		}
	}
}

// work does one round of a claimed job.
func (e *env) work(c journal.Claim, holders *[60]atomic.Int32, ended *atomic.Int32, rounds int) {
	j := c.Job()
	var i int
	if _, err := fmt.Sscan(j.Key, &i); err != nil {
		e.Errorf("key %q: %v", j.Key, err)
		return
	}
	if holders[i].Add(1) != 1 {
		e.Errorf("job %d is held twice", i)
	}
	if err := c.Step(journal.Step{Name: fmt.Sprint(len(j.Steps)), At: t0}); err != nil {
		e.Errorf("step: %v", err)
	}
	o := journal.Outcome{State: journal.Active, Due: t0}
	if len(j.Steps)+1 == rounds {
		o.State = journal.Done
		ended.Add(1)
	}
	holders[i].Add(-1)
	if err := c.Settle(o); err != nil {
		e.Errorf("settle: %v", err)
	}
}

func testConcurrentGroups(e *env) {
	const groups, each, workers = 4, 10, 12
	var holders [groups]atomic.Int32
	var left atomic.Int32
	left.Store(groups * each)
	e.parallel(groups, func(g int) {
		for i := range each {
			j := job(fmt.Sprintf("%d-%d", g, i), t0)
			j.Group = fmt.Sprint(g)
			if err := e.store.Put(context.Background(), j); err != nil {
				e.Errorf("put: %v", err)
			}
		}
	})
	e.parallel(workers, func(worker int) {
		for left.Load() > 0 && !e.Failed() {
			c, err := e.store.Claim(context.Background(), kind, t0)
			if errors.Is(err, journal.ErrNone) {
				_ = e.store.Put(context.Background(), journal.Job{Kind: other, Key: fmt.Sprint("idle-", worker)})
				continue
			}
			if err != nil {
				e.Errorf("claim: %v", err)
				return
			}
			var g int
			if _, err := fmt.Sscan(c.Job().Group, &g); err != nil {
				e.Errorf("group: %v", err)
			}
			if holders[g].Add(1) != 1 {
				e.Errorf("group %d is held twice", g)
			}
			if err := c.Step(journal.Step{Name: "s"}); err != nil {
				e.Errorf("step: %v", err)
			}
			left.Add(-1)
			holders[g].Add(-1)
			if err := c.Settle(journal.Outcome{State: journal.Done}); err != nil {
				e.Errorf("settle: %v", err)
			}
		}
	})
}

// testConcurrentUpdates counts in a job's data: no update may be lost, and a job that is held meanwhile is not updated.
func testConcurrentUpdates(e *env) {
	const workers, each, claims = 8, 10, 20
	j := job("k", t0)
	j.Data = []byte("0")
	e.put(j)
	var done atomic.Int32
	var claimer sync.WaitGroup
	claimer.Go(func() {
		for range claims {
			c, err := e.store.Claim(context.Background(), kind, t0)
			if err != nil {
				e.Errorf("claim: %v", err)
				return
			}
			before := string(c.Job().Data)
			if err := c.Step(journal.Step{Name: "held"}); err != nil {
				e.Errorf("step: %v", err)
			}
			if got := e.get(kind, "k"); string(got.Data) != before {
				e.Errorf("data of a held job changed from %s to %s", before, got.Data)
			}
			if err := c.Settle(journal.Outcome{State: journal.Active, Due: t0}); err != nil {
				e.Errorf("settle: %v", err)
			}
		}
	})
	e.parallel(workers, func(int) {
		for i := 0; i < each && !e.Failed(); {
			err := e.store.Update(context.Background(), kind, "k", func(j *journal.Job) error {
				var n int
				if _, err := fmt.Sscan(string(j.Data), &n); err != nil {
					return err
				}
				j.Data = fmt.Append(nil, n+1)
				return nil
			})
			if errors.Is(err, journal.ErrHeld) {
				continue
			}
			if err != nil {
				e.Errorf("update: %v", err)
				return
			}
			done.Add(1)
			i++
		}
	})
	claimer.Wait()
	if got := string(e.get(kind, "k").Data); got != fmt.Sprint(done.Load()) {
		e.Errorf("data is %s after %d updates", got, done.Load())
	}
}

// testConcurrentPut lets many goroutines record the same jobs: each is recorded once.
func testConcurrentPut(e *env) {
	const keys, workers = 20, 8
	var won [keys]atomic.Int32
	e.parallel(workers, func(worker int) {
		for i := range keys {
			j := job(fmt.Sprint(i), t0)
			j.Label = fmt.Sprint(worker)
			err := e.store.Put(context.Background(), j)
			if err == nil {
				won[i].Store(int32(worker) + 1)
			} else if !errors.Is(err, journal.ErrExists) {
				e.Errorf("put: %v", err)
			}
		}
	})
	for i := range keys {
		if got := e.get(kind, fmt.Sprint(i)).Label; got != fmt.Sprint(won[i].Load()-1) {
			e.Errorf("job %d is from worker %s, but %d was told so", i, got, won[i].Load()-1)
		}
	}
}

// testConcurrentClose closes the store in the middle of work: what was answered with nil is there, the rest is refused.
func testConcurrentClose(e *env) {
	const workers = 8
	var puts [workers]atomic.Int32
	var closer sync.WaitGroup
	begun := make(chan struct{})
	var once sync.Once
	closer.Go(func() {
		<-begun
		e.store = e.reopen(e.T, e.store)
	})
	store := e.store
	e.parallel(workers, func(worker int) {
		for i := 0; ; i++ {
			err := store.Put(context.Background(), journal.Job{Kind: kind, Key: fmt.Sprintf("%d-%d", worker, i)})
			if errors.Is(err, journal.ErrClosed) {
				return
			}
			if err != nil {
				e.Errorf("put: %v", err)
				return
			}
			if puts[worker].Add(1) == 3 {
				once.Do(func() { close(begun) })
			}
		}
	})
	closer.Wait()
	total := 0
	for i := range workers {
		total += int(puts[i].Load())
	}
	if got := len(e.keys(journal.Filter{Kind: kind})); got != total {
		e.Errorf("%d jobs, want %d", got, total)
	}
}

func testCancelledContext(e *env) {
	e.put(job("k", t0))
	ctx, cancel := context.WithTimeout(context.Background(), -time.Second)
	defer cancel()
	_, claimErr := e.store.Claim(ctx, kind, t0)
	_, getErr := e.store.Get(ctx, kind, "k")
	_, listErr := e.store.List(ctx, journal.Filter{Kind: kind})
	for name, err := range map[string]error{
		"put":    e.store.Put(ctx, job("new", t0)),
		"update": e.store.Update(ctx, kind, "k", func(*journal.Job) error { return journal.Remove }),
		"claim":  claimErr, "get": getErr, "list": listErr,
	} {
		e.wantErr(name, err, context.DeadlineExceeded)
	}
	if got := e.keys(journal.Filter{Kind: kind}); len(got) != 1 {
		e.Errorf("jobs: %q", got)
	}
	e.claim("k", t0)
}
