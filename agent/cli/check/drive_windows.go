package check

import (
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/windows"
)

var wnetGetConnection = windows.NewLazySystemDLL("mpr.dll").NewProc("WNetGetConnectionW")

// mappedDrive returns the drive of a path whose letter stands for a network share in this session alone, and the share's own
// name where Windows tells it.
func mappedDrive(path string) (drive, share string) {
	drive = filepath.VolumeName(path)
	if len(drive) != 2 || drive[1] != ':' {
		return "", ""
	}
	root, err := windows.UTF16PtrFromString(drive + `\`)
	if err != nil || windows.GetDriveType(root) != windows.DRIVE_REMOTE {
		return "", ""
	}
	name, err := windows.UTF16PtrFromString(drive)
	if err != nil {
		return drive, ""
	}
	buffer := make([]uint16, windows.MAX_LONG_PATH)
	size := uint32(len(buffer))
	code, _, _ := wnetGetConnection.Call(uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(&buffer[0])),
		uintptr(unsafe.Pointer(&size)))
	if code != 0 {
		return drive, ""
	}
	return drive, windows.UTF16ToString(buffer)
}
