package bolt

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"kurir/agent/journal"
)

// claim is a held job. The Store's mu guards whether it is held; the rest belongs to the goroutine that uses it.
type claim struct {
	store  *Store
	ctx    context.Context
	cancel context.CancelCauseFunc
	job    journal.Job // with Steps
	doubt  bool        // a write has failed: nobody knows whether job is what is stored
}

// Claim holds the Active job with the earliest Due that is not after now, unless it or its group is held. It reads the due
// entries from the start and steps over one entry for each claim at most, however many jobs there are or a group has.
// It commits nothing. The claim's context carries the values of ctx, but does not end with it.
//
// Next of a *NoneError leaves out the jobs of held groups too: they can become free only when a claim is settled.
func (s *Store) Claim(ctx context.Context, k journal.Kind, now time.Time) (journal.Claim, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	defer s.end()
	s.mu.Lock()
	defer s.mu.Unlock()
	var job *journal.Job
	var next time.Time
	err := s.view(func(tx *bbolt.Tx) error {
		var err error
		job, next, err = s.firstFree(tx, k, now)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("claim %s job: %w", k, err)
	}
	if job == nil {
		return nil, &journal.NoneError{Next: next}
	}
	c := &claim{store: s, job: *job}
	c.ctx, c.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	s.held[address{k, job.Key}] = c
	if job.Group != "" {
		s.groups[address{k, job.Group}] = c
	}
	return c, nil
}

// firstFree returns the job to claim, or else when the next one that could be claimed is due. s.mu is held.
func (s *Store) firstFree(tx *bbolt.Tx, k journal.Kind, now time.Time) (*journal.Job, time.Time, error) {
	kb, err := openKind(tx, k)
	if kb == nil || err != nil {
		return nil, time.Time{}, err
	}
	c := kb.due.Cursor()
	for e, _ := c.First(); e != nil; e, _ = c.Next() {
		due, tag, name, err := parseDueKey(e)
		if err != nil {
			return nil, time.Time{}, err
		}
		holders := s.held
		if tag == dueGroup {
			holders = s.groups
		}
		if holders[address{k, name}] != nil {
			continue
		}
		if due.After(now) {
			return nil, due, nil
		}
		job, err := kb.jobAt(due, tag, name)
		return job, time.Time{}, err
	}
	return nil, time.Time{}, nil
}

// jobAt returns the job, with its steps, that an entry of the bucket due stands for.
func (kb *kindBuckets) jobAt(due time.Time, tag byte, name string) (*journal.Job, error) {
	key, group := name, ""
	if tag == dueGroup {
		_, key, _ = kb.head(name)
		group = name
	}
	r, err := kb.load(key)
	if err != nil {
		return nil, err
	}
	if r == nil || r.job.State != journal.Active || r.job.Group != group || !r.job.Due.Equal(due) {
		return nil, fmt.Errorf("%w: due entry %q has no job", journal.ErrDamaged, name)
	}
	if err := kb.fill(r); err != nil {
		return nil, err
	}
	r.job.Steps, err = kb.loadSteps(r)
	return &r.job, err
}

// heldAt reports whether the job at (k, key) is held.
func (s *Store) heldAt(k journal.Kind, key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held[address{k, key}] != nil
}

// begin lets a call through the claim in: the store is open and the claim is held. It must end with store.end.
func (c *claim) begin() error {
	if err := c.store.begin(context.Background()); err != nil {
		return fmt.Errorf("%w: %w", journal.ErrLost, err)
	}
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	if c.store.held[address{c.job.Kind, c.job.Key}] != c {
		c.store.end()
		return journal.ErrLost
	}
	return nil
}

// release ends the claim with cause.
func (c *claim) release(cause error) {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	delete(c.store.held, address{c.job.Kind, c.job.Key})
	if g := (address{c.job.Kind, c.job.Group}); c.store.groups[g] == c {
		delete(c.store.groups, g)
	}
	c.cancel(cause)
}

// errSettled is the cause of a context that ended because its claim was settled.
var errSettled = errors.New("claim is settled")

// Job implements journal.Claim.
func (c *claim) Job() journal.Job { return clone(c.job) }

// Context implements journal.Claim. Its cause tells a settled claim from a closed journal.
func (c *claim) Context() context.Context { return c.ctx }

// Step implements journal.Claim. After an error the claim is still held, and the step may be tried again.
func (c *claim) Step(st journal.Step) error {
	if err := c.begin(); err != nil {
		return err
	}
	defer c.store.end()
	next := c.job
	next.Steps = append(slices.Clip(c.job.Steps), journal.Step{
		Name: st.Name, At: st.At.Round(0), Note: slices.Clone(st.Note),
	})
	if st.Label != "" {
		next.Label = st.Label
	}
	if st.Data != nil {
		next.Data = slices.Clone(st.Data)
	}
	return c.write("step", next, st.Data == nil)
}

// Settle implements journal.Claim. After any error but ErrLost the claim is still held, and may be settled again.
func (c *claim) Settle(o journal.Outcome) error {
	if err := c.begin(); err != nil {
		return err
	}
	defer c.store.end()
	if err := checkState(o.State); err != nil {
		return fmt.Errorf("settle %s job %q: %w", c.job.Kind, c.job.Key, err)
	}
	next := c.job
	next.State, next.Cause = o.State, o.Cause
	if o.State == journal.Active {
		next.Due = o.Due.Round(0)
	}
	if o.Label != "" {
		next.Label = o.Label
	}
	if o.Data != nil {
		next.Data = o.Data
	}
	if err := c.write("settle", next, o.Data == nil); err != nil {
		return err
	}
	c.release(errSettled)
	return nil
}

// write makes next, of which the steps but the last are stored already, the job. What is stored is compared, not assumed:
// an earlier write of the claim may have taken place although it was answered with an error. keepsData: next has the data that
// the job has.
func (c *claim) write(verb string, next journal.Job, keepsData bool) error {
	if err := check(next); err != nil {
		return fmt.Errorf("%s %s job %q: %w", verb, next.Kind, next.Key, err)
	}
	known := len(c.job.Steps)
	err := c.store.submit(context.Background(), &op{apply: func(b *batch) error {
		old, err := b.load(next.Kind, next.Key)
		if err != nil {
			return err
		}
		if old == nil {
			return fmt.Errorf("%w: held job %q is missing", journal.ErrDamaged, next.Key)
		}
		r := &record{job: next, steps: old.steps}
		r.job.Steps = nil
		if err := b.putSteps(r, next.Steps, min(known, int(old.steps))); err != nil {
			return err
		}
		if err := b.put(old, r, keepsData && !c.doubt); err != nil {
			return err
		}
		next.Updated = r.job.Updated
		return nil
	}})
	c.doubt = err != nil
	if err != nil {
		return fmt.Errorf("%s %s job %q: %w", verb, next.Kind, next.Key, err)
	}
	c.job = next
	return nil
}
