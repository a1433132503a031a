package watcher

import (
	"sync/atomic"
	"time"
)

// stuckAfter is how long a single call to the file system may take before the root counts as offline.
const stuckAfter = 30 * time.Second

// job is work that may block on the disk. It touches nothing of the Watcher's state; the function that it returns
// is run by the loop and takes what was found into the state; if it is not live any more, because the root went
// offline meanwhile, it only closes what the job opened.
type job func(p *progress) (apply func(live bool))

// progress is how a job shows that it is not stuck.
type progress struct{ steps atomic.Int64 }

func (p *progress) step() { p.steps.Add(1) }

// eye runs jobs, one at a time, on a goroutine of its own, so that a hanging share blocks that goroutine only.
type eye struct {
	progress progress
	jobs     chan job
	results  chan func(live bool) // one slot: handing over a result never blocks, even if nobody waits any more
	ended    chan struct{}
	busy     bool // a job was begun and its result not taken yet; of the loop
	stale    bool // what that job finds is not wanted any more; of the loop
	steps    int64
	moved    time.Time // when steps was last seen to grow; of the loop
}

func openEye() *eye {
	e := &eye{jobs: make(chan job), results: make(chan func(bool), 1), ended: make(chan struct{})}
	go func() {
		defer close(e.ended)
		for j := range e.jobs {
			e.results <- j(&e.progress)
		}
	}()
	return e
}

// begin starts a job. The eye must not be busy.
func (e *eye) begin(j job, now time.Time) {
	e.busy, e.stale, e.moved = true, false, now
	e.jobs <- j
}

// stuck says that the job in hand has made no progress for long.
func (e *eye) stuck(now time.Time) bool {
	if !e.busy || len(e.results) > 0 {
		return false
	}
	if steps := e.progress.steps.Load(); steps != e.steps {
		e.steps, e.moved = steps, now
	}
	return now.Sub(e.moved) >= stuckAfter
}
