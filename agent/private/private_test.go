package private_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"kurir/agent/private"
)

func TestMakeFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	for range 2 { // the second time it is there
		if err := private.MakeFolder(dir); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "token")
	if err := os.WriteFile(file, []byte("secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	if exposed, err := private.Exposed(file); runtime.GOOS != "windows" && (err != nil || exposed) { // there TestRestrict looks
		t.Errorf("what is in it can be read by others: %t, %v", exposed, err)
	}
	if err := private.MakeFolder(file); err == nil {
		t.Error("a file was taken for a folder")
	}
}

func TestExposed(t *testing.T) {
	if _, err := private.Exposed(filepath.Join(t.TempDir(), "missing")); err == nil {
		t.Error("it can tell of what is not there")
	}
}
