package watcher

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestWriting(t *testing.T) {
	path := filepath.Join(t.TempDir(), "image.jpg")
	write(t, path, "x")
	open, known := Writing(path)
	if open {
		t.Fatal("nobody has it open")
	}
	if !known {
		t.Skip("writers cannot be seen here")
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if open, known := Writing(path); !open || !known {
		t.Errorf("while open for writing: open %v, known %v", open, known)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if open, known := Writing(path); open || !known {
		t.Errorf("while open for reading: open %v, known %v", open, known)
	}
}

// What could not be checked is never taken for a file that nobody writes to.
func TestWritingOfWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	if open, known := Writing(filepath.Join(dir, "none")); !open || known {
		t.Errorf("no file: open %v, known %v", open, known)
	}
	if open, known := Writing(filepath.Join(dir, "none", "none")); !open || known {
		t.Errorf("no folder: open %v, known %v", open, known)
	}
	if runtime.GOOS == "windows" {
		return
	}
	write(t, filepath.Join(dir, "file"), "x")
	if err := os.Symlink("file", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if open, known := Writing(filepath.Join(dir, "link")); !open || known {
		t.Errorf("link: open %v, known %v", open, known)
	}
}

// An error of the check keeps a file from resting until it has passed.
func TestFailedCheckKeepsFromResting(t *testing.T) {
	root := t.TempDir()
	write(t, filepath.Join(root, "1.jpg"), "x")
	calls := make(chan error)
	r := watch(t, options(root), func(w *Watcher) {
		w.sys.writer = func(string, bool) (writer, error) {
			if err := <-calls; err != nil {
				return failedCheck, err
			}
			return noWriter, nil
		}
	})
	calls <- &fs.PathError{Op: "open", Path: "1.jpg", Err: errors.New("input/output error")}
	calls <- fs.ErrPermission
	until(t, "the reason", func() bool {
		s := r.Status().Skipped
		return len(s) == 1 && s[0] == Skip{Path: "1.jpg", Reason: "no permission to read"}
	})
	if s, _ := r.rec.state("1.jpg"); s != Unsettled {
		t.Errorf("state %v", s)
	}
	calls <- nil
	r.untilRest(t, "1.jpg")
	until(t, "no skip", func() bool { return r.Status().SkippedN == 0 })
}

// A write between the check and the look after it must show.
func TestChangeDuringCheck(t *testing.T) {
	root := t.TempDir()
	path := filepath.Join(root, "1.jpg")
	write(t, path, "x")
	checks := 0
	r := watch(t, options(root), func(w *Watcher) {
		w.sys.writer = func(string, bool) (writer, error) {
			if checks++; checks == 1 {
				if err := os.WriteFile(path, []byte("longer"), 0o644); err != nil {
					return failedCheck, err
				}
			}
			return noWriter, nil
		}
	})
	r.untilRest(t, "1.jpg")
	for _, f := range r.rec.of("1.jpg") {
		if f.State == Rest && f.Size != 6 {
			t.Errorf("at rest with %d bytes", f.Size)
		}
	}
}
