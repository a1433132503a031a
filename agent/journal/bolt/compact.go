package bolt

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"

	"kurir/agent/journal"
)

const (
	// A journal of at least wastefulSize, of which this part or more holds nothing, is worth making smaller by itself.
	wastefulSize  = 32 << 20
	wastefulShare = 0.5

	compactTx = 4 << 20 // how many bytes are copied in one transaction
)

// Compact writes the journal anew without the pages that hold nothing, and puts the new file in the place of the old one.
// Readers and claims go on meanwhile; changes wait, a few seconds for each gigabyte. The new file is complete, durable
// and checked before the old one goes: a crash, a full disk or any other error leaves the one or the other, whole.
func (s *Store) Compact(ctx context.Context) (before, after int64, err error) {
	if err := s.begin(ctx); err != nil {
		return 0, 0, err
	}
	defer s.end()
	s.writeMu.Lock()
	defer s.writeMu.Unlock()
	before = fileSize(s.path)
	fresh := s.path + ".new"
	err = s.view(func(tx *bbolt.Tx) error { return copyCompact(ctx, tx.DB(), fresh) })
	if err == nil {
		err = giveBack(fresh, s.path)
	}
	if err != nil {
		return 0, 0, errors.Join(fmt.Errorf("compact journal: %w", err), ignoreMissing(os.Remove(fresh)))
	}
	if err := s.swap(fresh); err != nil {
		return 0, 0, errors.Join(fmt.Errorf("compact journal: %w", err), ignoreMissing(os.Remove(fresh)))
	}
	after = fileSize(s.path)
	s.log.Info("journal compacted", "path", s.path, "before", before, "after", after)
	return before, after, nil
}

// CompactIfWasteful compacts a journal that is large and mostly empty, as it is after a burst. It reports whether it did.
func (s *Store) CompactIfWasteful(ctx context.Context) (bool, error) {
	file, used := s.Size()
	if file < wastefulSize || float64(file-used) < wastefulShare*float64(file) {
		return false, nil
	}
	_, _, err := s.Compact(ctx)
	return err == nil, err
}

// copyCompact copies src to a new file, syncs it and examines it.
func copyCompact(ctx context.Context, src *bbolt.DB, path string) error {
	if err := ignoreMissing(os.Remove(path)); err != nil {
		return err
	}
	dst, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second, FreelistType: bbolt.FreelistMapType, NoSync: true})
	if err != nil {
		return err
	}
	if err := errors.Join(bbolt.Compact(dst, src, compactTx), dst.Sync(), dst.Close(), ctx.Err()); err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	_, err = examine(f, fileSize(path), false)
	return errors.Join(err, f.Close())
}

// swap puts the file at fresh in the journal's place. When it fails, the old file is used on.
func (s *Store) swap(fresh string) error {
	s.dbMu.Lock()
	defer s.dbMu.Unlock()
	if err := s.guard(s.db.Close); err != nil { // also for Windows, where an open file is not replaced
		return err
	}
	err := rename(fresh, s.path)
	if err == nil {
		err = syncFolder(filepath.Dir(s.path))
	}
	db, openErr := openDB(s.path, time.Second)
	if openErr == nil {
		s.db = db
		s.generation.Add(1)
	} // else the next call tries to open it, and says why it cannot
	return errors.Join(err, openErr)
}

// ignoreMissing drops the error of a file that is not there.
func ignoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// fileSize is the size of a file; 0 when that cannot be found out.
func fileSize(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// Check examines the whole journal as it is at this moment: its pages, the checksum of each record, and whether indexes,
// steps and counts fit the jobs. An error that wraps journal.ErrDamaged says what is wrong. Work goes on meanwhile, but
// the file cannot grow.
func (s *Store) Check(ctx context.Context) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.end()
	s.writeMu.Lock() // a commit meanwhile would use pages anew
	defer s.writeMu.Unlock()
	f, err := os.Open(s.path)
	if err != nil {
		return fmt.Errorf("check journal: %w", err)
	}
	_, err = examine(f, fileSize(s.path), false)
	if errors.Is(err, journal.ErrDamaged) {
		s.doubt.Store(true)
	}
	return errors.Join(err, f.Close())
}

// CheckFile examines the journal, or a copy of one, at path, which no process may be changing, without changing it.
func CheckFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("check journal: %w", err)
	}
	schema, err := examine(f, fileSize(path), false)
	if err == nil && schema > currentSchema {
		err = &SchemaError{Path: path, Found: schema, Known: currentSchema}
	}
	return errors.Join(err, f.Close())
}
