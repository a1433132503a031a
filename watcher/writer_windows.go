package watcher

import (
	"errors"
	"fmt"

	"golang.org/x/sys/windows"
)

// checkWriter opens the file for reading with writing denied to others, which fails while someone has it open for
// writing, and closes it at once. On a share a refusal is to be believed; that nobody refused says little.
func checkWriter(path string, _ bool) (writer, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return failedCheck, fmt.Errorf("open %s: %w", path, err)
	}
	const share = windows.FILE_SHARE_READ | windows.FILE_SHARE_DELETE
	const flags = windows.FILE_FLAG_OPEN_REPARSE_POINT
	h, err := windows.CreateFile(name, windows.GENERIC_READ, share, nil, windows.OPEN_EXISTING, flags, 0)
	switch {
	case err == nil:
		if err := windows.CloseHandle(h); err != nil {
			return failedCheck, fmt.Errorf("close %s: %w", path, err)
		}
		return noWriter, nil
	case errors.Is(err, windows.ERROR_SHARING_VIOLATION), errors.Is(err, windows.ERROR_LOCK_VIOLATION):
		return hasWriter, nil
	default:
		return failedCheck, fmt.Errorf("open %s: %w", path, err)
	}
}
