package bolt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
)

// Size returns how many bytes the file has, and how many of them hold something; it shrinks when it is compacted. Both are zero
// when that cannot be found out, and when the journal is closed.
func (s *Store) Size() (file, used int64) {
	if s.begin(context.Background()) != nil {
		return 0, 0
	}
	defer s.end()
	err := s.view(func(tx *bbolt.Tx) error {
		stats := tx.DB().Stats()
		used = tx.Size() - int64(stats.FreePageN+stats.PendingPageN)*int64(tx.DB().Info().PageSize)
		return nil
	})
	info, statErr := os.Stat(s.path)
	if err != nil || statErr != nil {
		return 0, 0
	}
	return info.Size(), used
}

// Backup writes a copy of the journal, as it is at this moment, to w. Changes go on meanwhile, but the file cannot grow
// before it ends: w must be quick, such as a file.
func (s *Store) Backup(w io.Writer) error {
	if err := s.begin(context.Background()); err != nil {
		return err
	}
	defer s.end()
	err := s.view(func(tx *bbolt.Tx) error {
		_, err := tx.WriteTo(w)
		return err
	})
	if err != nil {
		return fmt.Errorf("copy journal: %w", err)
	}
	return nil
}

// BackupFile writes a copy of the journal to the file at path, which it replaces once the copy is complete and durable.
func (s *Store) BackupFile(path string) error { return writeCopy(path, s.Backup) }

// writeCopy makes what write writes the file at path, once it is complete and durable.
func writeCopy(path string, write func(io.Writer) error) error {
	unfinished := path + ".new"
	f, err := os.OpenFile(unfinished, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("create copy of journal: %w", err)
	}
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return errors.Join(fmt.Errorf("write copy of journal: %w", err), os.Remove(unfinished))
	}
	if err := rename(unfinished, path); err != nil {
		return errors.Join(fmt.Errorf("put copy of journal in place: %w", err), os.Remove(unfinished))
	}
	if err := syncFolder(filepath.Dir(path)); err != nil {
		return fmt.Errorf("sync folder of journal's copy: %w", err)
	}
	return nil
}

// SaveCopy writes a new file at path, which must not be there yet, and examines what write has written: the name belongs
// to a journal that is whole and durable, or after a crash to an empty file.
func SaveCopy(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // takes the name
	if err != nil {
		return fmt.Errorf("create copy of journal: %w", err)
	}
	err = f.Close()
	if err == nil {
		err = writeCopy(path, write)
	}
	if err == nil {
		err = CheckFile(path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// keepCopy keeps a copy of a journal that has just been opened. A failure of that is no reason not to work.
func (s *Store) keepCopy() {
	if file, _ := s.Size(); file > copyLimit {
		return
	}
	if err := s.BackupFile(sibling(s.path, ".bak")); err != nil {
		s.log.Warn("journal not copied", "error", err)
	}
}
