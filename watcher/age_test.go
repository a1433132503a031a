package watcher

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// What was touched last before the watcher began is at rest with the second look; what was touched a moment before is not.
func TestOldAtFirstSight(t *testing.T) {
	for quiet, want := range map[time.Duration]State{time.Second: Rest, 50 * time.Millisecond: Unsettled} {
		root := t.TempDir()
		write(t, filepath.Join(root, "1.jpg"), "x")
		change := func(w *Watcher) {
			touched := time.Now().Add(-quiet)
			w.sys.lstat = func(path string) (info, error) {
				in, err := lstat(path)
				in.changed = touched // in the bubble's time
				return in, err
			}
			w.sys.writer = func(string, bool) (writer, error) { return noWriter, nil }
			w.sys.shareOf = func(string) (share, error) { return share{name: "ext4", identities: true}, nil }
		}
		bubble(t, root, change, func(t *testing.T, _ *Watcher, rec *recorder) {
			later(10 * time.Millisecond)
			if got, ok := rec.state("1.jpg"); !ok || got != want {
				t.Errorf("touched %v before: %v after 10 ms, told %v", quiet, got, ok)
			}
			later(100 * time.Millisecond)
			if got, ok := rec.state("1.jpg"); !ok || got != Rest {
				t.Errorf("touched %v before: %v after 110 ms, told %v", quiet, got, ok)
			}
		})
	}
}

// A copy that keeps its old time is as young as we saw it, and so is one that grows and gets its old time again.
func TestOldTimeIsNoAge(t *testing.T) {
	root := t.TempDir()
	path := filepath.Join(root, "1.jpg")
	old := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)
	put := func(content string) {
		write(t, path, content)
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
	}
	change := func(w *Watcher) {
		w.opts.Settle, w.opts.Rescan, w.rule.settle = 10*time.Second, time.Second, 10*time.Second
		w.sys.shareOf = func(string) (share, error) { return share{name: "cifs", network: true}, nil }
	}
	bubble(t, root, change, func(t *testing.T, _ *Watcher, rec *recorder) {
		later(3 * time.Second)
		put("x")
		for range 4 {
			later(6 * time.Second)
			if s, ok := rec.state("1.jpg"); !ok || s != Unsettled {
				t.Fatalf("after six seconds of ten: %v, told %v", s, ok)
			}
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			put(string(b) + "x")
		}
		later(15 * time.Second)
		if s, _ := rec.state("1.jpg"); s != Rest {
			t.Errorf("at the end: %v", s)
		}
	})
}
