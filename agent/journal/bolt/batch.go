package bolt

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"kurir/agent/journal"
)

// batch is one write transaction: the changes that share a commit. It keeps the indexes and counts in step with the
// jobs. An error of its methods means that the transaction must be rolled back.
type batch struct {
	tx     *bbolt.Tx
	now    time.Time
	kinds  map[journal.Kind]*kindBuckets
	deltas map[CountKey]int
}

func newBatch(tx *bbolt.Tx, now time.Time) *batch {
	return &batch{tx: tx, now: now, kinds: map[journal.Kind]*kindBuckets{}, deltas: map[CountKey]int{}}
}

// kind returns the buckets of k; nil when there are none and create is false.
func (b *batch) kind(k journal.Kind, create bool) (*kindBuckets, error) {
	kb := b.kinds[k]
	if kb != nil {
		return kb, nil
	}
	var err error
	if create {
		kb, err = createKind(b.tx, k)
	} else {
		kb, err = openKind(b.tx, k)
	}
	if kb != nil {
		b.kinds[k] = kb
	}
	return kb, err
}

// load returns the job at (k, key), without data that are apart; nil when there is none.
func (b *batch) load(k journal.Kind, key string) (*record, error) {
	kb, err := b.kind(k, false)
	if kb == nil || err != nil {
		return nil, err
	}
	return kb.load(key)
}

// put writes next in place of old, which is nil for a new job. keepsData: the data of next are what is stored.
func (b *batch) put(old, next *record, keepsData bool) error {
	kb, err := b.kind(next.job.Kind, true)
	if err != nil {
		return err
	}
	next.job.Updated = b.now
	next.rev = uint64(b.tx.ID())
	if err := b.reindex(kb, old, next); err != nil {
		return err
	}
	if err := kb.putData(old, next, keepsData); err != nil {
		return fmt.Errorf("put data: %w", err)
	}
	return kb.jobs.Put([]byte(next.job.Key), encodeJob(next))
}

// remove deletes old and its steps.
func (b *batch) remove(old *record) error {
	kb, err := b.kind(old.job.Kind, false)
	if err != nil {
		return err
	}
	if err := b.reindex(kb, old, nil); err != nil {
		return err
	}
	if err := b.dropSteps(kb, old.job.Key, 0, old.steps); err != nil {
		return err
	}
	if old.data != 0 {
		if err := kb.data.Delete([]byte(old.job.Key)); err != nil {
			return fmt.Errorf("delete data: %w", err)
		}
	}
	return kb.jobs.Delete([]byte(old.job.Key))
}

// putSteps makes steps the steps of r, which has r.steps of them now; the first keep are known to be stored already.
func (b *batch) putSteps(r *record, steps []journal.Step, keep int) error {
	kb, err := b.kind(r.job.Kind, true)
	if err != nil {
		return err
	}
	for i := keep; i < len(steps); i++ {
		key := stepKey(r.job.Key, uint32(i))
		v := encodeStep(kb.kind, key, steps[i])
		if bytes.Equal(kb.steps.Get(key), v) {
			continue
		}
		if err := kb.steps.Put(key, v); err != nil {
			return fmt.Errorf("put step: %w", err)
		}
	}
	was := r.steps
	r.steps = uint32(len(steps))
	return b.dropSteps(kb, r.job.Key, r.steps, was)
}

// dropSteps deletes the steps from, from+1 ... to-1.
func (b *batch) dropSteps(kb *kindBuckets, key string, from, to uint32) error {
	for ; from < to; from++ {
		if err := kb.steps.Delete(stepKey(key, from)); err != nil {
			return fmt.Errorf("drop step: %w", err)
		}
	}
	return nil
}

// reindex moves the index entries of a job from old to next; either may be nil.
func (b *batch) reindex(kb *kindBuckets, old, next *record) error {
	var was, is journal.Job
	if old != nil {
		was = old.job
		b.deltas[CountKey{was.Kind, was.Inbox, was.Label}]--
	}
	if next != nil {
		is = next.job
		b.deltas[CountKey{is.Kind, is.Inbox, is.Label}]++
	}
	if err := move(kb.ids, was.ID, was.Key, is.ID, is.Key); err != nil {
		return err
	}
	if err := move(kb.groups, was.Group, was.Key, is.Group, is.Key); err != nil {
		return err
	}
	if err := kb.moveRecent(old, next); err != nil {
		return err
	}
	wasDue, isDue := was.State == journal.Active, is.State == journal.Active
	if wasDue && isDue && was.Due.Equal(is.Due) && was.Group == is.Group {
		return nil
	}
	if wasDue {
		if err := kb.undue(was.Due, was.Group, was.Key); err != nil {
			return err
		}
	}
	if isDue {
		return kb.enqueue(is.Due, is.Group, is.Key)
	}
	return nil
}

// move replaces the entry (was, wasKey) of an index by (is, isKey). Empty names have no entries.
func move(index *bbolt.Bucket, was, wasKey, is, isKey string) error {
	if was == is && wasKey == isKey {
		return nil
	}
	if was != "" {
		if err := index.Delete(entry(was, wasKey)); err != nil {
			return fmt.Errorf("delete index entry: %w", err)
		}
	}
	if is != "" {
		if err := index.Put(entry(is, isKey), nil); err != nil {
			return fmt.Errorf("put index entry: %w", err)
		}
	}
	return nil
}

// enqueue makes a job due at t.
func (kb *kindBuckets) enqueue(t time.Time, group, key string) error {
	if group == "" {
		return kb.due.Put(dueKey(t, dueJob, key), nil)
	}
	return kb.changeQueue(group, func() error { return kb.queue.Put(queueKey(group, t, key), nil) })
}

// undue makes a job that was due at t no longer due.
func (kb *kindBuckets) undue(t time.Time, group, key string) error {
	if group == "" {
		return kb.due.Delete(dueKey(t, dueJob, key))
	}
	return kb.changeQueue(group, func() error { return kb.queue.Delete(queueKey(group, t, key)) })
}

// changeQueue calls change, which changes the queue of group, and moves the group's entry in due accordingly.
func (kb *kindBuckets) changeQueue(group string, change func() error) error {
	was, _, hadHead := kb.head(group)
	if err := change(); err != nil {
		return fmt.Errorf("change queue: %w", err)
	}
	is, _, hasHead := kb.head(group)
	if hadHead == hasHead && was.Equal(is) {
		return nil
	}
	if hadHead {
		if err := kb.due.Delete(dueKey(was, dueGroup, group)); err != nil {
			return fmt.Errorf("delete due entry: %w", err)
		}
	}
	if hasHead {
		return kb.due.Put(dueKey(is, dueGroup, group), nil)
	}
	return nil
}

// writeCounts adds the changes of the whole batch to the stored counts.
func (b *batch) writeCounts() error {
	for ck, delta := range b.deltas {
		if delta == 0 {
			continue
		}
		kb, err := b.kind(ck.Kind, true)
		if err != nil {
			return err
		}
		key := entry(ck.Inbox, ck.Label)
		n := delta
		if v := kb.counts.Get(key); v != nil {
			stored, err := decodeCount(ck.Kind, key, v)
			if err != nil {
				return err
			}
			n += stored
		}
		if n < 0 {
			return fmt.Errorf("%w: count of %+v would be %d", journal.ErrDamaged, ck, n)
		}
		if n == 0 {
			err = kb.counts.Delete(key)
		} else {
			err = kb.counts.Put(key, seal(ck.Kind, key, binary.AppendUvarint(nil, uint64(n))))
		}
		if err != nil {
			return fmt.Errorf("put count: %w", err)
		}
	}
	return nil
}
