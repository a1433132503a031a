package bolt

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// Look opens the journal at path to be read, after it has been examined in full. Nothing is written: no owner, no copy,
// no migration, and a damaged file stays where it is. Whatever changes the journal fails.
//
// The error is a *HeldError while another process has the journal, a *SchemaError for one of another schema, one that wraps
// journal.ErrDamaged for a damaged one, and fs.ErrNotExist for none.
func Look(path string) (*Store, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("look into journal: %w", err)
	}
	own, err := lookOwner(sibling(path, ".owner"), path)
	if err != nil {
		return nil, err
	}
	s, err := look(path, own)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("look into journal: %w", err), own.release(false))
	}
	return s, nil
}

// lookOwner locks the owner file, if there is one that may be opened, and leaves it as it is.
func lookOwner(path, held string) (*owner, error) {
	if _, err := os.Stat(path); err != nil {
		return &owner{}, nil //nolint:nilerr // bbolt's own lock is left
	}
	o, err := takeOwner(path, held, defaultTimeout)
	if held := (*HeldError)(nil); err != nil && !errors.As(err, &held) {
		return &owner{}, nil // on a disk that may only be read, or of another account: bbolt's own lock is left
	}
	return o, err
}

func look(path string, own *owner) (*Store, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	schema, err := examine(f, fileSize(path), false)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	if schema != currentSchema {
		return nil, &SchemaError{Path: path, Found: schema, Known: currentSchema}
	}
	var db *bbolt.DB
	var counts map[CountKey]int
	err = recovering(func() error {
		var err error
		db, err = bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second, ReadOnly: true})
		if err != nil {
			return err
		}
		return db.View(func(tx *bbolt.Tx) error {
			counts, err = loadCounts(tx)
			return err
		})
	})
	if errors.Is(err, berrors.ErrTimeout) {
		return nil, &HeldError{Path: path}
	}
	if err != nil {
		if db != nil {
			err = errors.Join(err, db.Close())
		}
		return nil, err
	}
	own.looks = true
	return newStore(path, slog.New(slog.DiscardHandler), own, db, counts), nil
}
