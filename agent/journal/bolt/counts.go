package bolt

import (
	"encoding/binary"
	"fmt"
	"maps"

	"go.etcd.io/bbolt"

	"kurir/agent/journal"
)

// CountKey is what jobs are counted by.
type CountKey struct {
	Kind  journal.Kind
	Inbox string
	Label string
}

// Counts returns how many jobs there are of each kind, inbox and label; labels that no job has are left out. The counts
// are written in the same commit as the jobs and kept in memory, so that it costs nothing to ask, after Close as well.
func (s *Store) Counts() map[CountKey]int {
	s.countMu.Lock()
	defer s.countMu.Unlock()
	return maps.Clone(s.counts)
}

// addCounts applies the changes of a batch that was committed.
func (s *Store) addCounts(deltas map[CountKey]int) {
	s.countMu.Lock()
	defer s.countMu.Unlock()
	for k, d := range deltas {
		if s.counts[k] += d; s.counts[k] == 0 {
			delete(s.counts, k)
		}
	}
}

// recount reads the counts again after a commit of which it is not known whether it has taken place.
func (s *Store) recount() {
	var counts map[CountKey]int
	err := s.view(func(tx *bbolt.Tx) error {
		var err error
		counts, err = loadCounts(tx)
		return err
	})
	if err != nil {
		s.log.Warn("journal counts not read", "error", err)
		return
	}
	s.countMu.Lock()
	defer s.countMu.Unlock()
	s.counts = counts
}

// loadCounts reads all counts.
func loadCounts(tx *bbolt.Tx) (map[CountKey]int, error) {
	counts := map[CountKey]int{}
	kinds := tx.Bucket(bucketKinds)
	if kinds == nil {
		return nil, fmt.Errorf("%w: bucket %s is missing", journal.ErrDamaged, bucketKinds)
	}
	err := kinds.ForEachBucket(func(kind []byte) error {
		kb, err := openKind(tx, journal.Kind(kind))
		if err != nil {
			return err
		}
		return kb.counts.ForEach(func(key, v []byte) error {
			inbox, label, ok := cut(key)
			if !ok {
				return fmt.Errorf("%w: count entry %q", journal.ErrDamaged, key)
			}
			n, err := decodeCount(kb.kind, key, v)
			counts[CountKey{kb.kind, inbox, string(label)}] = n
			return err
		})
	})
	return counts, err
}

// decodeCount reads a sealed count.
func decodeCount(kind journal.Kind, key, v []byte) (int, error) {
	body, err := unseal(kind, key, v)
	if err != nil {
		return 0, err
	}
	n, size := binary.Uvarint(body)
	if size != len(body) || n == 0 || n > 1<<40 {
		return 0, fmt.Errorf("%w: count %q cannot be decoded", journal.ErrDamaged, key)
	}
	return int(n), nil
}
