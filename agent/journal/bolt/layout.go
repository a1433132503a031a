package bolt

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"kurir/agent/journal"
)

// The file:
//
//	meta/schema                              the schema number, sealed
//	kinds/KIND/jobs    key                -> job record, in which small data are
//	           data    key                -> large data of a job, written when they change and not with each step
//	           steps   len(key) key seq   -> step record; seq is 0, 1, 2 ... without gaps
//	           due     time 'j' key       -> ""   Active jobs without a group
//	                   time 'g' group     -> ""   groups that have Active jobs, at the earliest Due of these
//	           queue   len(group) group time key -> ""   Active jobs with a group
//	           ids     len(id) id key     -> ""   jobs with an ID
//	           groups  len(group) group key -> "" jobs with a group
//	           recent  state len(inbox) inbox len(label) label time key -> ""   all jobs, by Updated
//	           counts  len(inbox) inbox label -> number of jobs, sealed
//
// A group stands in due once, however many jobs it has, so that Claim steps over a held group in one step. Lengths are
// two bytes, big-endian, and keep odd bytes in names from meaning anything.
var (
	bucketMeta   = []byte("meta")
	bucketKinds  = []byte("kinds")
	bucketJobs   = []byte("jobs")
	bucketData   = []byte("data")
	bucketSteps  = []byte("steps")
	bucketDue    = []byte("due")
	bucketQueue  = []byte("queue")
	bucketIDs    = []byte("ids")
	bucketGroups = []byte("groups")
	bucketRecent = []byte("recent")
	bucketCounts = []byte("counts")
)

const (
	dueJob   = 'j'
	dueGroup = 'g'

	timeSize = 12

	// fillPercent is how full bbolt leaves a page that it splits. Due times grow and Aju numbers mostly do: with bbolt's own
	// 0.5, the file of a million jobs is twice as large. In any other order it makes no difference.
	fillPercent = 0.8
)

// prefixed returns name, preceded by its length.
func prefixed(name string) []byte {
	b := make([]byte, 0, 2+len(name)+32)
	b = binary.BigEndian.AppendUint16(b, uint16(len(name)))
	return append(b, name...)
}

// cut splits what begins with a prefixed name.
func cut(b []byte) (name string, rest []byte, ok bool) {
	if len(b) < 2 {
		return "", nil, false
	}
	n := 2 + int(binary.BigEndian.Uint16(b))
	if len(b) < n {
		return "", nil, false
	}
	return string(b[2:n]), b[n:], true
}

// appendDue appends t so that the order of bytes is the order of time, for every time.Time.
func appendDue(b []byte, t time.Time) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(t.Unix())^1<<63)
	return binary.BigEndian.AppendUint32(b, uint32(t.Nanosecond()))
}

// parseDue reads what appendDue wrote; b has at least timeSize bytes.
func parseDue(b []byte) time.Time {
	return time.Unix(int64(binary.BigEndian.Uint64(b)^1<<63), int64(binary.BigEndian.Uint32(b[8:]))).UTC()
}

// dueKey is an entry of the bucket due.
func dueKey(t time.Time, tag byte, name string) []byte {
	b := make([]byte, 0, timeSize+1+len(name))
	b = append(appendDue(b, t), tag)
	return append(b, name...)
}

// parseDueKey splits an entry of the bucket due.
func parseDueKey(b []byte) (t time.Time, tag byte, name string, err error) {
	if len(b) < timeSize+2 || (b[timeSize] != dueJob && b[timeSize] != dueGroup) {
		return time.Time{}, 0, "", fmt.Errorf("%w: due entry %q", journal.ErrDamaged, b)
	}
	return parseDue(b), b[timeSize], string(b[timeSize+1:]), nil
}

// queueKey is an entry of the bucket queue.
func queueKey(group string, t time.Time, key string) []byte {
	return append(appendDue(prefixed(group), t), key...)
}

// stepKey is an entry of the bucket steps.
func stepKey(key string, seq uint32) []byte {
	return binary.BigEndian.AppendUint32(prefixed(key), seq)
}

// entry is an entry of the buckets ids and groups.
func entry(name, key string) []byte { return append(prefixed(name), key...) }

// kindBuckets are the buckets of one kind.
type kindBuckets struct {
	kind journal.Kind

	jobs, data, steps, due, queue, ids, groups, recent, counts *bbolt.Bucket
}

// openKind returns the buckets of k; nil when there has never been a job of that kind.
func openKind(tx *bbolt.Tx, k journal.Kind) (*kindBuckets, error) {
	kinds := tx.Bucket(bucketKinds)
	if kinds == nil {
		return nil, fmt.Errorf("%w: bucket %s is missing", journal.ErrDamaged, bucketKinds)
	}
	root := kinds.Bucket([]byte(k))
	if root == nil {
		return nil, nil
	}
	kb := &kindBuckets{kind: k}
	for name, b := range kb.all() {
		if *b = root.Bucket([]byte(name)); *b == nil {
			return nil, fmt.Errorf("%w: bucket %s of kind %q is missing", journal.ErrDamaged, name, k)
		}
		(*b).FillPercent = fillPercent
	}
	return kb, nil
}

// createKind returns the buckets of k, which it makes when they are not there.
func createKind(tx *bbolt.Tx, k journal.Kind) (*kindBuckets, error) {
	kb, err := openKind(tx, k)
	if kb != nil || err != nil {
		return kb, err
	}
	root, err := tx.Bucket(bucketKinds).CreateBucket([]byte(k))
	if err != nil {
		return nil, fmt.Errorf("create bucket of kind %q: %w", k, err)
	}
	kb = &kindBuckets{kind: k}
	for name, b := range kb.all() {
		if *b, err = root.CreateBucket([]byte(name)); err != nil {
			return nil, fmt.Errorf("create bucket %s of kind %q: %w", name, k, err)
		}
	}
	return kb, nil
}

// all names the buckets.
func (kb *kindBuckets) all() map[string]**bbolt.Bucket {
	return map[string]**bbolt.Bucket{
		string(bucketJobs): &kb.jobs, string(bucketData): &kb.data, string(bucketSteps): &kb.steps, string(bucketDue): &kb.due,
		string(bucketQueue): &kb.queue, string(bucketIDs): &kb.ids, string(bucketGroups): &kb.groups,
		string(bucketRecent): &kb.recent, string(bucketCounts): &kb.counts,
	}
}

// load returns the job at key, without data that are apart; nil when there is none.
func (kb *kindBuckets) load(key string) (*record, error) {
	b := kb.jobs.Get([]byte(key))
	if b == nil {
		return nil, nil
	}
	return decodeJob(kb.kind, []byte(key), b)
}

// loadSteps returns the steps of r.
func (kb *kindBuckets) loadSteps(r *record) ([]journal.Step, error) {
	if r.steps == 0 {
		return nil, nil
	}
	steps := make([]journal.Step, 0, r.steps)
	prefix := prefixed(r.job.Key)
	c := kb.steps.Cursor()
	for k, v := c.Seek(prefix); k != nil && bytes.HasPrefix(k, prefix); k, v = c.Next() {
		st, err := decodeStep(kb.kind, k, v)
		if err != nil {
			return nil, err
		}
		steps = append(steps, st)
	}
	if len(steps) != int(r.steps) {
		return nil, fmt.Errorf("%w: job %q has %d steps, not %d", journal.ErrDamaged, r.job.Key, len(steps), r.steps)
	}
	return steps, nil
}

// head returns the earliest entry of group in the queue.
func (kb *kindBuckets) head(group string) (t time.Time, key string, ok bool) {
	prefix := prefixed(group)
	k, _ := kb.queue.Cursor().Seek(prefix)
	if !bytes.HasPrefix(k, prefix) || len(k) <= len(prefix)+timeSize {
		return time.Time{}, "", false
	}
	k = k[len(prefix):]
	return parseDue(k), string(k[timeSize:]), true
}
