//go:build !linux && !windows

package watcher

import (
	"fmt"
	"os"
	"syscall"
)

// checkWriter finds out whether the file can be read. Writers cannot be seen here: only the settle time decides.
func checkWriter(path string, _ bool) (writer, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return failedCheck, fmt.Errorf("check %s: %w", path, err)
	}
	if err := f.Close(); err != nil {
		return failedCheck, fmt.Errorf("check %s: %w", path, err)
	}
	return unknownWriter, nil
}
