//go:build unix

package beacukai

import (
	"os"
	"syscall"
)

// openFile opens a file for reading: no symbolic link, and without waiting should it have become a pipe.
func openFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
}
