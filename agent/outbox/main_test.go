package outbox

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// childVariable makes the test binary play a program that gets killed: see crash_test.go.
const childVariable = "KURIR_OUTBOX_TEST_CHILD"

func TestMain(m *testing.M) {
	if role := os.Getenv(childVariable); role != "" {
		os.Exit(child(role, os.Args[1:]))
	}
	os.Exit(m.Run())
}

// sealed returns size bytes or more that isSealed knows to be whole.
func sealed(seed, size int) []byte {
	body := bytes.Repeat([]byte(fmt.Sprintf("%d,", seed)), size/4+1)
	sum := sha256.Sum256(body)
	return append(sum[:], body...)
}

func isSealed(data []byte) bool {
	if len(data) < sha256.Size {
		return false
	}
	sum := sha256.Sum256(data[sha256.Size:])
	return bytes.Equal(sum[:], data[:sha256.Size])
}

func write(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// names lists everything below root, slash-separated, folders with a slash at the end.
func names(t testing.TB, root string) []string {
	t.Helper()
	all := []string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if d.IsDir() {
			rel += "/"
		}
		all = append(all, filepath.ToSlash(rel))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func wantNames(t testing.TB, root string, want ...string) {
	t.Helper()
	got := names(t, root)
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%s holds\n\t%s\nwant\n\t%s", root, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// symlink makes a symbolic link, or says that there are none here: Windows wants a privilege, Wine only pretends.
func symlink(target, path string) error {
	if err := os.Symlink(filepath.FromSlash(target), path); err != nil {
		return err
	}
	info, err := os.Lstat(path)
	if err == nil && info.Mode()&fs.ModeSymlink == 0 {
		err = errors.New("not a symbolic link")
	}
	return err
}

// long ago, in whole seconds, which every file system keeps
var someDay = time.Date(2024, 2, 29, 11, 22, 34, 0, time.UTC)
