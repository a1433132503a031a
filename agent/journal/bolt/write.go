package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"kurir/agent/journal"
)

// The longest names, in bytes. bbolt's keys end at 32 KiB, and an index entry holds two names.
const (
	maxKind   = 255
	maxKey    = 1 << 10
	maxName   = 4 << 10
	maxRecord = 64 << 20
)

// Put records a new job. It fails with journal.ErrExists when the job is known; then nothing is changed. A State of ""
// is Active.
func (s *Store) Put(ctx context.Context, j journal.Job) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.end()
	if j.State == "" {
		j.State = journal.Active
	}
	if err := check(j); err != nil {
		return fmt.Errorf("put %s job %q: %w", j.Kind, j.Key, err)
	}
	return s.submit(ctx, &op{apply: func(b *batch) error {
		old, err := b.load(j.Kind, j.Key)
		if err != nil {
			return err
		}
		if old != nil {
			return refuse("put %s job %q: %w", j.Kind, j.Key, journal.ErrExists)
		}
		next := &record{job: j}
		next.job.Steps = nil
		if j.Created.IsZero() {
			next.job.Created = b.now
		}
		if err := b.putSteps(next, j.Steps, 0); err != nil {
			return err
		}
		return b.put(nil, next, false)
	}})
}

// errStale tells Update that the job has changed since its fn has seen it.
var errStale = errors.New("job has changed meanwhile")

// Update changes a job that is not held. fn runs on the caller's goroutine, outside of any transaction, and again when the
// job has changed meanwhile; it may call the store. A fn that changes Kind, Key or Created makes Update fail.
func (s *Store) Update(ctx context.Context, k journal.Kind, key string, fn func(*journal.Job) error) error {
	for {
		if err := s.tryUpdate(ctx, k, key, fn); !errors.Is(err, errStale) {
			return err
		}
	}
}

// tryUpdate is one attempt of Update.
func (s *Store) tryUpdate(ctx context.Context, k journal.Kind, key string, fn func(*journal.Job) error) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.end()
	if s.heldAt(k, key) {
		return heldError(k, key)
	}
	generation := s.generation.Load()
	seen, err := s.get(k, key)
	if err != nil {
		return err
	}
	j := clone(seen.job)
	err = fn(&j)
	remove := errors.Is(err, journal.Remove)
	if err != nil && !remove {
		return err
	}
	if !remove {
		if err := checkUpdate(seen.job, j); err != nil {
			return fmt.Errorf("update %s job %q: %w", k, key, err)
		}
	}
	return s.submit(ctx, &op{checksHeld: true, apply: func(b *batch) error {
		old, err := b.load(k, key)
		if err != nil {
			return err
		}
		if _, held := s.held[address{k, key}]; held { // the committer has s.mu
			return &refusal{heldError(k, key)}
		}
		if old == nil || old.rev != seen.rev || s.generation.Load() != generation {
			return &refusal{errStale}
		}
		if remove {
			return b.remove(old)
		}
		next := &record{job: j, steps: old.steps}
		next.job.Steps = nil
		if err := b.putSteps(next, j.Steps, 0); err != nil {
			return err
		}
		return b.put(old, next, bytes.Equal(j.Data, seen.job.Data))
	}})
}

func heldError(k journal.Kind, key string) error {
	return fmt.Errorf("update %s job %q: %w", k, key, journal.ErrHeld)
}

// check refuses what cannot be stored.
func check(j journal.Job) error {
	size := len(j.Data)
	for _, st := range j.Steps {
		size = max(size, len(st.Note)+len(st.Name))
	}
	if j.Cause != nil {
		size += len(j.Cause.Code) + len(j.Cause.Message) + len(j.Cause.Detail)
	}
	switch {
	case j.Kind == "" || len(j.Kind) > maxKind:
		return fmt.Errorf("kind %q must have 1 to %d bytes", j.Kind, maxKind)
	case j.Key == "" || len(j.Key) > maxKey:
		return fmt.Errorf("key of %d bytes must have 1 to %d", len(j.Key), maxKey)
	case len(j.ID) > maxName || len(j.Group) > maxName || len(j.Inbox) > maxName || len(j.Label) > maxName:
		return fmt.Errorf("id, group, inbox and label must have at most %d bytes", maxName)
	case size > maxRecord:
		return fmt.Errorf("data of %d bytes are more than %d", size, maxRecord)
	}
	return checkState(j.State)
}

func checkState(st journal.State) error {
	switch st {
	case journal.Active, journal.Done, journal.Failed:
		return nil
	}
	return fmt.Errorf("unknown state %q", st)
}

// checkUpdate refuses what fn may not do.
func checkUpdate(was, is journal.Job) error {
	if is.Kind != was.Kind || is.Key != was.Key || !is.Created.Equal(was.Created) {
		return errors.New("kind, key and created cannot be changed")
	}
	return check(is)
}

// clone returns a copy of j that shares nothing with it.
func clone(j journal.Job) journal.Job {
	j.Data = slices.Clone(j.Data)
	if j.Cause != nil {
		c := *j.Cause
		j.Cause = &c
	}
	j.Steps = slices.Clone(j.Steps)
	for i := range j.Steps {
		j.Steps[i].Note = slices.Clone(j.Steps[i].Note)
	}
	return j
}
