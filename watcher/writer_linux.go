package watcher

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// checkWriter asks the kernel for a read lease, which it refuses while anyone has the file open for writing, and
// gives it back at once. On a share only the right to read is checked: leases there say nothing about writers on
// other machines.
func checkWriter(path string, share bool) (writer, error) {
	// Not waiting keeps a pipe that has taken the file's name, or another program's lease, from holding us.
	const flags = unix.O_RDONLY | unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_NOCTTY | unix.O_CLOEXEC
	fd, err := retry(func() (int, error) { return unix.Open(path, flags, 0) })
	if errors.Is(err, unix.EWOULDBLOCK) {
		return hasWriter, nil // someone, as a file server does, holds a lease because of a writer
	}
	if err != nil {
		return failedCheck, fmt.Errorf("open %s: %w", path, err)
	}
	defer func() { _ = unix.Close(fd) }() // nothing was written to it
	if share {
		return unknownWriter, nil
	}
	_, err = retry(func() (int, error) { return unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, unix.F_RDLCK) })
	switch {
	case err == nil:
		// Closing would give the lease back too, but not before a waiting writer was told to wait.
		_, _ = unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, unix.F_UNLCK)
		return noWriter, nil
	case errors.Is(err, unix.EAGAIN):
		return hasWriter, nil
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM), errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOLCK):
		return unknownWriter, nil // not the owner of the file, or the file system has no leases
	default:
		return failedCheck, fmt.Errorf("lease %s: %w", path, err)
	}
}

// retry repeats a call that a signal interrupted.
func retry(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}
