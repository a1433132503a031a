package outbox

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/windows"
)

// replace renames over what is there, as on other systems also when that is marked read-only.
func replace(from, to string) error {
	if info, err := os.Lstat(to); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o200 == 0 {
		if err := os.Chmod(to, 0o600); err != nil {
			return err
		}
	}
	return rename(from, to, windows.MOVEFILE_REPLACE_EXISTING)
}

// renameExclusive renames unless there is something at to: fs.ErrExist.
func renameExclusive(from, to string) error { return rename(from, to, 0) }

func rename(from, to string, flags uint32) error {
	oldName, err := windows.UTF16PtrFromString(longPath(from))
	if err != nil {
		return err
	}
	newName, err := windows.UTF16PtrFromString(longPath(to))
	if err != nil {
		return err
	}
	err = retryBusy(func() error {
		return windows.MoveFileEx(oldName, newName, flags|windows.MOVEFILE_WRITE_THROUGH)
	})
	if err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}

// longPath spells a path so that it may have more than 260 characters.
func longPath(path string) string {
	full, err := filepath.Abs(path)
	if err != nil || len(full) < 248 || strings.HasPrefix(full, `\\?\`) || strings.HasPrefix(full, `\\.\`) {
		return path
	}
	if share, ok := strings.CutPrefix(full, `\\`); ok {
		return `\\?\UNC\` + share
	}
	return `\\?\` + full
}

// busyFor is how long another program may keep a file open before that is an error: virus scanners and indexers
// open what is new for some hundred milliseconds.
const busyFor = 3 * time.Second

// retryBusy calls f again while another program holds what it needs, for a bounded time. It asks often: a program
// that reads a status file again and again leaves short gaps only.
func retryBusy(f func() error) error {
	for pause, begin := 5*time.Millisecond, time.Now(); ; pause = min(2*pause, 25*time.Millisecond) {
		err := f()
		if err == nil || !isBusy(err) || time.Since(begin)+pause > busyFor {
			return err
		}
		time.Sleep(pause)
	}
}

// isBusy says whether an error may pass by itself. A file that is being scanned, or deleted while it is still open
// elsewhere, is also reported as access denied.
func isBusy(err error) bool {
	return errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_LOCK_VIOLATION) ||
		errors.Is(err, windows.ERROR_ACCESS_DENIED) || errors.Is(err, windows.ERROR_DELETE_PENDING)
}

func isCrossDevice(err error) bool { return errors.Is(err, windows.ERROR_NOT_SAME_DEVICE) }

func isNotEmpty(err error) bool { return errors.Is(err, windows.ERROR_DIR_NOT_EMPTY) }

func removeDir(path string) error {
	name, err := windows.UTF16PtrFromString(longPath(path))
	if err == nil {
		err = windows.RemoveDirectory(name)
	}
	if err != nil {
		return &fs.PathError{Op: "rmdir", Path: path, Err: err}
	}
	return nil
}

// syncDir does nothing: Windows has no such call for folders, and renames write through.
func syncDir(string) error { return nil }

// syncFile makes a file's content durable. A file that may not be opened for writing was synced by who made it so.
func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrPermission) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
