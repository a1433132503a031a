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

// The bucket recent holds every job once, under its state, inbox and label, in the order of their last changes. What
// shares these three is a stream; there are a few of them however many jobs there are, and a page merges those that
// are asked for.

// beyond is greater than what any entry of a stream has after the stream's name.
var beyond = bytes.Repeat([]byte{0xFF}, timeSize)

// stateTag is the first byte of the streams of a state.
func stateTag(state journal.State) byte {
	switch state {
	case journal.Active, journal.Done, journal.Failed:
		return state[0]
	}
	return 0
}

// streamOf is what the entries of jobs of this state, inbox and label begin with.
func streamOf(state journal.State, inbox, label string) []byte {
	b := make([]byte, 0, 1+2+len(inbox)+2+len(label)+timeSize+64)
	return append(append(append(b, stateTag(state)), prefixed(inbox)...), prefixed(label)...)
}

// recentKey is a job's entry in the bucket recent.
func recentKey(j *journal.Job) []byte {
	return append(appendDue(streamOf(j.State, j.Inbox, j.Label), j.Updated), j.Key...)
}

// moveRecent replaces the entry of old by the one of next; either may be nil.
func (kb *kindBuckets) moveRecent(old, next *record) error {
	var was, is []byte
	if old != nil {
		was = recentKey(&old.job)
	}
	if next != nil {
		is = recentKey(&next.job)
	}
	if bytes.Equal(was, is) {
		return nil
	}
	if was != nil {
		if err := kb.recent.Delete(was); err != nil {
			return fmt.Errorf("delete entry of last change: %w", err)
		}
	}
	if is != nil {
		if err := kb.recent.Put(is, nil); err != nil {
			return fmt.Errorf("put entry of last change: %w", err)
		}
	}
	return nil
}

// addRecent makes the bucket recent of each kind. It is the migration from schema 1 to 2.
func addRecent(tx *bbolt.Tx) error {
	kinds := tx.Bucket(bucketKinds)
	if kinds == nil {
		return damaged("bucket %s is missing", bucketKinds)
	}
	return kinds.ForEachBucket(func(kind []byte) error {
		root := kinds.Bucket(kind)
		jobs := root.Bucket(bucketJobs)
		if jobs == nil {
			return damaged("bucket %s of kind %q is missing", bucketJobs, kind)
		}
		recent, err := root.CreateBucket(bucketRecent)
		if err != nil {
			return fmt.Errorf("create bucket %s of kind %q: %w", bucketRecent, kind, err)
		}
		recent.FillPercent = fillPercent
		var entries [][]byte // put in order: bbolt then fills one page after the other
		err = jobs.ForEach(func(key, v []byte) error {
			r, err := decodeJob(journal.Kind(kind), key, v)
			if err == nil {
				entries = append(entries, slices.Clip(recentKey(&r.job)))
			}
			return err
		})
		slices.SortFunc(entries, bytes.Compare)
		for _, e := range entries {
			err = errors.Join(err, recent.Put(e, nil))
		}
		return err
	})
}

// Recent implements journal.Store. What it returns is one consistent snapshot.
func (s *Store) Recent(ctx context.Context, f journal.Filter, from journal.Place) ([]journal.Job, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	defer s.end()
	switch {
	case f.Kind == "":
		return nil, errors.New("list recent jobs: kind is missing")
	case f.After != "":
		return nil, errors.New("list recent jobs: after is for the order of keys")
	case f.Limit <= 0 || f.Limit > journal.MaxPage:
		f.Limit = journal.MaxPage
	}
	p := &pager{filter: f, from: from}
	run := p.run
	if f.ID != "" || f.Group != "" {
		run = p.few
	}
	if err := s.view(run); err != nil {
		return nil, fmt.Errorf("list recent %s jobs: %w", f.Kind, err)
	}
	return p.jobs, nil
}

// pager collects the jobs of one call.
type pager struct {
	filter journal.Filter
	from   journal.Place
	jobs   []journal.Job
}

// few collects what has an ID or a group: it is read as a whole and put in order.
func (p *pager) few(tx *bbolt.Tx) error {
	l := &lister{filter: p.filter}
	for l.filter.Limit = 0; !l.done; {
		if err := l.next(tx); err != nil {
			return err
		}
	}
	slices.SortFunc(l.jobs, func(a, b journal.Job) int { return journal.PlaceOf(a).Compare(journal.PlaceOf(b)) })
	for _, j := range l.jobs {
		if len(p.jobs) < p.filter.Limit && p.from.Holds(journal.PlaceOf(j)) {
			p.jobs = append(p.jobs, j)
		}
	}
	return nil
}

// stream is a place in a stream.
type stream struct {
	cursor *bbolt.Cursor
	prefix []byte
	at     []byte // time and key of the entry; nil at the end
}

// run collects what comes behind the place.
func (p *pager) run(tx *bbolt.Tx) error {
	kb, err := openKind(tx, p.filter.Kind)
	if kb == nil || err != nil {
		return err
	}
	streams, err := p.streams(kb)
	if err != nil {
		return err
	}
	for len(p.jobs) < p.filter.Limit {
		s := latest(streams)
		if s == nil {
			return nil
		}
		key := string(s.at[timeSize:])
		r, err := kb.load(key)
		if err != nil {
			return err
		}
		if r == nil || !r.job.Updated.Equal(parseDue(s.at)) {
			return damaged("entry of last change %q has no job", key)
		}
		if err := kb.fill(r); err != nil {
			return err
		}
		p.jobs = append(p.jobs, r.job)
		k, _ := s.cursor.Prev()
		s.stand(k)
	}
	return nil
}

// streams returns the streams that are asked for, each at its first entry behind the place.
func (p *pager) streams(kb *kindBuckets) ([]*stream, error) {
	behind := beyond
	if p.from != (journal.Place{}) {
		behind = append(appendDue(nil, p.from.At), p.from.Key...)
	}
	var all []*stream
	c := kb.recent.Cursor()
	for k, _ := c.First(); k != nil; {
		inbox, rest, ok := cut(k[1:])
		label, rest, ok2 := cut(rest)
		if !ok || !ok2 || len(rest) <= timeSize {
			return nil, damaged("entry of last change %q", k)
		}
		prefix := slices.Clone(k[:len(k)-len(rest)])
		if p.wants(prefix[0], inbox, label) {
			s := &stream{cursor: kb.recent.Cursor(), prefix: prefix}
			s.stand(lastBefore(s.cursor, slices.Concat(prefix, behind)))
			all = append(all, s)
		}
		k, _ = c.Seek(slices.Concat(prefix, beyond))
	}
	return all, nil
}

// wants reports whether a stream is asked for.
func (p *pager) wants(state byte, inbox, label string) bool {
	f := &p.filter
	return (f.State == "" || stateTag(f.State) == state) &&
		(f.Inbox == "" || f.Inbox == inbox) &&
		(len(f.Labels) == 0 || slices.Contains(f.Labels, label))
}

// lastBefore moves c to the last entry before key.
func lastBefore(c *bbolt.Cursor, key []byte) []byte {
	k, _ := c.Seek(key)
	if k == nil {
		k, _ = c.Last()
	} else {
		k, _ = c.Prev()
	}
	return k
}

// stand notes the entry k at which the stream's cursor is.
func (s *stream) stand(k []byte) {
	s.at = nil
	if len(k) > len(s.prefix)+timeSize && bytes.HasPrefix(k, s.prefix) {
		s.at = k[len(s.prefix):]
	}
}

// latest returns the stream whose entry is the latest change; nil when all are at their ends.
func latest(streams []*stream) *stream {
	var found *stream
	for _, s := range streams {
		if s.at != nil && (found == nil || bytes.Compare(s.at, found.at) > 0) {
			found = s
		}
	}
	return found
}
