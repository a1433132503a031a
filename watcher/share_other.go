//go:build unix && !linux

package watcher

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// systemPath is the spelling of a path that the system's calls are given.
func systemPath(path string) string { return path }

// absenceHint adds nothing here; see Windows.
func absenceHint(string) string { return "" }

// shareOf tells what kind of file system the folder lies on.
func shareOf(path string) (share, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return share{}, fmt.Errorf("statfs %s: %w", path, err)
	}
	if st.Flags&unix.MNT_LOCAL == 0 {
		return share{name: "network", network: true}, nil
	}
	return share{name: "local", identities: true}, nil
}
