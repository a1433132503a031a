package watcher

import (
	"errors"
	"io/fs"
	"syscall"
	"time"
)

// info is what lstat tells about a path.
type info struct {
	stamp
	mode    fs.FileMode // the type bits
	dev     uint64      // the file system it lies on
	changed time.Time   // when anything about it changed last (ctime); zero where this is not told
}

// sameFolder says whether both are the same folder of the same mounted file system. The time of birth does not
// count: some file servers make it up from times that change.
func (in info) sameFolder(other info) bool {
	return in.dev == other.dev && in.id.index == other.id.index
}

// notThere says that the error means that nothing is at that path.
func notThere(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// leftAlone says in words why something of this type is left alone; "" for regular files and folders.
func leftAlone(mode fs.FileMode) string {
	switch {
	case mode.IsRegular(), mode.IsDir():
		return ""
	case mode&fs.ModeSymlink != 0:
		return "symbolic link"
	case mode&fs.ModeDevice != 0:
		return "device"
	case mode&fs.ModeNamedPipe != 0:
		return "pipe"
	case mode&fs.ModeSocket != 0:
		return "socket"
	default:
		return "neither a file nor a folder"
	}
}

// unreadable says in words what an error of reading something means.
func unreadable(err error) string {
	if errors.Is(err, fs.ErrPermission) {
		return "no permission to read"
	}
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		err = pe.Err
	}
	return "cannot be read: " + err.Error()
}
