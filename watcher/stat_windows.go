package watcher

import (
	"io/fs"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/windows"
)

// systemPath is the spelling of an absolute path that allows any length and any name.
func systemPath(path string) string {
	switch {
	case strings.HasPrefix(path, `\\?\`), strings.HasPrefix(path, `\\.\`):
		return path
	case strings.HasPrefix(path, `\\`):
		return `\\?\UNC\` + path[2:]
	default:
		return `\\?\` + path
	}
}

// lstat tells about a path without following a link in its last element. It asks for attributes only, which no
// other program's lock forbids and which disturbs none.
func lstat(path string) (info, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return info{}, &fs.PathError{Op: "lstat", Path: path, Err: err}
	}
	const share = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE
	const flags = windows.FILE_FLAG_BACKUP_SEMANTICS | windows.FILE_FLAG_OPEN_REPARSE_POINT
	h, err := windows.CreateFile(name, windows.FILE_READ_ATTRIBUTES, share, nil, windows.OPEN_EXISTING, flags, 0)
	if err != nil {
		return info{}, &fs.PathError{Op: "lstat", Path: path, Err: err}
	}
	defer func() { _ = windows.CloseHandle(h) }() // nothing was written to it
	return handleInfo(h, path)
}

// fstat tells about an open file.
func fstat(f *os.File) (info, error) { return handleInfo(windows.Handle(f.Fd()), f.Name()) }

func handleInfo(h windows.Handle, path string) (info, error) {
	var d windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(h, &d); err != nil {
		return info{}, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	in := info{
		dev: uint64(d.VolumeSerialNumber),
		stamp: stamp{
			size: int64(d.FileSizeHigh)<<32 | int64(d.FileSizeLow),
			mod:  time.Unix(0, d.LastWriteTime.Nanoseconds()),
			id:   identity{index: uint64(d.FileIndexHigh)<<32 | uint64(d.FileIndexLow)},
		},
	}
	switch {
	case d.FileAttributes&windows.FILE_ATTRIBUTE_REPARSE_POINT != 0:
		fi, err := os.Lstat(path) // knows the kinds of reparse points
		if err != nil {
			return info{}, err
		}
		in.mode = fi.Mode().Type()
	case d.FileAttributes&windows.FILE_ATTRIBUTE_DIRECTORY != 0:
		in.mode = fs.ModeDir
	}
	return in, nil
}
