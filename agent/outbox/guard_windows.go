package outbox

import (
	"errors"
	"fmt"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// mountOf returns where the volume is mounted that a path lies on, or would lie on once its missing folders are made.
func mountOf(path string) (string, error) {
	name, err := windows.UTF16PtrFromString(filepath.Clean(path))
	if err != nil {
		return "", err
	}
	buf := make([]uint16, windows.MAX_LONG_PATH)
	if err := windows.GetVolumePathName(name, &buf[0], uint32(len(buf))); err != nil {
		return "", fmt.Errorf("find volume of %s: %w", path, err)
	}
	return filepath.Clean(windows.UTF16ToString(buf)), nil
}

// isFull reports whether an error says that a disk, or someone's share of it, is full.
func isFull(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL) ||
		errors.Is(err, windows.ERROR_DISK_QUOTA_EXCEEDED)
}

// IsBroken reports whether an error says that a disk fails, has become read-only or has gone, so that what was written
// to it before may be lost too.
func IsBroken(err error) bool {
	for _, e := range []error{
		windows.ERROR_WRITE_PROTECT, windows.ERROR_NOT_READY, windows.ERROR_IO_DEVICE, windows.ERROR_WRITE_FAULT,
		windows.ERROR_CRC, windows.ERROR_DEV_NOT_EXIST, windows.ERROR_FILE_INVALID, windows.ERROR_NO_MEDIA_IN_DRIVE,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
