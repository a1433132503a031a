package bolt

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"

	"kurir/agent/journal"
)

// largeData is from how many bytes on a job's data are kept apart from its record, so that a step, a label or a date does not
// write them again: a set of ten thousand photos has megabytes of them, and hundreds of steps.
const largeData = 8 << 10

// encodeData returns large data, written by transaction rev, as a sealed record.
func encodeData(kind journal.Kind, key []byte, rev uint64, data json.RawMessage) []byte {
	b := make([]byte, 0, 1+binary.MaxVarintLen64+len(data)+sumSize)
	b = binary.AppendUvarint(append(b, dataFormat), rev)
	return seal(kind, key, append(b, data...))
}

// decodeData reads what encodeData wrote. The data refer to b.
func decodeData(kind journal.Kind, key, b []byte) (rev uint64, data json.RawMessage, err error) {
	body, err := unseal(kind, key, b)
	if err != nil {
		return 0, nil, err
	}
	d := decoder{b: body}
	is := d.byte()
	rev = d.uvarint()
	if is != dataFormat || d.bad || rev == 0 {
		return 0, nil, fmt.Errorf("%w: data of job %q of kind %q cannot be decoded", journal.ErrDamaged, key, kind)
	}
	return rev, d.b, nil
}

// fill reads the data of a job that are apart.
func (kb *kindBuckets) fill(r *record) error {
	if r.data == 0 {
		return nil
	}
	key := []byte(r.job.Key)
	v := kb.data.Get(key)
	if v == nil {
		return fmt.Errorf("%w: job %q has no data", journal.ErrDamaged, key)
	}
	rev, data, err := decodeData(kb.kind, key, v)
	if err != nil {
		return err
	}
	if rev != r.data {
		return fmt.Errorf("%w: job %q has the data of another change", journal.ErrDamaged, key)
	}
	r.job.Data = slices.Clone(data)
	return nil
}

// putData writes the data of next where they are large, and drops those of old that are not needed any more. kept: they are
// known to be what is stored.
func (kb *kindBuckets) putData(old, next *record, kept bool) error {
	key := []byte(next.job.Key)
	apart := old != nil && old.data != 0
	switch {
	case kept && apart:
		next.data = old.data
		return nil
	case len(next.job.Data) >= largeData:
		next.data = next.rev
		return kb.data.Put(key, encodeData(kb.kind, key, next.rev, next.job.Data))
	case apart:
		next.data = 0
		return kb.data.Delete(key)
	}
	next.data = 0
	return nil
}

// addData makes the bucket data of each kind. It is the migration from schema 2 to 3: data go there when they change next.
func addData(tx *bbolt.Tx) error {
	kinds := tx.Bucket(bucketKinds)
	if kinds == nil {
		return damaged("bucket %s is missing", bucketKinds)
	}
	return kinds.ForEachBucket(func(kind []byte) error {
		if _, err := kinds.Bucket(kind).CreateBucket(bucketData); err != nil {
			return fmt.Errorf("create bucket %s of kind %q: %w", bucketData, kind, err)
		}
		return nil
	})
}
