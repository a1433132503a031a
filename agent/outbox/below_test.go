package outbox

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestOpenBelow(t *testing.T) {
	dir := t.TempDir()
	write := func(rel, text string) {
		t.Helper()
		file := filepath.Join(dir, filepath.FromSlash(rel))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("out/a/b.jpg", "b")
	write("out/top.jpg", "top")
	write("secret.txt", "secret")
	out := filepath.Join(dir, "out")
	for rel, want := range map[string]string{"a/b.jpg": "b", "top.jpg": "top", "a/../top.jpg": "top", "./a/b.jpg": "b"} {
		f, err := OpenBelow(out, rel)
		if err != nil {
			t.Errorf("%s: %v", rel, err)
			continue
		}
		if b, err := io.ReadAll(f); err != nil || string(b) != want {
			t.Errorf("%s holds %q, %v", rel, b, err)
		}
		_ = f.Close()
	}
	if _, err := OpenBelow(out, "a/none.jpg"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what is not there: %v", err)
	}
	refused := []string{"", ".", "a", "../secret.txt", "a/../../secret.txt", filepath.ToSlash(dir) + "/secret.txt", "top.jpg/x"}
	if runtime.GOOS != "windows" {
		refused = append(refused, link(t, "../secret.txt", filepath.Join(out, "out-link")),
			link(t, "top.jpg", filepath.Join(out, "in-link")), link(t, "a", filepath.Join(out, "folder-link"))+"/b.jpg")
	}
	for _, rel := range refused {
		if f, err := OpenBelow(out, rel); !errors.Is(err, ErrNotPlain) {
			t.Errorf("%q: opened %v, error %v", rel, f != nil, err)
		}
	}
}

func link(t *testing.T, to, at string) string {
	t.Helper()
	if err := os.Symlink(to, at); err != nil {
		t.Fatal(err)
	}
	return filepath.Base(at)
}
