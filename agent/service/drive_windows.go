package service

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

var wnetGetConnection = windows.NewLazySystemDLL("mpr.dll").NewProc("WNetGetConnectionW")

// refuseDrives refuses paths on drives whose letter belongs to the user who has connected or made it: a service is another
// one.
func (s *Service) refuseDrives(p Plan) error {
	paths := []string{p.Executable, p.Config, p.DataDir, p.LogFile}
	for _, in := range p.Inboxes {
		paths = append(paths, in.Path, in.Outbox)
	}
	paths = append(paths, p.Reads...)
	for _, path := range slices.Concat(paths, slices.Sorted(maps.Values(p.Credentials))) {
		if d, found := UsersDrive(path); found {
			wrong, remedy := d.Words(s.o.Say)
			return fmt.Errorf("%s: %s; %s", path, wrong, remedy)
		}
	}
	return nil
}

// UsersDrive finds the drive of a path that a service does not have: one that stands for a share, for a folder (subst), or
// for nothing here. An administrator's terminal does not see the drives of the same user's desktop, so those that are
// connected again at each logon count as well. What is made for the whole machine is nobody's.
func UsersDrive(path string) (d Drive, found bool) {
	letter := filepath.VolumeName(path)
	if len(letter) != 2 || letter[1] != ':' {
		return Drive{}, false
	}
	d.Letter = letter
	root, err := windows.UTF16PtrFromString(letter + `\`)
	if err != nil {
		return Drive{}, false
	}
	switch windows.GetDriveType(root) {
	case windows.DRIVE_REMOTE:
		d.Kind = Share
		if d.Behind = connectedTo(letter); d.Behind == "" {
			d.Behind = rememberedAs(letter)
		}
	case windows.DRIVE_NO_ROOT_DIR:
		if d.Behind = rememberedAs(letter); d.Behind != "" {
			d.Kind = Share
		}
	}
	if d.Kind != Share {
		if behind := substituted(deviceOf(letter)); behind != "" && !everyones(letter) {
			d.Kind, d.Behind = Substituted, behind
		} else if windows.GetDriveType(root) != windows.DRIVE_NO_ROOT_DIR {
			return Drive{}, false
		}
	}
	if d.Behind != "" {
		d.Instead = strings.TrimSuffix(d.Behind, `\`) + path[len(letter):]
	}
	return d, true
}

// deviceOf asks what a drive letter stands for in the system's own names.
func deviceOf(letter string) string {
	name, err := windows.UTF16PtrFromString(letter)
	if err != nil {
		return ""
	}
	var buffer [windows.MAX_LONG_PATH]uint16
	if n, err := windows.QueryDosDevice(name, &buffer[0], uint32(len(buffer))); err != nil || n == 0 {
		return ""
	}
	return windows.UTF16ToString(buffer[:])
}

// substituted is the folder or share that a letter was made for with subst, of what deviceOf says; "" for a disk.
func substituted(device string) string {
	path, made := strings.CutPrefix(device, `\??\`)
	if share, far := strings.CutPrefix(path, `UNC\`); made && far {
		return `\\` + share
	}
	if !made || filepath.VolumeName(path) == "" {
		return ""
	}
	return path
}

// everyones reports whether the letter is made for the whole machine when it starts.
func everyones(letter string) bool {
	const made = `SYSTEM\CurrentControlSet\Control\Session Manager\DOS Devices`
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, made, registry.QUERY_VALUE)
	if err != nil {
		return false
	}
	defer key.Close()
	_, _, err = key.GetStringValue(strings.ToUpper(letter))
	return err == nil
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
