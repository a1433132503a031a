package cli

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// An ordinary user who asks how the service is doing is not told that its configuration is wrong.
func TestConfigurationOfAnotherAccount(t *testing.T) {
	if runtime.GOOS == "windows" || os.Geteuid() == 0 {
		t.Skip("no file is unreadable for this user")
	}
	site := aSite(t, true)
	secret := filepath.Join(filepath.Dir(site), "token")
	text, err := os.ReadFile(site)
	if err != nil {
		t.Fatal(err)
	}
	withFile := strings.Replace(string(text), "token: x", `token: "${file:token}"`, 1)
	for name, content := range map[string]string{site: withFile, secret: "x"} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, sealed := range []string{secret, site} {
		if err := os.Chmod(sealed, 0); err != nil {
			t.Fatal(err)
		}
		code, _, said := runCommand(t, "status", "-c", site)
		if code != exitUsage || !strings.Contains(said, "sudo") || strings.Contains(said, "correct") || strings.Contains(said, "readable text file") {
			t.Errorf("without %s: code %d\n%s", filepath.Base(sealed), code, said)
		}
	}
}
