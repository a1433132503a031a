package outbox

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Replace makes path a file that holds data, in place of the one that is there, if any. Whoever opens path at any
// moment finds the whole old file or the whole new one. When Replace returns nil, the new one is durable.
//
// Missing parent folders are made. After an error path is as it was and nothing temporary is left, unless the
// process dies: see Sweep. Calls for one path may overlap; one of them is last.
func Replace(path string, data []byte) error {
	return ReplaceFrom(path, writeAll(data))
}

// ReplaceFrom is Replace with the content that write writes. write is called at most once; its error is returned
// wrapped.
func ReplaceFrom(path string, write func(io.Writer) error) error {
	if err := publish(path, write, replace); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// Create is Replace that never touches an existing file: fs.ErrExist when there is anything at path, a folder or a
// symbolic link included. Of several calls for one path exactly one succeeds.
//
// Where the file system has neither an exclusive rename nor hard links (some FUSE file systems), that holds among
// the calls of one process only.
func Create(path string, data []byte) error {
	return CreateFrom(path, writeAll(data))
}

// CreateFrom is Create with the content that write writes. write is called at most once, and not at all when path
// is seen to be taken.
func CreateFrom(path string, write func(io.Writer) error) error {
	switch _, err := os.Lstat(path); {
	case err == nil:
		return fmt.Errorf("create %s: %w", path, fs.ErrExist)
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("create %s: %w", path, err)
	}
	if err := publish(path, write, renameExclusive); err != nil {
		return fmt.Errorf("create %s: %w", path, err)
	}
	return nil
}

func writeAll(data []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	}
}

// publish writes a temporary beside path and brings it to path with rename.
func publish(path string, write func(io.Writer) error, rename func(from, to string) error) error {
	dir, name := filepath.Split(path)
	if name == "" {
		return fmt.Errorf("not a file name: %w", fs.ErrInvalid)
	}
	dir = filepath.Clean(dir)
	if err := makeFolder(dir); err != nil {
		return err
	}
	temporary := filepath.Join(dir, temporaryName(name, randomTag()))
	if err := writeNew(temporary, write); err != nil {
		return err
	}
	if err := rename(temporary, path); err != nil {
		return errors.Join(err, discard(temporary))
	}
	return syncDir(dir)
}

// writeNew makes a new file and syncs what write writes into it. After an error, or a panic of write, there is no
// such file.
func writeNew(path string, write func(io.Writer) error) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	whole := false
	defer func() {
		if !whole {
			err = errors.Join(err, discard(path))
		}
	}()
	defer f.Close() // for a panic of write; otherwise it is closed and checked below
	if err := write(f); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	whole = true
	return nil
}

// discard removes a temporary that is in the way no more.
func discard(path string) error {
	if err := retryBusy(func() error { return os.RemoveAll(path) }); err != nil {
		return fmt.Errorf("remove temporary: %w", err)
	}
	return nil
}
