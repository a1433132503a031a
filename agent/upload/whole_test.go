package upload

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"kurir/watcher"
)

// TestSetWithAFileThatNobodyHasSeen is not whole: silently for a while, then with a word.
func TestSetWithAFileThatNobodyHasSeen(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"S/d.json", "S/deep/a.jpg", "S/b.jpg.part", "S/.hidden/c.jpg"} {
		name = filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	in := newIntake(New(Options{Now: func() time.Time { return now }}), Inbox{Root: root})
	s := snapshot{key: setKey{"S", true}, changed: now, files: []watcher.File{{Path: "S/d.json"}}}
	if err := in.whole(s); !errors.Is(err, errChanged) {
		t.Errorf("a file unseen for a moment: %v", err)
	}
	now = now.Add(unseenFor)
	if err := in.whole(s); err == nil || errors.Is(err, errChanged) {
		t.Errorf("a file unseen for long: %v", err)
	}
	s.files = append(s.files, watcher.File{Path: "S/deep/a.jpg"})
	if err := in.whole(s); err != nil {
		t.Errorf("all that is ours was seen: %v", err)
	}
}
