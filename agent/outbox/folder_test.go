package outbox

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func TestRemoveEmpty(t *testing.T) {
	for _, c := range []struct {
		name      string
		make      []string // folders end with a slash
		dir       string
		remaining []string
	}{
		{"upward to stop", []string{"SET/a/b/"}, "SET/a/b", nil},
		{"below", []string{"SET/a/b/", "SET/c/"}, "SET", nil},
		{"beside something", []string{"SET/a/b/", "other/"}, "SET/a", []string{"other/"}},
		{"with a file above", []string{"SET/a/b/", "SET/Thumbs.db"}, "SET/a/b", []string{"SET/", "SET/Thumbs.db"}},
		{"with a file below", []string{"SET/a/b/", "SET/c/x"}, "SET", []string{"SET/", "SET/c/", "SET/c/x"}},
		{"gone already", []string{"SET/"}, "SET/a", nil},
		{"all gone", nil, "SET/a/b", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir()
			for _, m := range c.make {
				path := filepath.Join(root, m)
				if m[len(m)-1] != '/' {
					write(t, path, nil)
				} else if err := os.MkdirAll(path, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			if err := RemoveEmpty(filepath.Join(root, c.dir), root); err != nil {
				t.Fatal(err)
			}
			wantNames(t, root, c.remaining...)
		})
	}
}

func TestRemoveEmptyStaysBelow(t *testing.T) {
	root := t.TempDir()
	inbox := filepath.Join(root, "inbox")
	if err := os.MkdirAll(filepath.Join(root, "elsewhere"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(inbox, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{inbox, root, filepath.Join(root, "elsewhere"), filepath.Join(inbox, "..", "elsewhere")} {
		if err := RemoveEmpty(dir, inbox); err == nil {
			t.Errorf("%s was taken to be below %s", dir, inbox)
		}
	}
	wantNames(t, root, "inbox/", "elsewhere/")
}

func TestRemoveEmptyKeepsLinks(t *testing.T) {
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "elsewhere", "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(root, "inbox", "SET"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := symlink("../../elsewhere", filepath.Join(root, "inbox", "SET", "link")); err != nil {
		t.Skip("no symbolic links here: ", err)
	}
	if err := RemoveEmpty(filepath.Join(root, "inbox", "SET"), filepath.Join(root, "inbox")); err != nil {
		t.Fatal(err)
	}
	wantNames(t, root, "inbox/", "inbox/SET/", "inbox/SET/link", "elsewhere/", "elsewhere/empty/")
}

// Many calls at once make and use the same folders.
func TestManyAtOnce(t *testing.T) {
	root := t.TempDir()
	var wait sync.WaitGroup
	var want []string
	for i := range 16 {
		day := fmt.Sprintf("sent/day-%d/", i%2)
		want = append(want, fmt.Sprintf("%sSET-%d", day, i), fmt.Sprintf("%sSET-%d.receipt.json", day, i))
		wait.Go(func() {
			src := filepath.Join(root, fmt.Sprintf("SET-%d", i))
			dst := filepath.Join(root, filepath.FromSlash(day), filepath.Base(src))
			write(t, src, []byte("set"))
			if err := Move(src, dst); err != nil {
				t.Error(err)
			}
			if err := Create(dst+".receipt.json", []byte("{}")); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	wantNames(t, root, append(want, "sent/", "sent/day-0/", "sent/day-1/")...)
}
