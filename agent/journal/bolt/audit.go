package bolt

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"io"
	"slices"

	"kurir/agent/journal"
)

// audit reads the whole content of a journal and finds what bbolt's page structure cannot show: a record with a wrong
// checksum, a job without its index entries, an entry without its job, a wrong count. Indexes are compared by the sum
// of the hashes of their entries with the sum that the jobs call for: one pass, without a lookup.
type audit struct {
	shallow bool
	seed    maphash.Seed

	schema    uint64 // 0: none found
	schemaErr error
	kinds     map[journal.Kind]*kindAudit
	err       error // the first finding
}

// kindAudit is what was found of one kind.
type kindAudit struct {
	buckets    int
	want, have map[string]uint64 // sums by bucket
	steps      uint64            // that the jobs should have
	haveSteps  uint64
	counts     map[CountKey]int
	haveCounts map[CountKey]int
	lastGroup  string // of the queue
	inQueue    bool
}

// examine reads the journal in file. It returns the schema number; an error that wraps journal.ErrDamaged when it cannot be
// used, another one when it cannot be read. A shallow look leaves out the jobs and their indexes. What a journal of a newer
// schema holds is not looked at either: only its pages are.
func examine(file io.ReaderAt, size int64, shallow bool) (schema uint64, err error) {
	a := &audit{shallow: shallow, seed: maphash.MakeSeed(), kinds: map[journal.Kind]*kindAudit{}}
	if err := walkPages(file, size, a); err != nil {
		return 0, err
	}
	if a.schemaErr != nil {
		return 0, a.schemaErr
	}
	if a.schema == 0 {
		return 0, damaged("it holds no schema number: it is no journal")
	}
	if a.schema > currentSchema {
		return a.schema, nil
	}
	return a.schema, a.verdict()
}

// bucket implements visitor.
func (a *audit) bucket(path [][]byte) bool {
	switch {
	case len(path) == 1 && bytes.Equal(path[0], bucketMeta), len(path) == 1 && bytes.Equal(path[0], bucketKinds):
		return true
	case len(path) == 2 && bytes.Equal(path[0], bucketKinds):
		a.kinds[journal.Kind(path[1])] = &kindAudit{
			want: map[string]uint64{}, have: map[string]uint64{},
			counts: map[CountKey]int{}, haveCounts: map[CountKey]int{},
		}
		return true
	case len(path) == 3 && bytes.Equal(path[0], bucketKinds):
		if _, ok := new(kindBuckets).all()[string(path[2])]; ok {
			a.kinds[journal.Kind(path[1])].buckets++
			return !a.shallow || bytes.Equal(path[2], bucketCounts)
		}
	}
	a.find(damaged("unknown bucket %q", path))
	return true
}

// pair implements visitor.
func (a *audit) pair(path [][]byte, key, value []byte) {
	if len(path) == 1 && bytes.Equal(path[0], bucketMeta) && bytes.Equal(key, keySchema) {
		a.schema, a.schemaErr = decodeSchema(value)
		return
	}
	if len(path) != 3 {
		a.find(damaged("unknown key %q in bucket %q", key, path))
		return
	}
	kind := journal.Kind(path[1])
	ka, name := a.kinds[kind], string(path[2])
	if ka == nil {
		a.find(damaged("key %q in unknown bucket %q", key, path))
		return
	}
	switch name {
	case string(bucketJobs):
		a.find(a.addJob(ka, kind, key, value))
	case string(bucketData):
		rev, _, err := decodeData(kind, key, value)
		ka.have[name] += maphash.Bytes(a.seed, writtenBy(key, rev))
		a.find(err)
	case string(bucketSteps):
		_, err := decodeStep(kind, key, value)
		ka.haveSteps++
		a.find(err)
	case string(bucketCounts):
		inbox, label, ok := cut(key)
		n, err := decodeCount(kind, key, value)
		if !ok && err == nil {
			err = damaged("count entry %q", key)
		}
		ka.haveCounts[CountKey{kind, inbox, string(label)}] = n
		a.find(err)
	default:
		ka.have[name] += maphash.Bytes(a.seed, key)
		if name == string(bucketQueue) {
			a.find(a.addHead(ka, key))
		}
	}
}

// find keeps the first finding.
func (a *audit) find(err error) {
	if a.err == nil {
		a.err = err
	}
}

// addJob notes the index entries that a job should have.
func (a *audit) addJob(ka *kindAudit, kind journal.Kind, key, value []byte) error {
	r, err := decodeJob(kind, key, value)
	if err != nil {
		return err
	}
	j := &r.job
	ka.steps += uint64(r.steps)
	ka.counts[CountKey{kind, j.Inbox, j.Label}]++
	if j.ID != "" {
		a.want(ka, bucketIDs, entry(j.ID, j.Key))
	}
	if j.Group != "" {
		a.want(ka, bucketGroups, entry(j.Group, j.Key))
	}
	a.want(ka, bucketRecent, recentKey(j))
	if r.data != 0 {
		a.want(ka, bucketData, writtenBy(key, r.data))
	}
	if j.State == journal.Active && j.Group != "" {
		a.want(ka, bucketQueue, queueKey(j.Group, j.Due, j.Key))
	}
	if j.State == journal.Active && j.Group == "" {
		a.want(ka, bucketDue, dueKey(j.Due, dueJob, j.Key))
	}
	return nil
}

// writtenBy stands for the data of a job that a transaction wrote.
func writtenBy(key []byte, rev uint64) []byte {
	return binary.BigEndian.AppendUint64(slices.Clone(key), rev)
}

func (a *audit) want(ka *kindAudit, bucket, key []byte) {
	ka.want[string(bucket)] += maphash.Bytes(a.seed, key)
}

// addHead notes the entry in due that the first of each group in the queue should have.
func (a *audit) addHead(ka *kindAudit, key []byte) error {
	group, rest, ok := cut(key)
	if !ok || len(rest) <= timeSize {
		return damaged("queue entry %q", key)
	}
	if !ka.inQueue || group != ka.lastGroup {
		a.want(ka, bucketDue, dueKey(parseDue(rest), dueGroup, group))
	}
	ka.inQueue, ka.lastGroup = true, group
	return nil
}

// verdict compares what should be there with what is.
func (a *audit) verdict() error {
	if a.err != nil {
		return a.err
	}
	for kind, ka := range a.kinds {
		indexes := [][]byte{bucketDue, bucketQueue, bucketIDs, bucketGroups, bucketRecent, bucketData}
		missing := int(currentSchema - a.schema) // schema 1 has no bucket recent, and schema 2 no bucket data
		indexes = indexes[:len(indexes)-missing]
		if ka.buckets != len(new(kindBuckets).all())-missing {
			return damaged("kind %q has %d buckets", kind, ka.buckets)
		}
		if a.shallow {
			continue
		}
		for _, b := range indexes {
			if ka.want[string(b)] != ka.have[string(b)] {
				return damaged("bucket %s of kind %q does not fit its jobs", b, kind)
			}
		}
		if ka.steps != ka.haveSteps {
			return damaged("kind %q has %d steps, not %d", kind, ka.haveSteps, ka.steps)
		}
		for ck, n := range ka.counts {
			if ka.haveCounts[ck] != n {
				return damaged("%+v is counted %d times, not %d", ck, ka.haveCounts[ck], n)
			}
		}
		if len(ka.counts) != len(ka.haveCounts) {
			return damaged("kind %q has %d counts, not %d", kind, len(ka.haveCounts), len(ka.counts))
		}
	}
	return nil
}
