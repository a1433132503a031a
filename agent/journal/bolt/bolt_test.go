package bolt

import (
	"path/filepath"
	"testing"

	"kurir/agent/journal"
	"kurir/agent/journal/journaltest"
)

func TestConformance(t *testing.T) {
	journaltest.Run(t,
		func(t *testing.T) journal.Store {
			return open1(t, filepath.Join(t.TempDir(), "journal.db"))
		},
		func(t *testing.T, s journal.Store) journal.Store {
			path := s.(*Store).path
			if err := s.Close(); err != nil {
				t.Fatalf("close: %v", err)
			}
			return open1(t, path)
		})
}

// open1 opens the journal at path and closes it, checked, when the test ends.
func open1(t testing.TB, path string) *Store {
	t.Helper()
	s, _, err := Open(path, Options{})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}
