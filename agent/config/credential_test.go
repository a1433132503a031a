package config_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kurir/agent/config"
)

// A service manager that runs as root hands secrets over under names of their own; the files themselves stay root's.
func TestCredentialsStandForFiles(t *testing.T) {
	dir, handed := t.TempDir(), t.TempDir()
	path, secret := filepath.Join(dir, "kurir.yaml"), filepath.Join(dir, "secrets", "token")
	text := "data_dir: data\nbeacukai: {base_url: https://gw.example, auth: {token: \"${file:secrets/token}\"}}\n" +
		"inboxes: [{name: a, kind: xray, path: in, outbox: out}]\n"
	write := func(path, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("CREDENTIALS_DIRECTORY", handed)
	write(path, text)
	write(secret, "from-the-file\n")
	load := func(want string) *config.Config {
		t.Helper()
		c, err := config.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Beacukai.Auth.Token.Reveal(); got != want {
			t.Errorf("the token is %q, want %q", got, want)
		}
		return c
	}
	c := load("from-the-file") // there is no credential for it
	if !slices.Equal(c.Secrets, []string{secret}) {
		t.Errorf("the secrets are %q", c.Secrets)
	}
	write(filepath.Join(handed, config.CredentialName(secret)), "from-root\n")
	load("from-root")

	// the configuration itself and its secrets need not even be there for the service to see
	write(filepath.Join(handed, config.CredentialName(path)), text)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	c = load("from-root")
	if c.Path != path || c.DataDir != filepath.Join(dir, "data") {
		t.Errorf("paths start elsewhere: %s, %s", c.Path, c.DataDir)
	}
}

func TestClientKeyIsASecret(t *testing.T) {
	dir, handed := t.TempDir(), t.TempDir()
	key := filepath.Join(dir, "client.key")
	t.Setenv("CREDENTIALS_DIRECTORY", handed)
	credential := filepath.Join(handed, config.CredentialName(key))
	if err := os.WriteFile(credential, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Parse([]byte("beacukai: {base_url: https://gw.example, auth: {token: a}, client_cert: client.pem, client_key: client.key}\n"+
		"inboxes: [{name: a, kind: xray, path: in, outbox: out}]\ndata_dir: data\n"), filepath.Join(dir, "kurir.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if c.Beacukai.ClientKey != credential || !slices.Equal(c.Secrets, []string{key}) {
		t.Errorf("the key is read from %s; secrets %q", c.Beacukai.ClientKey, c.Secrets)
	}
}

func TestCredentialNames(t *testing.T) {
	a, b := config.CredentialName("/etc/a/password"), config.CredentialName("/etc/b/password")
	if a == b || !strings.HasPrefix(a, "password-") {
		t.Errorf("two files are called %s and %s", a, b)
	}
	if odd := config.CredentialName("/etc/kata sandi:\"1%\"" + strings.Repeat("x", 300)); len(odd) > 120 || strings.ContainsAny(odd, " :\"%/\\") {
		t.Errorf("systemd would not take %s", odd)
	}
}
