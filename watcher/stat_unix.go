//go:build unix && !linux

package watcher

import (
	"io/fs"
	"os"
	"syscall"
)

// lstat tells about a path without following a symbolic link in its last element.
func lstat(path string) (info, error) { return toInfo(os.Lstat(path)) }

// fstat tells about an open file.
func fstat(f *os.File) (info, error) { return toInfo(f.Stat()) }

func toInfo(fi fs.FileInfo, err error) (info, error) {
	if err != nil {
		return info{}, err
	}
	in := info{mode: fi.Mode().Type(), stamp: stamp{size: fi.Size(), mod: fi.ModTime()}}
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		in.dev, in.id.index = uint64(st.Dev), st.Ino
	}
	return in, nil
}
