//go:build !windows

package private

import (
	"io/fs"
	"os"
	"path/filepath"
)

// Restrict leaves what was there before as others have set it up: what is made with a mode needs no more here.
func Restrict(string) error { return nil }

// Exposed reports whether accounts can read a file that have nothing to do with it: neither it nor a folder above it keeps
// them out. A group is who has been given something. An error means that this account cannot tell.
func Exposed(path string) (bool, error) {
	const othersRead, othersEnter fs.FileMode = 0o004, 0o001
	info, err := os.Stat(path)
	if err != nil || info.Mode()&othersRead == 0 {
		return false, err
	}
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil || info.Mode()&othersEnter == 0 {
			return false, err
		}
		if dir == filepath.Dir(dir) {
			return true, nil
		}
	}
}

// Changeable reports whether accounts can change a file that have nothing to do with it.
func Changeable(path string) (bool, error) {
	const othersWrite fs.FileMode = 0o002
	info, err := os.Stat(path)
	return err == nil && info.Mode()&othersWrite != 0, err
}

// Remedy is a command that keeps others from reading a file.
func Remedy(path string) string { return "chmod o= " + path }
