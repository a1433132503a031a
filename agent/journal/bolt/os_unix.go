//go:build unix

package bolt

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
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

// giveBack gives a file that root has made to the owner of the file at like, or where that is root's too or not there to the
// folder's: the service that works with the folder has to be able to open what root leaves behind. Only what root alone can
// have put there is given, and no link leads it elsewhere.
func giveBack(path, like string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	for _, of := range []string{like, filepath.Dir(path)} {
		info, err := os.Lstat(of)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Uid != 0 {
			return give(path, int(st.Uid), int(st.Gid))
		}
	}
	return nil
}

// give gives a file of root's away.
func give(path string, uid, gid int) error {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || st.Uid != 0 || !info.Mode().IsRegular() || st.Nlink != 1 {
		return nil
	}
	return f.Chown(uid, gid)
}

// syncFolder makes the names in a folder durable.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
