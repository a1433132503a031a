package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"

	"kurir/agent/journal"
)

// chunk is how many entries List looks at in one transaction.
const chunk = 1000

// Get returns a job with its steps, or journal.ErrNotFound.
func (s *Store) Get(ctx context.Context, k journal.Kind, key string) (journal.Job, error) {
	if err := s.begin(ctx); err != nil {
		return journal.Job{}, err
	}
	defer s.end()
	r, err := s.get(k, key)
	if err != nil {
		return journal.Job{}, err
	}
	return r.job, nil
}

// get returns a job with its steps.
func (s *Store) get(k journal.Kind, key string) (*record, error) {
	var r *record
	err := s.view(func(tx *bbolt.Tx) error {
		kb, err := openKind(tx, k)
		if kb == nil || err != nil {
			return err
		}
		if r, err = kb.load(key); r == nil || err != nil {
			return err
		}
		if err := kb.fill(r); err != nil {
			return err
		}
		r.job.Steps, err = kb.loadSteps(r)
		return err
	})
	if err == nil && r == nil {
		err = journal.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("get %s job %q: %w", k, key, err)
	}
	return r, nil
}

// List returns the jobs that f selects, ordered by key, without their steps. It looks at 1 000 jobs at a time, so that
// writers never wait for a long list: each thousand is a consistent snapshot, the whole of a longer list need not be. A job
// that is there all the time is listed exactly once. With an ID or a Group, only the jobs that have it are looked at.
func (s *Store) List(ctx context.Context, f journal.Filter) ([]journal.Job, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	defer s.end()
	if f.Kind == "" {
		return nil, errors.New("list jobs: kind is missing")
	}
	l := &lister{filter: f, after: f.After}
	for !l.done {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := s.view(l.next); err != nil {
			return nil, fmt.Errorf("list %s jobs: %w", f.Kind, err)
		}
	}
	return l.jobs, nil
}

// lister collects what a filter selects.
type lister struct {
	filter journal.Filter
	after  string // the last key looked at
	jobs   []journal.Job
	done   bool
}

// next looks at the next entries.
func (l *lister) next(tx *bbolt.Tx) error {
	kb, err := openKind(tx, l.filter.Kind)
	if err != nil {
		return err
	}
	if kb == nil {
		l.done = true
		return nil
	}
	index, prefix := kb.jobs, []byte(nil)
	switch {
	case l.filter.ID != "":
		index, prefix = kb.ids, prefixed(l.filter.ID)
	case l.filter.Group != "":
		index, prefix = kb.groups, prefixed(l.filter.Group)
	}
	start := append(slices.Clip(prefix), l.after...)
	c := index.Cursor()
	k, v := c.Seek(start)
	if l.after != "" && bytes.Equal(k, start) {
		k, v = c.Next()
	}
	for range chunk {
		if k == nil || !bytes.HasPrefix(k, prefix) {
			l.done = true
			return nil
		}
		l.after = string(k[len(prefix):])
		if err := l.take(kb, v, prefix != nil); err != nil {
			return err
		}
		if l.filter.Limit > 0 && len(l.jobs) >= l.filter.Limit {
			l.done = true
			return nil
		}
		k, v = c.Next()
	}
	return nil
}

// take adds the job at l.after if it is selected; v is its record, unless an index was read.
func (l *lister) take(kb *kindBuckets, v []byte, indexed bool) error {
	if indexed {
		if v = kb.jobs.Get([]byte(l.after)); v == nil {
			return fmt.Errorf("%w: index entry %q has no job", journal.ErrDamaged, l.after)
		}
	}
	r, err := decodeJob(kb.kind, []byte(l.after), v)
	if err != nil {
		return err
	}
	if !l.selects(&r.job) {
		return nil
	}
	err = kb.fill(r)
	l.jobs = append(l.jobs, r.job)
	return err
}

// selects reports whether every field of the filter fits j.
func (l *lister) selects(j *journal.Job) bool {
	f := &l.filter
	return (f.ID == "" || f.ID == j.ID) &&
		(f.Group == "" || f.Group == j.Group) &&
		(f.Inbox == "" || f.Inbox == j.Inbox) &&
		(f.State == "" || f.State == j.State) &&
		(len(f.Labels) == 0 || slices.Contains(f.Labels, j.Label))
}
