package bolt

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"go.etcd.io/bbolt"
)

// maxBatch bounds how many changes share a commit, and with it what one commit keeps in memory.
const maxBatch = 1000

// op is one change on its way to the committer.
type op struct {
	// apply makes the change. A refusal must come before its first write; any other error rolls the batch back.
	apply func(*batch) error
	// checksHeld is set when apply looks at the claims: no claim may begin until it is committed.
	checksHeld bool

	err  error      // the refusal
	done chan error // buffered: the committer never waits
}

// refusal is an answer to one op, such as journal.ErrExists, that leaves the rest of its batch alone.
type refusal struct{ err error }

// Error implements error.
func (r *refusal) Error() string { return r.err.Error() }

func refuse(format string, args ...any) error { return &refusal{fmt.Errorf(format, args...)} }

// submit hands o to the committer and waits for its answer. When ctx ends before the committer has taken it, the change
// is not made; from then on it is waited for.
func (s *Store) submit(ctx context.Context, o *op) error {
	o.done = make(chan error, 1)
	select {
	case s.ops <- o:
	case <-ctx.Done():
		return ctx.Err()
	}
	return <-o.done
}

// run is the committer. It commits at once what there is; what comes while it syncs is the next batch.
func (s *Store) run() {
	defer close(s.done)
	debug.SetPanicOnFault(true)
	for {
		select {
		case o := <-s.ops:
			s.commit(s.gather(o))
		case <-s.quit:
			return
		}
	}
}

// gather takes all ops that wait. It yields once before, so that those who have just been answered, and have more to
// do, join this batch instead of the next.
func (s *Store) gather(first *op) []*op {
	ops := []*op{first}
	runtime.Gosched()
	for len(ops) < maxBatch {
		select {
		case o := <-s.ops:
			ops = append(ops, o)
		default:
			return ops
		}
	}
	return ops
}

// commit makes the changes durable and answers every op. An op that fails is taken out, and the others run again.
func (s *Store) commit(ops []*op) {
	s.writeMu.Lock()
	defer s.writeMu.Unlock()
	if slices.ContainsFunc(ops, func(o *op) bool { return o.checksHeld }) {
		s.mu.Lock()
		defer s.mu.Unlock()
	}
	var err error
	for len(ops) > 0 {
		var culprit int
		if culprit, err = s.attempt(ops); culprit < 0 {
			break
		}
		ops[culprit].done <- err
		ops = slices.Delete(ops, culprit, culprit+1)
	}
	for _, o := range ops {
		if err != nil {
			o.done <- err
		} else {
			o.done <- o.err
		}
	}
}

// tick is the time of a batch. Batches that follow one another within the clock's resolution have different ones.
func (s *Store) tick() time.Time {
	now := time.Now().UTC().Round(0)
	if late := s.lastTick.Sub(now); late >= 0 && late < time.Second {
		now = s.lastTick.Add(1)
	}
	s.lastTick = now
	return now
}

// errNothing rolls back a batch in which every op was refused.
var errNothing = errors.New("nothing to commit")

// attempt runs ops in one transaction. culprit is the index of the op that made it fail with err, else -1.
func (s *Store) attempt(ops []*op) (culprit int, err error) {
	culprit = -1
	var deltas map[CountKey]int
	err = s.update(func(tx *bbolt.Tx) error {
		b := newBatch(tx, s.tick())
		changed := false
		for i, o := range ops {
			o.err = nil
			err := s.guard(func() error { return o.apply(b) })
			if r := (*refusal)(nil); errors.As(err, &r) {
				o.err = r.err
				continue
			}
			if err != nil {
				culprit = i
				return err
			}
			changed = true
		}
		if !changed {
			return errNothing
		}
		deltas = b.deltas
		return b.writeCounts()
	})
	switch {
	case err == nil:
		s.addCounts(deltas)
	case errors.Is(err, errNothing):
		err = nil
	case culprit < 0:
		err = fmt.Errorf("commit journal: %w", err)
		s.doubt.Store(true)
		s.recount()
	}
	return culprit, err
}
