package config_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"kurir/agent/config"
)

func TestVariablesBesideTheConfiguration(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "lane.yaml")
	text := "data_dir: data\nbeacukai:\n  base_url: https://gw.example\n  auth: {token: '${KURIR_TEST_TOKEN}'}\n" +
		"  headers: {a: '${KURIR_TEST_A}', b: '${KURIR_TEST_B}', c: '${KURIR_TEST_C}'}\n" +
		"inboxes: [{name: x, kind: xray, path: in, outbox: out}]\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KURIR_TEST_TOKEN", "of-the-process")
	if _, err := config.Load(path); err == nil {
		t.Error("variables that are nowhere were taken")
	}
	variables := "# comment\n; another\n\nKURIR_TEST_A=plain\r\nKURIR_TEST_B = \"two words\"\nKURIR_TEST_C='a=b'\n" +
		"KURIR_TEST_TOKEN=of-the-file\nnonsense\n=x\n"
	if err := os.WriteFile(config.EnvironmentFile(path), []byte(variables), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"a": "plain", "b": "two words", "c": "a=b"} {
		if got := c.Beacukai.Headers[name].Reveal(); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got := c.Beacukai.Auth.Token.Reveal(); got != "of-the-process" {
		t.Errorf("the file comes before the process: %q", got)
	}
	if value, set := os.LookupEnv("KURIR_TEST_A"); set {
		t.Errorf("the process has got %q, which other programs would inherit", value)
	}
}

// TestWhatThisAccountMayNotRead is no mistake in the configuration, and whoever looks is not told to make a secret readable.
func TestWhatThisAccountMayNotRead(t *testing.T) {
	if runtime.GOOS == "windows" || os.Geteuid() == 0 {
		t.Skip("no file is unreadable for this user")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "kurir.yaml")
	text := "data_dir: data\nbeacukai:\n  base_url: https://gw.example\n  auth: {token: '${file:token}'}\n" +
		"  headers: {a: '${KURIR_TEST_SEALED}'}\ninboxes: [{name: x, kind: xray, path: in, outbox: out}]\n"
	for name, file := range map[string]struct {
		content string
		mode    os.FileMode
	}{path: {text, 0o600}, filepath.Join(dir, "token"): {"secret", 0}, config.EnvironmentFile(path): {"KURIR_TEST_SEALED=x", 0}} {
		if err := os.WriteFile(name, []byte(file.content), file.mode); err != nil {
			t.Fatal(err)
		}
	}
	_, err := config.Load(path)
	problems, ok := errors.AsType[config.Errors](err)
	if !ok || len(problems) != 2 || !errors.Is(err, fs.ErrPermission) {
		t.Fatalf("got %v", err)
	}
	for i, about := range []string{`"token"`, "kurir.env"} {
		p := problems[i]
		if !strings.Contains(p.Message, about) || !strings.Contains(p.Message, "may not be read by this account") ||
			!strings.Contains(p.Remedy, "account") || strings.Contains(p.Remedy, "readable") || strings.Contains(p.Remedy, "write ") {
			t.Errorf("it says %v", p)
		}
	}
	if err := os.WriteFile(path, []byte(text+"languagee: id\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Load(path); err == nil || errors.Is(err, fs.ErrPermission) {
		t.Errorf("with a mistake besides: %v", err)
	}
}
