package service

import (
	"crypto/sha1" //nolint:gosec // how Windows derives the number of a service's account from its name
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"unicode/utf16"
	"unsafe"

	"golang.org/x/sys/windows"
)

const (
	reading  = windows.FILE_GENERIC_READ | windows.FILE_GENERIC_EXECUTE
	changing = reading | windows.FILE_GENERIC_WRITE | windows.DELETE
	all      = windows.STANDARD_RIGHTS_ALL | 0x1ff // FILE_ALL_ACCESS
)

// account finds the number of an account. That of a service follows from its name, and is there before the service is.
func (s *Service) account(name string) (*windows.SID, error) {
	if len(name) > len(virtual) && same(name[:len(virtual)], virtual) {
		sid, err := windows.StringToSid(serviceSID(name[len(virtual):]))
		if err != nil {
			return nil, fmt.Errorf("number the account %s: %w", name, err)
		}
		return sid, nil
	}
	if same(name, "LocalSystem") {
		return windows.CreateWellKnownSid(windows.WinLocalSystemSid)
	}
	plain := strings.TrimPrefix(name, `.\`) // an account of this computer
	sid, _, _, err := windows.LookupSID("", plain)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrNoAccount, name, err)
	}
	return sid, nil
}

// serviceSID is the number of a service's own account: the SHA-1 of its name in capital letters, in five parts.
func serviceSID(service string) string {
	var name []byte
	for _, unit := range utf16.Encode([]rune(strings.ToUpper(service))) {
		name = binary.LittleEndian.AppendUint16(name, unit)
	}
	sum := sha1.Sum(name) //nolint:gosec // as above
	sid := "S-1-5-80"
	for i := 0; i < len(sum); i += 4 {
		sid += fmt.Sprintf("-%d", binary.LittleEndian.Uint32(sum[i:]))
	}
	return sid
}

// entry allows an account something, and in a folder also whatever is or will be in it.
func entry(account *windows.SID, rights windows.ACCESS_MASK) windows.EXPLICIT_ACCESS {
	return windows.EXPLICIT_ACCESS{
		AccessPermissions: rights,
		AccessMode:        windows.GRANT_ACCESS,
		Inheritance:       windows.SUB_CONTAINERS_AND_OBJECTS_INHERIT,
		Trustee: windows.TRUSTEE{
			TrusteeForm: windows.TRUSTEE_IS_SID, TrusteeType: windows.TRUSTEE_IS_UNKNOWN, TrusteeValue: windows.TrusteeValueFromSID(account),
		},
	}
}

// grant gives the account rights on a file or a folder, besides those that others have. Rights on a share are its
// server's to give: what to do there is said.
func (s *Service) grant(path string, account *windows.SID, rights windows.ACCESS_MASK) error {
	if onNetwork(path) {
		s.o.Note(fmt.Sprintf(s.o.Say(`%s ada di jaringan: beri akun layanan hak di sana (akun layanan sendiri: akun komputer DOMAIN\KOMPUTER$)`,
			`%s is on the network: give the service's account rights there (the service's own: the computer's, DOMAIN\COMPUTER$)`),
			path))
		return nil
	}
	sd, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return fmt.Errorf("read the rights on %s: %w", path, err)
	}
	before, _, err := sd.DACL()
	if err != nil {
		return fmt.Errorf("read the rights on %s: %w", path, err)
	}
	if before == nil || allowed(before, account)&rights == rights { // without a list everyone may do everything
		return nil // to set it anew would go through all that is in the folder
	}
	after, err := windows.ACLFromEntries([]windows.EXPLICIT_ACCESS{entry(account, rights)}, before)
	if err != nil {
		return fmt.Errorf("give rights on %s: %w", path, err)
	}
	if err := replaceList(path, sd, after); err != nil {
		return fmt.Errorf("give rights on %s: %w", path, err)
	}
	return nil
}

// replaceList gives a file or a folder another list of rights. One that inherits nothing goes on so.
func replaceList(path string, before *windows.SECURITY_DESCRIPTOR, list *windows.ACL) error {
	what := windows.SECURITY_INFORMATION(windows.DACL_SECURITY_INFORMATION)
	if control, _, err := before.Control(); err == nil && control&windows.SE_DACL_PROTECTED != 0 {
		what |= windows.PROTECTED_DACL_SECURITY_INFORMATION
	}
	return windows.SetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, what, nil, nil, list, nil)
}

// revoke takes away what grant and protect have given the account; what others have is left. What is not there, or is not
// this machine's, is passed over.
func (s *Service) revoke(path string, account *windows.SID) error {
	if onNetwork(path) {
		return nil
	}
	sd, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION)
	if errors.Is(err, windows.ERROR_FILE_NOT_FOUND) || errors.Is(err, windows.ERROR_PATH_NOT_FOUND) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the rights on %s: %w", path, err)
	}
	before, _, err := sd.DACL()
	if err != nil {
		return fmt.Errorf("read the rights on %s: %w", path, err)
	}
	if allowed(before, account) == 0 {
		return nil
	}
	after, err := without(before, account)
	if err != nil {
		return fmt.Errorf("take rights on %s away: %w", path, err)
	}
	if err := replaceList(path, sd, after); err != nil {
		return fmt.Errorf("take rights on %s away: %w", path, err)
	}
	return nil
}

// without is a list of rights without what it gives an account.
func without(acl *windows.ACL, account *windows.SID) (*windows.ACL, error) {
	e := entry(account, 0)
	e.AccessMode, e.Inheritance = windows.REVOKE_ACCESS, windows.NO_INHERITANCE
	return windows.ACLFromEntries([]windows.EXPLICIT_ACCESS{e}, acl)
}

// allowed are the rights that entries of its own give an account.
func allowed(acl *windows.ACL, account *windows.SID) (rights windows.ACCESS_MASK) {
	if acl == nil {
		return 0
	}
	for i := range acl.AceCount {
		var ace *windows.ACCESS_ALLOWED_ACE
		if windows.GetAce(acl, uint32(i), &ace) == nil && ace.Header.AceType == windows.ACCESS_ALLOWED_ACE_TYPE &&
			(*windows.SID)(unsafe.Pointer(&ace.SidStart)).Equals(account) {
			rights |= ace.Mask
		}
	}
	return rights
}

// onNetwork reports whether a path is that of a share.
func onNetwork(path string) bool { return strings.HasPrefix(filepath.VolumeName(path), `\\`) }

// protect leaves a file or a folder to the system and administrators, and the account has rights on it.
func protect(dir string, account *windows.SID, rights windows.ACCESS_MASK) error {
	entries := []windows.EXPLICIT_ACCESS{entry(account, rights)}
	for _, known := range []windows.WELL_KNOWN_SID_TYPE{windows.WinLocalSystemSid, windows.WinBuiltinAdministratorsSid} {
		sid, err := windows.CreateWellKnownSid(known)
		if err != nil {
			return fmt.Errorf("protect %s: %w", dir, err)
		}
		entries = append(entries, entry(sid, all))
	}
	acl, err := windows.ACLFromEntries(entries, nil)
	if err != nil {
		return fmt.Errorf("protect %s: %w", dir, err)
	}
	err = windows.SetNamedSecurityInfo(dir, windows.SE_FILE_OBJECT,
		windows.DACL_SECURITY_INFORMATION|windows.PROTECTED_DACL_SECURITY_INFORMATION, nil, nil, acl, nil)
	if err != nil {
		return fmt.Errorf("protect %s: %w", dir, err)
	}
	return nil
}
