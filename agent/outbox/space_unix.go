//go:build unix

package outbox

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// SpaceOf asks for the space on the disk of a folder that is there. On a network share that does not answer it may block
// for as long as the system likes.
func SpaceOf(dir string) (Space, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return Space{}, fmt.Errorf("ask for free disk of %s: %w", dir, err)
	}
	return Space{Free: s.Bavail * uint64(s.Bsize), Size: s.Blocks * uint64(s.Bsize)}, nil
}
