//go:build unix

package bolt

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestWhatRootLeavesBelongsToTheService opens, compacts and begins journals as root in a folder of another account's.
func TestWhatRootLeavesBelongsToTheService(t *testing.T) {
	const service, other = 4711, 815
	dir := t.TempDir()
	if err := os.Chown(dir, service, service); err != nil {
		t.Skip("only root can give files away:", err)
	}
	path := filepath.Join(dir, "journal.db")
	belongs := func(what, path string, want uint32) {
		t.Helper()
		info, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		if st := info.Sys().(*syscall.Stat_t); st.Uid != want || st.Gid != want {
			t.Errorf("%s: %s belongs to %d:%d, want %d", what, filepath.Base(path), st.Uid, st.Gid, want)
		}
	}
	compact := func(s *Store) {
		t.Helper()
		if _, _, err := s.Compact(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	s := open1(t, path)
	belongs("a new journal", path, service)
	belongs("a new journal", sibling(path, ".owner"), service)
	compact(s)
	belongs("a compacted journal", path, service)
	if err := os.Chown(path, other, other); err != nil {
		t.Fatal(err)
	}
	compact(s)
	belongs("a compacted journal of a third", path, other)
	if err := os.Chown(path, 0, 0); err != nil {
		t.Fatal(err)
	}
	compact(s)
	belongs("a compacted journal of root's", path, service)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	if err := os.WriteFile(path, []byte("no journal"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, report, err := Open(path, Options{})
	if err != nil || report.SetAside == "" {
		t.Fatalf("a damaged journal: %+v, %v", report, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	belongs("after a damaged one", path, service)
	belongs("a damaged one", filepath.Join(dir, report.SetAside), service)

	root := filepath.Join(t.TempDir(), "root")
	if err := os.WriteFile(root, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for what, put := range map[string]func(old, new string) error{"link": os.Symlink, "name": os.Link} {
		trap := filepath.Join(dir, what)
		if err := put(root, trap); err != nil {
			t.Fatal(err)
		}
		_ = giveBack(trap, path) // a link is an error
		belongs("another "+what+" of it", root, 0)
	}
}
