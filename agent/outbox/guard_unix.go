//go:build unix

package outbox

import (
	"errors"
	"io/fs"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// mountOf returns where the file system is mounted that a path lies on, or would lie on once its missing folders are
// made: the highest folder above it on the same device.
func mountOf(path string) (string, error) {
	at := filepath.Clean(path)
	device, err := deviceOf(at)
	for errors.Is(err, fs.ErrNotExist) && filepath.Dir(at) != at {
		at = filepath.Dir(at)
		device, err = deviceOf(at)
	}
	if err != nil {
		return "", err
	}
	for filepath.Dir(at) != at {
		above, err := deviceOf(filepath.Dir(at))
		if err != nil {
			return "", err
		}
		if above != device {
			break
		}
		at = filepath.Dir(at)
	}
	return at, nil
}

func deviceOf(path string) (uint64, error) {
	var st unix.Stat_t
	for {
		err := unix.Stat(path, &st)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return 0, &fs.PathError{Op: "stat", Path: path, Err: err}
		}
		return number(st.Dev), nil
	}
}

// number is a device's number, whose type differs between systems.
func number[T ~int32 | ~uint64](dev T) uint64 { return uint64(dev) }

// isFull reports whether an error says that a disk, or someone's share of it, is full.
func isFull(err error) bool { return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) }

// IsBroken reports whether an error says that a disk fails, has become read-only or has gone, so that what was written
// to it before may be lost too.
func IsBroken(err error) bool {
	for _, e := range []error{unix.EIO, unix.EROFS, unix.ENXIO, unix.ENODEV, unix.ESTALE, unix.ENOTCONN} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
