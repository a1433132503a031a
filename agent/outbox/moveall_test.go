package outbox

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestMoveAll(t *testing.T) {
	src, dst := t.TempDir(), t.TempDir()
	var pairs []Pair
	for _, name := range []string{"a", "b", "deep/c"} {
		p := Pair{filepath.Join(src, filepath.FromSlash(name)), filepath.Join(dst, "set", filepath.FromSlash(name))}
		if err := os.MkdirAll(filepath.Dir(p.Src), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p.Src, []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
		pairs = append(pairs, p)
	}
	for range 2 { // the second time all have moved already
		if err := MoveAll(pairs); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range pairs {
		if _, err := os.Stat(p.Src); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is still there: %v", p.Src, err)
		}
		if _, err := os.Stat(p.Dst); err != nil {
			t.Error(err)
		}
	}
	if err := os.WriteFile(pairs[0].Src, []byte("another"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := MoveAll(pairs[:1]); !errors.Is(err, fs.ErrExist) {
		t.Errorf("moved over another file: %v", err)
	}
	if b, err := os.ReadFile(pairs[0].Src); err != nil || string(b) != "another" {
		t.Errorf("source is %q, %v", b, err)
	}
}
