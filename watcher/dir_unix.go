//go:build unix

package watcher

import (
	"os"
	"syscall"
)

// openDir opens a folder for reading its entries; a link or anything else that has taken its name is an error.
func openDir(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
}
