package private

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Restrict leaves a file or a folder, with all that is and will be in it, to this account, the system and administrators.
// What it has been given before is taken away. An administrator's becomes the property of all administrators, so that who
// made it before them has no rights left either. Shares, whose rights are their servers' to give, and file systems without
// any are left as they are.
func Restrict(path string) error {
	if strings.HasPrefix(filepath.VolumeName(path), `\\`) {
		return nil
	}
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return fmt.Errorf("restrict %s: %w", path, err)
	}
	sd, err := windows.SecurityDescriptorFromString(rights(user.User.Sid))
	if err != nil {
		return fmt.Errorf("restrict %s: %w", path, err)
	}
	list, _, err := sd.DACL()
	if err != nil {
		return fmt.Errorf("restrict %s: %w", path, err)
	}
	what := windows.SECURITY_INFORMATION(windows.DACL_SECURITY_INFORMATION | windows.PROTECTED_DACL_SECURITY_INFORMATION)
	var owner *windows.SID
	if windows.GetCurrentProcessToken().IsElevated() {
		if owner, _, err = sd.Owner(); err != nil {
			return fmt.Errorf("restrict %s: %w", path, err)
		}
		what |= windows.OWNER_SECURITY_INFORMATION
	}
	err = windows.SetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, what, owner, nil, list, nil)
	if errors.Is(err, windows.ERROR_NOT_SUPPORTED) || errors.Is(err, windows.ERROR_INVALID_FUNCTION) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("restrict %s: %w", path, err)
	}
	return nil
}

// rights are those that Restrict leaves, in Windows' own notation: the owner, then the list, which nothing is inherited into.
func rights(user *windows.SID) string {
	return "O:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;" + user.String() + ")"
}

// everyone are the groups that every account of the machine is in.
var everyone = []windows.WELL_KNOWN_SID_TYPE{
	windows.WinWorldSid, windows.WinAuthenticatedUserSid, windows.WinBuiltinUsersSid, windows.WinInteractiveSid, windows.WinBuiltinGuestsSid,
}

// What lets one read a file, and what lets one change it or its rights.
const (
	reading  = windows.FILE_READ_DATA | windows.GENERIC_READ | windows.GENERIC_ALL
	changing = windows.FILE_WRITE_DATA | windows.FILE_APPEND_DATA | windows.DELETE | windows.WRITE_DAC | windows.WRITE_OWNER |
		windows.GENERIC_WRITE | windows.GENERIC_ALL
)

// Exposed reports whether accounts can read a file or a folder that have nothing to do with it. An error means that this
// account cannot tell.
func Exposed(path string) (bool, error) { return allowed(path, reading) }

// Changeable reports whether accounts can change a file that have nothing to do with it.
func Changeable(path string) (bool, error) { return allowed(path, changing) }

// allowed reports whether everyone has one of these rights.
func allowed(path string, rights windows.ACCESS_MASK) (bool, error) {
	sd, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return false, fmt.Errorf("read the rights on %s: %w", path, err)
	}
	list, _, err := sd.DACL()
	if err != nil {
		return false, fmt.Errorf("read the rights on %s: %w", path, err)
	}
	yes, err := allows(list, rights)
	if err != nil {
		return false, fmt.Errorf("read the rights on %s: %w", path, err)
	}
	return yes, nil
}

// allows reports whether a list of rights gives everyone one of these.
func allows(list *windows.ACL, rights windows.ACCESS_MASK) (bool, error) {
	if list == nil {
		return true, nil // without a list everyone may do everything
	}
	for i := range list.AceCount {
		var ace *windows.ACCESS_ALLOWED_ACE
		if err := windows.GetAce(list, uint32(i), &ace); err != nil {
			return false, err
		}
		if ace.Mask&rights != 0 && isForEveryone(ace) {
			return true, nil
		}
	}
	return false, nil
}

// isForEveryone reports whether an entry allows everyone something with the thing itself, and not only with what will be in
// it.
func isForEveryone(ace *windows.ACCESS_ALLOWED_ACE) bool {
	if ace.Header.AceType != windows.ACCESS_ALLOWED_ACE_TYPE || ace.Header.AceFlags&windows.INHERIT_ONLY_ACE != 0 {
		return false
	}
	who := (*windows.SID)(unsafe.Pointer(&ace.SidStart))
	for _, group := range everyone {
		if who.IsWellKnown(group) {
			return true
		}
	}
	return false
}

// Remedy is a command that leaves the file to administrators and the system.
func Remedy(path string) string {
	return fmt.Sprintf(`icacls "%s" /inheritance:r /grant:r *S-1-5-32-544:F *S-1-5-18:F`, path)
}
