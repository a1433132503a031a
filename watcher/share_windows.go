package watcher

import (
	"fmt"
	"path/filepath"
	"strings"

	"golang.org/x/sys/windows"
)

// shareOf tells what kind of file system the folder, spelt by systemPath, lies on.
func shareOf(path string) (share, error) {
	if strings.HasPrefix(strings.ToUpper(path), `\\?\UNC\`) {
		return share{name: "smb", network: true, identities: true}, nil
	}
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return share{}, fmt.Errorf("volume of %s: %w", path, err)
	}
	volume := make([]uint16, windows.MAX_LONG_PATH)
	if err := windows.GetVolumePathName(name, &volume[0], uint32(len(volume))); err != nil {
		return share{}, fmt.Errorf("volume of %s: %w", path, err)
	}
	if windows.GetDriveType(&volume[0]) == windows.DRIVE_REMOTE {
		return share{name: "network drive", network: true, identities: true}, nil
	}
	return share{name: "local", identities: true}, nil
}

// absenceHint says more about a root that is not there: a service does not see the drive letters that a user has
// connected.
func absenceHint(root string) string {
	drive := filepath.VolumeName(strings.TrimPrefix(root, `\\?\`))
	if len(drive) != 2 || drive[1] != ':' {
		return ""
	}
	name, err := windows.UTF16PtrFromString(drive + `\`)
	if err != nil || windows.GetDriveType(name) != windows.DRIVE_NO_ROOT_DIR {
		return ""
	}
	return "; this account has no drive " + drive + ` (a network drive is better named \\server\share\folder)`
}
