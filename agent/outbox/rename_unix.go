//go:build unix

package outbox

import (
	"errors"
	"io/fs"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

func replace(from, to string) error { return os.Rename(from, to) }

// renameExclusive renames unless there is something at to: fs.ErrExist.
func renameExclusive(from, to string) error {
	err := renameNoReplace(from, to)
	for errors.Is(err, unix.EINTR) {
		err = renameNoReplace(from, to)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOSYS), errors.Is(err, unix.ENOTSUP):
		return renameByLink(from, to)
	}
	return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
}

// renameByLink is for file systems without an exclusive rename, NFS for one. A second name is refused when it is
// taken; a process that dies before it has removed the first leaves both, of one complete file.
func renameByLink(from, to string) error {
	info, err := os.Lstat(from)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return renameChecked(from, to)
	}
	switch err := os.Link(from, to); {
	case err == nil:
		return os.Remove(from)
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.ENOSYS), errors.Is(err, unix.ENOTSUP), errors.Is(err, unix.EMLINK):
		return renameChecked(from, to)
	default:
		return err
	}
}

// checked keeps the calls of this process from meeting between the look and the rename.
var checked sync.Mutex

// renameChecked looks before it renames. A folder is safe with that, since rename replaces no folder that has
// something in it.
func renameChecked(from, to string) error {
	checked.Lock()
	defer checked.Unlock()
	if _, err := os.Lstat(to); err == nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: fs.ErrExist}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Rename(from, to)
}

func isCrossDevice(err error) bool { return errors.Is(err, unix.EXDEV) }

// isNotEmpty says whether a folder could not be removed for what is in it or mounted on it.
func isNotEmpty(err error) bool {
	return errors.Is(err, unix.ENOTEMPTY) || errors.Is(err, unix.EEXIST) || errors.Is(err, unix.EBUSY)
}

// retryBusy is for Windows, where a virus scanner can hold a file for a moment.
func retryBusy(f func() error) error { return f() }

func removeDir(path string) error {
	if err := unix.Rmdir(path); err != nil {
		return &fs.PathError{Op: "rmdir", Path: path, Err: err}
	}
	return nil
}

func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
