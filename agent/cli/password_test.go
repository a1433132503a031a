package cli

import (
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestPasswordFromStandardInput(t *testing.T) {
	before := os.Stdin
	t.Cleanup(func() { os.Stdin = before })
	for typed, want := range map[string]string{
		"se cret\n": "se cret", "secret\r\nmore\n": "secret", "\ufeffsecret": "secret", "": "", "\r\n": "",
	} {
		path := filepath.Join(t.TempDir(), "stdin")
		if err := os.WriteFile(path, []byte(typed), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		os.Stdin = f
		a := newApp(Process{Stdout: io.Discard, Stderr: io.Discard})
		got, err := a.password(&serviceFlags{password: "-"})
		if got != want || (err == nil) != (want != "") {
			t.Errorf("of %q it takes %q, %v", typed, got, err)
		}
		_ = f.Close()
	}
	if got, err := newApp(Process{}).password(&serviceFlags{password: "given"}); got != "given" || err != nil {
		t.Errorf("a password on the command line: %q, %v", got, err)
	}
}
