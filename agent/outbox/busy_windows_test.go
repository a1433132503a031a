package outbox

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/windows"
)

// hold opens a file as a virus scanner might: others may read it meanwhile or, with share 0, not even that.
func hold(t *testing.T, path string, share uint32) windows.Handle {
	t.Helper()
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		t.Fatal(err)
	}
	h, err := windows.CreateFile(name, windows.GENERIC_READ, share, nil, windows.OPEN_EXISTING, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestBusyForAMoment(t *testing.T) {
	dir := t.TempDir()
	for name, act := range map[string]func(path string) error{
		"read": func(path string) error {
			data, err := Read(path)
			if err == nil && string(data) != "content" {
				t.Errorf("read %q", data)
			}
			return err
		},
		"replace": func(path string) error { return Replace(path, []byte("content")) },
		"move":    func(path string) error { return Move(path, path+"-2") },
		"copy":    func(path string) error { return moveAcross(path, path+"-2") },
	} {
		path := filepath.Join(dir, name)
		write(t, path, []byte("content"))
		share := uint32(windows.FILE_SHARE_READ)
		if name == "read" {
			share = 0
		}
		h := hold(t, path, share)
		begun := make(chan struct{})
		released := make(chan error, 1)
		go func() {
			<-begun
			<-time.After(150 * time.Millisecond)
			released <- windows.CloseHandle(h)
		}()
		close(begun)
		if err := act(path); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := <-released; err != nil {
			t.Fatal(err)
		}
	}
	wantNames(t, dir, "read", "replace", "move-2", "copy-2")
}

func TestBusyForTooLong(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "status.json")
	write(t, path, []byte("old"))
	h := hold(t, path, windows.FILE_SHARE_READ)
	err := Replace(path, []byte("new"))
	if closeErr := windows.CloseHandle(h); closeErr != nil {
		t.Fatal(closeErr)
	}
	if err == nil || !isBusy(err) {
		t.Errorf("error %v", err)
	}
	wantNames(t, dir, "status.json")
	if got := read(t, path); got != "old" {
		t.Errorf("the file holds %q", got)
	}
}

func TestLongPaths(t *testing.T) {
	dir := t.TempDir()
	deep := filepath.Join(dir, strings.Repeat("d", 150), strings.Repeat("e", 150))
	path := filepath.Join(deep, "status.json")
	for _, content := range []string{"old", "new"} {
		if err := Replace(path, []byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := Move(path, path+"-2"); err != nil {
		t.Fatal(err)
	}
	if got := read(t, path+"-2"); got != "new" {
		t.Errorf("the file holds %q", got)
	}
	if err := Move(deep, filepath.Join(dir, "short")); err != nil {
		t.Fatal(err)
	}
	if err := RemoveEmpty(filepath.Dir(deep), dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "short", "status.json-2")); err != nil {
		t.Fatal(err)
	}
	wantNames(t, dir, "short/")
}
