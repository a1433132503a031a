//go:build unix

package upload_test

import (
	"time"

	"golang.org/x/sys/unix"
)

// processorTime is what this process has used so far, in all its threads, in user space and the kernel.
func processorTime() time.Duration {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// calmDisk waits until what was written so far is on the disk.
func calmDisk() { unix.Sync() }
