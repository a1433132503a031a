//go:build unix

package upload

import (
	"os"
	"syscall"
)

// openRegular opens a file for reading without following a symbolic link and without waiting for a pipe's writer.
func openRegular(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
}
