package check

import (
	"fmt"

	"golang.org/x/sys/windows"
)

// freeDisk is how many bytes the account may still write on the folder's disk.
func freeDisk(dir string) (uint64, error) {
	path, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, fmt.Errorf("ask for free disk of %s: %w", dir, err)
	}
	var free uint64
	if err := windows.GetDiskFreeSpaceEx(path, &free, nil, nil); err != nil {
		return 0, fmt.Errorf("ask for free disk of %s: %w", dir, err)
	}
	return free, nil
}
