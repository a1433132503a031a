package bolt

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"kurir/agent/journal"
)

// openDB opens the bbolt file under recover: bbolt panics on some kinds of damage. When it does, the error wraps
// journal.ErrDamaged and the file is closed again, so that it can be renamed on Windows too.
//
// The free list is written with every commit. Without it, each start and each failed commit would walk the whole file,
// and bbolt does that in a goroutine of its own, where a panic cannot be recovered.
func openDB(path string, timeout time.Duration) (db *bbolt.DB, err error) {
	var file *os.File
	opts := &bbolt.Options{
		Timeout:      timeout,
		FreelistType: bbolt.FreelistMapType,
		OpenFile: func(name string, flag int, perm os.FileMode) (*os.File, error) {
			f, err := os.OpenFile(name, flag, perm)
			file = f
			return f, err
		},
	}
	err = recovering(func() error {
		var err error
		db, err = bbolt.Open(path, 0o600, opts)
		return err
	})
	if errors.Is(err, journal.ErrDamaged) && file != nil {
		return nil, errors.Join(err, ignoreClosed(file.Close()))
	}
	return db, err
}

// ignoreClosed drops the error of closing a file twice.
func ignoreClosed(err error) error {
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

// recovering calls fn and turns a panic, and a fault in the memory-mapped file, into an error that wraps journal.ErrDamaged.
func recovering(fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %w", journal.ErrDamaged, &panicError{value: p, stack: debug.Stack()})
		}
	}()
	return fn()
}

// panicError is a recovered panic.
type panicError struct {
	value any
	stack []byte
}

// Error implements error.
func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

// guard is recovering, and remembers that the file needs a full check.
func (s *Store) guard(fn func() error) error {
	err := recovering(fn)
	if errors.Is(err, journal.ErrDamaged) {
		s.doubt.Store(true)
	}
	var p *panicError
	if errors.As(err, &p) {
		s.log.Error("journal panicked", "panic", p.Error(), "stack", string(p.stack))
	}
	return err
}

// view runs fn in a read transaction. fn must copy what it keeps, and must be quick: the file cannot grow meanwhile.
func (s *Store) view(fn func(*bbolt.Tx) error) error {
	return s.withDB(func(db *bbolt.DB) error { return db.View(fn) })
}

// update runs fn in a write transaction. Only the committer calls it.
func (s *Store) update(fn func(*bbolt.Tx) error) error {
	return s.withDB(func(db *bbolt.DB) error { return db.Update(fn) })
}

// withDB calls fn with the database. A database that has lost its memory map, as happens when a disk is too full for
// the file to grow on Windows, is opened again first.
func (s *Store) withDB(fn func(*bbolt.DB) error) error {
	err := s.tryDB(fn)
	if !errors.Is(err, berrors.ErrInvalidMapping) && !errors.Is(err, berrors.ErrDatabaseNotOpen) {
		return err
	}
	if err := s.revive(); err != nil {
		return fmt.Errorf("open journal again: %w", err)
	}
	return s.tryDB(fn)
}

// tryDB calls fn with the database as it is.
func (s *Store) tryDB(fn func(*bbolt.DB) error) error {
	s.dbMu.RLock()
	defer s.dbMu.RUnlock()
	return s.guard(func() error { return fn(s.db) })
}

// revive opens the database again if it cannot be used any more.
func (s *Store) revive() error {
	s.dbMu.Lock()
	defer s.dbMu.Unlock()
	tx, err := s.db.Begin(false)
	if err == nil {
		return tx.Rollback() // someone else has done it
	}
	s.log.Warn("journal is opened again", "error", err)
	if err := s.guard(s.db.Close); err != nil {
		return err
	}
	db, err := openDB(s.path, time.Second)
	if err != nil {
		return err
	}
	s.db = db
	return nil
}
