package watcher

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// lstat tells about a path without following a symbolic link in its last element.
func lstat(path string) (info, error) {
	in, err := statx(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW)
	if noStatx(err) {
		return toInfo(os.Lstat(path))
	}
	if err != nil {
		return info{}, &fs.PathError{Op: "lstat", Path: path, Err: err}
	}
	return in, nil
}

// fstat tells about an open file.
func fstat(f *os.File) (info, error) {
	in, err := statx(int(f.Fd()), "", unix.AT_EMPTY_PATH)
	if noStatx(err) {
		return toInfo(f.Stat())
	}
	if err != nil {
		return info{}, &fs.PathError{Op: "fstat", Path: f.Name(), Err: err}
	}
	return in, nil
}

// statx is asked for what os.Lstat does not tell: the time of birth.
func statx(dir int, path string, flags int) (info, error) {
	var st unix.Statx_t
	for {
		err := unix.Statx(dir, path, flags, unix.STATX_BASIC_STATS|unix.STATX_BTIME, &st)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return info{}, err
		}
		break
	}
	in := info{
		mode:    fileMode(uint32(st.Mode)),
		dev:     unix.Mkdev(st.Dev_major, st.Dev_minor),
		changed: time.Unix(st.Ctime.Sec, int64(st.Ctime.Nsec)),
		stamp: stamp{
			size: int64(st.Size),
			mod:  time.Unix(st.Mtime.Sec, int64(st.Mtime.Nsec)),
			id:   identity{index: st.Ino},
		},
	}
	if st.Mask&unix.STATX_BTIME != 0 {
		in.id.born = st.Btime.Sec*int64(time.Second) + int64(st.Btime.Nsec)
	}
	return in, nil
}

// noStatx says that the kernel, or a container's filter before it, does not know statx.
func noStatx(err error) bool {
	return errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM)
}

func fileMode(mode uint32) fs.FileMode {
	switch mode & unix.S_IFMT {
	case unix.S_IFREG:
		return 0
	case unix.S_IFDIR:
		return fs.ModeDir
	case unix.S_IFLNK:
		return fs.ModeSymlink
	case unix.S_IFIFO:
		return fs.ModeNamedPipe
	case unix.S_IFSOCK:
		return fs.ModeSocket
	case unix.S_IFBLK:
		return fs.ModeDevice
	case unix.S_IFCHR:
		return fs.ModeDevice | fs.ModeCharDevice
	default:
		return fs.ModeIrregular
	}
}

// toInfo is the way without statx.
func toInfo(fi fs.FileInfo, err error) (info, error) {
	if err != nil {
		return info{}, err
	}
	in := info{mode: fi.Mode().Type(), stamp: stamp{size: fi.Size(), mod: fi.ModTime()}}
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		in.dev, in.id.index = st.Dev, st.Ino
		in.changed = time.Unix(st.Ctim.Unix())
	}
	return in, nil
}
