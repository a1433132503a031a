//go:build unix

package check

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// freeDisk is how many bytes the account may still write on the folder's disk.
func freeDisk(dir string) (uint64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, fmt.Errorf("ask for free disk of %s: %w", dir, err)
	}
	return s.Bavail * uint64(s.Bsize), nil
}
