package private

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/windows"
)

// A folder that is open to everyone, as those in %ProgramData% are, and a file made in it after it is restricted.
func TestRestrict(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "secrets")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	open(t, dir)
	if exposed, err := Exposed(dir); err != nil || !exposed {
		t.Fatalf("a folder for everyone is not exposed: %t, %v", exposed, err)
	}
	if err := Restrict(dir); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "password")
	if err := os.WriteFile(file, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != "secret" {
		t.Errorf("this account reads %q, %v", got, err)
	}
	if windows.NewLazySystemDLL("ntdll.dll").NewProc("wine_get_version").Find() == nil {
		t.Skip("Wine keeps rights as a mode of its own, in which everyone may read")
	}
	for _, path := range []string{dir, file} {
		if exposed, err := Exposed(path); err != nil || exposed {
			t.Errorf("%s is exposed: %t, %v", path, exposed, err)
		}
	}
}

// open gives everyone all rights.
func open(t *testing.T, path string) {
	t.Helper()
	sd, err := windows.SecurityDescriptorFromString("D:P(A;OICI;FA;;;WD)")
	if err != nil {
		t.Fatal(err)
	}
	list, _, err := sd.DACL()
	if err != nil {
		t.Fatal(err)
	}
	if err := windows.SetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION, nil, nil, list, nil); err != nil {
		t.Fatal(err)
	}
}

func TestWhoIsEveryone(t *testing.T) {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		t.Fatal(err)
	}
	for sddl, exposed := range map[string]bool{
		"D:(A;;FA;;;WD)": true, "D:(A;;FR;;;BU)": true, "D:(A;;0x1200a9;;;AU)": true, "D:(A;;FR;;;IU)": true,
		"D:(A;;FA;;;SY)(A;;FA;;;BA)": false, "D:(A;OICIIO;FA;;;BU)": false, "D:(D;;FA;;;WD)": false, "D:(A;;0x100000;;;WD)": false,
		"D:(A;;FR;;;S-1-5-80-1-2-3-4-5)": false, rights(user.User.Sid): false,
	} {
		sd, err := windows.SecurityDescriptorFromString(sddl)
		if err != nil {
			t.Fatalf("%s: %v", sddl, err)
		}
		list, _, err := sd.DACL()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := allows(list, reading); err != nil || got != exposed {
			t.Errorf("%s: %t, %v", sddl, got, err)
		}
		writes := map[string]bool{"D:(A;;FA;;;WD)": true}
		if got, err := allows(list, changing); err != nil || got != writes[sddl] {
			t.Errorf("%s can be changed: %t, %v", sddl, got, err)
		}
	}
}
