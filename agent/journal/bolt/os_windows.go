package bolt

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// errLocked is tryLock's error when another process has the lock.
var errLocked error = windows.ERROR_LOCK_VIOLATION

// tryLock locks f until it is closed. The byte that is locked lies behind any content, so that others can read that.
func tryLock(f *os.File) error {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	return windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &windows.Overlapped{OffsetHigh: 1 << 30})
}

// isMediaError reports whether err means that the disk cannot give the content any more.
func isMediaError(err error) bool {
	return errors.Is(err, windows.ERROR_CRC) || errors.Is(err, windows.ERROR_SECTOR_NOT_FOUND) ||
		errors.Is(err, windows.ERROR_READ_FAULT) || errors.Is(err, windows.ERROR_IO_DEVICE)
}

// rename replaces to by from. Virus scanners and indexers open new files for a moment: it is tried for two seconds.
func rename(from, to string) error {
	deadline := time.Now().Add(2 * time.Second)
	for {
		err := os.Rename(from, to)
		busy := errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_ACCESS_DENIED)
		if !busy || time.Now().After(deadline) {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// giveBack does nothing: a new file has the rights of its folder.
func giveBack(string, string) error { return nil }

// syncFolder does nothing: Windows makes names durable by itself.
func syncFolder(string) error { return nil }
