//go:build unix

package bolt

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// errLocked is tryLock's error when another process has the lock.
var errLocked error = unix.EWOULDBLOCK

// tryLock locks f until it is closed.
func tryLock(f *os.File) error {
	return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
}

// isMediaError reports whether err means that the disk cannot give the content any more.
func isMediaError(err error) bool { return errors.Is(err, syscall.EIO) }

// rename replaces to by from.
func rename(from, to string) error { return os.Rename(from, to) }

// syncFolder makes the names in a folder durable.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
