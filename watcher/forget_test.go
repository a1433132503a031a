package watcher

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestForgottenFileThatComesBackIsOfferedAgain: it went and came back before any scan, the very same file.
func TestForgottenFileThatComesBackIsOfferedAgain(t *testing.T) {
	root, aside := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "a.jpg"), []byte("photo"), 0o644); err != nil {
		t.Fatal(err)
	}
	seen := make(chan File, 100)
	w, err := New(Options{Root: root, Mode: Poll, Rescan: time.Hour, Settle: 50 * time.Millisecond}, handlerFunc(func(files []File) {
		for _, f := range files {
			seen <- f
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- w.Run(t.Context()) }()
	rest := func() {
		t.Helper()
		deadline := time.After(patience)
		for {
			select {
			case f := <-seen:
				if f.State == Rest {
					return
				}
			case <-deadline:
				t.Fatal("never offered")
			}
		}
	}
	rest()
	for range 2 {
		if err := os.Rename(filepath.Join(root, "a.jpg"), filepath.Join(aside, "a.jpg")); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(aside, "a.jpg"), filepath.Join(root, "a.jpg")); err != nil {
			t.Fatal(err)
		}
		w.Forget("a.jpg", "never/there.jpg")
		rest()
	}
	if n := w.Status().Files; n != 1 {
		t.Errorf("%d files known, want 1", n)
	}
}

// handlerFunc is a Handler that takes everything.
type handlerFunc func([]File)

// Handle implements Handler.
func (h handlerFunc) Handle(_ context.Context, files []File) error { h(files); return nil }

// TestForgottenFileThatIsNotThereIsGone: once, and only when somebody has looked.
func TestForgottenFileThatIsNotThereIsGone(t *testing.T) {
	root := t.TempDir()
	o := options(root)
	o.Mode = Poll
	r := watch(t, o, nil)
	write(t, filepath.Join(root, "a.jpg"), "photo")
	r.Rescan()
	r.untilRest(t, "a.jpg")
	remove(t, filepath.Join(root, "a.jpg"))
	r.Forget("a.jpg")
	r.untilGone(t, "a.jpg")
	r.untilScanned(t, 1)
	var states []State
	for _, f := range r.rec.of("a.jpg") {
		if f.State != Unsettled || len(states) == 0 { // it may be seen while it is being written, too
			states = append(states, f.State)
		}
	}
	if want := []State{Unsettled, Rest, Gone}; !slices.Equal(states, want) {
		t.Errorf("told %v, want %v", states, want)
	}
}
