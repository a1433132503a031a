package service

import (
	"fmt"
	"path/filepath"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

var wnetGetConnection = windows.NewLazySystemDLL("mpr.dll").NewProc("WNetGetConnectionW")

// refuseDrives refuses paths on drives whose letter stands for a network share: the letter belongs to the user who has
// connected it, and a service is another one.
func (s *Service) refuseDrives(p Plan) error {
	paths := []string{p.Executable, p.Config, p.DataDir, p.LogFile}
	for _, in := range p.Inboxes {
		paths = append(paths, in.Path, in.Outbox)
	}
	for _, path := range paths {
		drive, share := MappedDrive(path)
		if drive == "" {
			continue
		}
		if share == "" {
			share = `\\server\share`
		}
		return fmt.Errorf(s.o.Say("%s ada di drive jaringan %s, yang tidak dilihat layanan; tulis %s",
			"%s is on the network drive %s, which a service does not see; write %s"), path, drive, share+path[len(drive):])
	}
	return nil
}

// MappedDrive returns the drive of a path whose letter stands for a network share, and the share's own name where Windows
// tells it. An administrator's terminal does not see the drives of the same user's desktop, so those that are connected
// again at each logon count as well.
func MappedDrive(path string) (drive, share string) {
	drive = filepath.VolumeName(path)
	if len(drive) != 2 || drive[1] != ':' {
		return "", ""
	}
	root, err := windows.UTF16PtrFromString(drive + `\`)
	if err != nil {
		return "", ""
	}
	switch windows.GetDriveType(root) {
	case windows.DRIVE_REMOTE:
		if share = connectedTo(drive); share == "" {
			share = rememberedAs(drive)
		}
		return drive, share
	case windows.DRIVE_NO_ROOT_DIR:
		if share = rememberedAs(drive); share != "" {
			return drive, share
		}
	}
	return "", ""
}

// connectedTo asks for the share behind a drive of this session.
func connectedTo(drive string) string {
	name, err := windows.UTF16PtrFromString(drive)
	if err != nil || wnetGetConnection.Find() != nil {
		return ""
	}
	buffer := make([]uint16, windows.MAX_LONG_PATH)
	size := uint32(len(buffer))
	code, _, _ := wnetGetConnection.Call(uintptr(unsafe.Pointer(name)),
		uintptr(unsafe.Pointer(&buffer[0])), uintptr(unsafe.Pointer(&size)))
	if code != 0 {
		return ""
	}
	return windows.UTF16ToString(buffer)
}

// rememberedAs looks the drive up among those that Windows connects at each logon of this user.
func rememberedAs(drive string) string {
	key, err := registry.OpenKey(registry.CURRENT_USER, `Network\`+strings.ToUpper(drive[:1]), registry.QUERY_VALUE)
	if err != nil {
		return ""
	}
	defer key.Close()
	share, _, err := key.GetStringValue("RemotePath")
	if err != nil {
		return ""
	}
	return share
}
