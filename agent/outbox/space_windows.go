package outbox

import (
	"fmt"

	"golang.org/x/sys/windows"
)

// SpaceOf asks for the space on the disk of a folder that is there. On a network share that does not answer it may block
// for as long as the system likes.
func SpaceOf(dir string) (Space, error) {
	path, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return Space{}, fmt.Errorf("ask for free disk of %s: %w", dir, err)
	}
	var s Space
	if err := windows.GetDiskFreeSpaceEx(path, &s.Free, &s.Size, nil); err != nil {
		return Space{}, fmt.Errorf("ask for free disk of %s: %w", dir, err)
	}
	return s, nil
}
