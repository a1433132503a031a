package journaltest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"kurir/agent/journal"
)

var _ journal.Store = (*Faulty)(nil)

// methods are the names that Faulty knows: those of journal.Store and journal.Claim.
var methods = []string{"Put", "Update", "Claim", "Get", "List", "Recent", "Close", "Step", "Settle"}

// Faulty is a store of which chosen calls fail. It is safe for concurrent use.
type Faulty struct {
	store journal.Store

	mu     sync.Mutex
	faults []*fault
	calls  map[string]int
}

// fault is one call that will fail.
type fault struct {
	method string
	left   int // calls of method before it fails, this one included
	after  bool
	err    error
}

// NewFaulty wraps s. Until FailNth is called, it behaves as s.
func NewFaulty(s journal.Store) *Faulty {
	return &Faulty{store: s, calls: map[string]int{}}
}

// FailNth makes the nth call of method from now on return err; 1 is the next. The method is one of Put, Update, Claim,
// Get, List, Recent, Close, and Step and Settle of any claim that was made through f. With after, the call takes effect and its
// result is lost: a job that was claimed so stays held. Otherwise it has no effect. Several calls may be told to fail;
// each does so once.
func (f *Faulty) FailNth(method string, n int, after bool, err error) {
	if !slices.Contains(methods, method) || n < 1 || err == nil {
		panic(fmt.Sprintf("journaltest: cannot fail call %d of %q with %v", n, method, err))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = append(f.faults, &fault{method: method, left: n, after: after, err: err})
}

// Calls returns how often method has been called, failed calls included.
func (f *Faulty) Calls(method string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[method]
}

// call counts a call of method and makes it, unless it is one that fails before.
func (f *Faulty) call(method string, do func() error) error {
	due := f.next(method)
	if due != nil && !due.after {
		return due.err
	}
	err := do()
	if due != nil {
		return due.err
	}
	return err
}

// next counts a call of method and returns the fault that it meets, if any.
func (f *Faulty) next(method string) (due *fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls[method]++
	f.faults = slices.DeleteFunc(f.faults, func(x *fault) bool {
		if x.method != method {
			return false
		}
		x.left--
		if x.left > 0 {
			return false
		}
		due = x
		return true
	})
	return due
}

// Put implements journal.Store.
func (f *Faulty) Put(ctx context.Context, j journal.Job) error {
	return f.call("Put", func() error { return f.store.Put(ctx, j) })
}

// Update implements journal.Store.
func (f *Faulty) Update(ctx context.Context, k journal.Kind, key string, fn func(*journal.Job) error) error {
	return f.call("Update", func() error { return f.store.Update(ctx, k, key, fn) })
}

// Claim implements journal.Store. Step and Settle of the claim may be told to fail too.
func (f *Faulty) Claim(ctx context.Context, k journal.Kind, now time.Time) (journal.Claim, error) {
	var c journal.Claim
	err := f.call("Claim", func() error {
		var err error
		c, err = f.store.Claim(ctx, k, now)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &faultyClaim{Claim: c, faulty: f}, nil
}

// Get implements journal.Store.
func (f *Faulty) Get(ctx context.Context, k journal.Kind, key string) (j journal.Job, err error) {
	err = f.call("Get", func() error {
		j, err = f.store.Get(ctx, k, key)
		return err
	})
	if err != nil {
		return journal.Job{}, err
	}
	return j, nil
}

// List implements journal.Store.
func (f *Faulty) List(ctx context.Context, filter journal.Filter) (jobs []journal.Job, err error) {
	err = f.call("List", func() error {
		jobs, err = f.store.List(ctx, filter)
		return err
	})
	if err != nil {
		return nil, err
	}
	return jobs, nil
}

// Recent implements journal.Store.
func (f *Faulty) Recent(ctx context.Context, filter journal.Filter, from journal.Place) (jobs []journal.Job, err error) {
	err = f.call("Recent", func() error {
		jobs, err = f.store.Recent(ctx, filter, from)
		return err
	})
	if err != nil {
		return nil, err
	}
	return jobs, nil
}

// Close implements journal.Store.
func (f *Faulty) Close() error { return f.call("Close", f.store.Close) }

// faultyClaim is a claim of which chosen calls fail.
type faultyClaim struct {
	journal.Claim
	faulty *Faulty
}

// Step implements journal.Claim.
func (c *faultyClaim) Step(s journal.Step) error {
	return c.faulty.call("Step", func() error { return c.Claim.Step(s) })
}

// Settle implements journal.Claim.
func (c *faultyClaim) Settle(o journal.Outcome) error {
	return c.faulty.call("Settle", func() error { return c.Claim.Settle(o) })
}
