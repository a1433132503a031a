package bolt

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"kurir/agent/journal"
)

// TestAuditFindsLostEntries breaks the indexes in ways that leave bbolt's structure whole.
func TestAuditFindsLostEntries(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(kb *kindBuckets) error
	}{
		{"due", func(kb *kindBuckets) error { return dropFirst(kb.due) }},
		{"queue", func(kb *kindBuckets) error { return dropFirst(kb.queue) }},
		{"ids", func(kb *kindBuckets) error { return dropFirst(kb.ids) }},
		{"groups", func(kb *kindBuckets) error { return dropFirst(kb.groups) }},
		{"steps", func(kb *kindBuckets) error { return dropFirst(kb.steps) }},
		{"counts", func(kb *kindBuckets) error { return dropFirst(kb.counts) }},
		{"jobs", func(kb *kindBuckets) error { return dropFirst(kb.jobs) }},
		{"data", func(kb *kindBuckets) error { return dropFirst(kb.data) }},
		{"data of another change", func(kb *kindBuckets) error {
			k, v := kb.data.Cursor().First()
			rev, data, err := decodeData(kb.kind, k, v)
			return errors.Join(err, kb.data.Put(bytes.Clone(k), encodeData(kb.kind, k, rev+1, data)))
		}},
		{"data of nobody", func(kb *kindBuckets) error {
			return kb.data.Put([]byte("x"), encodeData(kb.kind, []byte("x"), 1, []byte("{}")))
		}},
		{"due entry too many", func(kb *kindBuckets) error { return kb.due.Put(dueKey(time.Now(), dueJob, "x"), nil) }},
		{"record moved", func(kb *kindBuckets) error {
			_, v := kb.jobs.Cursor().First()
			return kb.jobs.Put([]byte("moved"), bytes.Clone(v))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "journal.db")
			sample(t, path)
			db, err := openDB(path, time.Second)
			if err != nil {
				t.Fatal(err)
			}
			err = db.Update(func(tx *bbolt.Tx) error {
				kb, err := openKind(tx, journal.Xray)
				if err != nil {
					return err
				}
				return tt.spoil(kb)
			})
			if err := errors.Join(err, db.Close()); err != nil {
				t.Fatal(err)
			}
			_, report, err := openClosed(t, path)
			if err != nil || report.SetAside == "" {
				t.Errorf("open: %v, %+v", err, report)
			}
		})
	}
}

// TestLargeFile opens a large journal: after a Close in good order only the way to its jobs is examined and no copy is
// kept; after a crash, all of it is.
func TestLargeFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	sample(t, path)
	change(t, path, func(tx *bbolt.Tx) error {
		kb, err := openKind(tx, journal.Xray)
		if err != nil {
			return err
		}
		return dropFirst(kb.ids)
	})
	if err := os.Truncate(path, checkAlways+4096); err != nil { // sparse
		t.Fatal(err)
	}
	s, report, err := Open(path, Options{})
	if err != nil || report.Fresh {
		t.Fatalf("open after a close in good order: %v, %+v", err, report)
	}
	if _, err := os.Stat(sibling(path, ".bak")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a large journal was copied: %v", err)
	}
	s.doubt.Store(true) // as a crash does, it leaves the owner's note as it is
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, report, err := openClosed(t, path); err != nil || report.SetAside == "" {
		t.Errorf("open after a crash: %v, %+v", err, report)
	}
}

func dropFirst(b *bbolt.Bucket) error {
	k, _ := b.Cursor().First()
	return b.Delete(bytes.Clone(k))
}
