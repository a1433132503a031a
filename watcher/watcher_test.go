package watcher

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
)

func TestFileInPlaceComesToRest(t *testing.T) {
	root := t.TempDir()
	write(t, filepath.Join(root, "old.jpg"), "old")
	r := watch(t, options(root), nil)
	r.untilRest(t, "old.jpg")
	write(t, filepath.Join(root, "new.jpg"), "new one")
	r.untilRest(t, "new.jpg")

	got := r.rec.of("new.jpg")
	if first := got[0]; first.State != Unsettled {
		t.Errorf("first told as %v, want Unsettled", first.State)
	}
	if end := got[len(got)-1]; end.Size != 7 || end.ModTime.IsZero() || end.Changed.IsZero() {
		t.Errorf("told %+v", end)
	}
	until(t, "status", func() bool { s := r.Status(); return s.Files == 2 && s.Unsettled == 0 && !s.LastScan.IsZero() })
}

func TestRenameIntoPlace(t *testing.T) {
	root, aside := t.TempDir(), t.TempDir()
	o := options(root)
	o.Settle = time.Hour // the writer check must do
	r := watch(t, o, nil)
	if runtime.GOOS != "linux" && runtime.GOOS != "windows" {
		t.Skip("writers cannot be seen on this system")
	}
	until(t, "first scan", func() bool { return !r.Status().LastScan.IsZero() })
	write(t, filepath.Join(aside, "a.jpg"), "image")
	rename(t, filepath.Join(aside, "a.jpg"), filepath.Join(root, "a.jpg"))
	r.untilRest(t, "a.jpg")
}

func TestSlowWriter(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" && runtime.GOOS != "windows" {
		t.Skip("writers cannot be seen on this system")
	}
	for _, mode := range []Mode{Events, Poll} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			o := options(root)
			o.Mode, o.Settle, o.Rescan = mode, 150*time.Millisecond, 100*time.Millisecond
			r := watch(t, o, nil)
			f, err := os.Create(filepath.Join(root, "slow.jpg"))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			for range 3 {
				if _, err := f.Write(bytes.Repeat([]byte("x"), 100_000)); err != nil {
					t.Fatal(err)
				}
				pass(4 * o.Settle)
				for _, told := range r.rec.of("slow.jpg") {
					if told.State == Rest {
						t.Fatal("at rest while it is being written")
					}
				}
			}
			until(t, "word of it", func() bool { _, ok := r.rec.state("slow.jpg"); return ok })
			if s, _ := r.rec.state("slow.jpg"); s != Unsettled {
				t.Fatalf("before close: %v", s)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			r.untilRest(t, "slow.jpg")
			if got := r.rec.of("slow.jpg"); got[len(got)-1].Size != 300_000 {
				t.Errorf("at rest with %d bytes", got[len(got)-1].Size)
			}
		})
	}
}

// A writer that opens anew for each piece cannot be seen where the system does not tell; settle must cover it.
func TestAppendOpenClose(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	o := options(root)
	o.Settle = 1500 * time.Millisecond
	r := watch(t, o, blind)
	for n := 0; ; n++ {
		file := fmt.Sprintf("log%d.jpg", n)
		slowest := appendTo(t, filepath.Join(root, file), o.Settle/10)
		if slowest > o.Settle/2 && n < 20 {
			continue // the machine held the writer up, so that it proves nothing
		}
		r.untilRest(t, file)
		for _, f := range r.rec.of(file) {
			if f.State == Rest && f.Size != 25 {
				t.Errorf("at rest with %d bytes, of a writer that paused for %v", f.Size, slowest)
			}
		}
		return
	}
}

// appendTo writes a file of five pieces, opening it anew for each, and returns the longest time between two of them.
func appendTo(t *testing.T, path string, pause time.Duration) (slowest time.Duration) {
	t.Helper()
	last := time.Now()
	for range 5 {
		f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString("piece"); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		slowest, last = max(slowest, time.Since(last)), time.Now()
		pass(pause)
	}
	return slowest
}

func TestChangeRenameRemove(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	o := options(root)
	o.Rescan = 200 * time.Millisecond
	r := watch(t, o, nil)
	a, b := filepath.Join(root, "a.jpg"), filepath.Join(root, "b.jpg")
	write(t, a, "one")
	r.untilRest(t, "a.jpg")
	before := r.rec.of("a.jpg")
	write(t, a, "longer")
	until(t, "the longer file at rest", func() bool {
		got := r.rec.of("a.jpg")
		return got[len(got)-1].State == Rest && got[len(got)-1].Size == 6
	})
	after := r.rec.of("a.jpg")[len(before):]
	if len(after) < 2 || after[0].State != Unsettled {
		t.Errorf("after a change told %+v", after)
	}
	if !after[0].Changed.After(before[0].Changed) {
		t.Error("Changed did not move")
	}
	rename(t, a, b)
	r.untilGone(t, "a.jpg")
	r.untilRest(t, "b.jpg")
	remove(t, b)
	r.untilGone(t, "b.jpg")
	until(t, "an empty status", func() bool { return r.Status().Files == 0 })
}

// Only its identity tells such a file from the one it replaced.
func TestReplacedBySameSizeAndTime(t *testing.T) {
	for _, mode := range []Mode{Events, Poll} {
		t.Run(string(mode), func(t *testing.T) {
			root, aside := t.TempDir(), t.TempDir()
			o := options(root)
			o.Mode, o.Rescan = mode, 100*time.Millisecond
			r := watch(t, o, nil)
			path, other := filepath.Join(root, "a.jpg"), filepath.Join(aside, "a.jpg")
			when := time.Now().Add(-time.Hour)
			for p, content := range map[string]string{path: "one", other: "two"} {
				write(t, p, content)
				if err := os.Chtimes(p, when, when); err != nil {
					t.Fatal(err)
				}
			}
			r.untilRest(t, "a.jpg")
			until(t, "quiet", func() bool { return r.Status().Unsettled == 0 })
			seen := len(r.rec.of("a.jpg"))
			rename(t, other, path)
			until(t, "the other one at rest", func() bool {
				got := r.rec.of("a.jpg")
				return len(got) >= seen+2 && got[len(got)-1].State == Rest
			})
		})
	}
}

func TestIgnoredAreLeftAlone(t *testing.T) {
	root := t.TempDir()
	o := options(root)
	o.Ignore = []string{"*.bak"}
	for _, p := range []string{"a.tmp", ".hidden/x.jpg", "x.partial/y.jpg", "old.BAK", "Thumbs.db", "set/~lock"} {
		write(t, filepath.Join(root, filepath.FromSlash(p)), "x")
	}
	r := watch(t, o, nil)
	until(t, "first scan", func() bool { return !r.Status().LastScan.IsZero() })
	write(t, filepath.Join(root, "b.tmp"), "x")
	write(t, filepath.Join(root, ".hidden", "z.jpg"), "x")
	write(t, filepath.Join(root, "done.jpg"), "x")
	r.untilRest(t, "done.jpg")
	r.untilScanned(t, 1)
	if got := r.rec.paths(); len(got) != 1 {
		t.Errorf("told of %v", got)
	}
	if s := r.Status(); s.SkippedN != 0 || s.Files != 1 {
		t.Errorf("status %+v", s)
	}
	rename(t, filepath.Join(root, "b.tmp"), filepath.Join(root, "b.jpg"))
	r.untilRest(t, "b.jpg")
}

func TestRefusedIsOfferedAgain(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	o := options(root)
	r := watch(t, o, func(w *Watcher) {
		w.handler.(*recorder).refuse = func(f File) bool { return f.State == Rest }
	})
	write(t, filepath.Join(root, "a.jpg"), "image")
	refusals := func() int {
		r.rec.mu.Lock()
		defer r.rec.mu.Unlock()
		return r.rec.refused
	}
	until(t, "a refusal", func() bool { return refusals() > 0 })
	first := refusals()
	r.Rescan()
	until(t, "another refusal", func() bool { return refusals() > first })
	r.rec.mu.Lock()
	r.rec.refuse = nil
	r.rec.mu.Unlock()
	r.Rescan()
	r.untilRest(t, "a.jpg")
	told := r.rec.told()
	r.untilScanned(t, 2)
	if got := r.rec.told(); got != told {
		t.Errorf("told %d times more after it was taken", got-told)
	}

	r.rec.mu.Lock()
	r.rec.refuse = func(f File) bool { return f.State == Gone }
	before := r.rec.refused
	r.rec.mu.Unlock()
	remove(t, filepath.Join(root, "a.jpg"))
	until(t, "a refused Gone", func() bool { return refusals() > before })
	r.rec.mu.Lock()
	r.rec.refuse = nil
	r.rec.mu.Unlock()
	r.Rescan()
	r.untilGone(t, "a.jpg")
}

func TestManyFilesStream(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	n := 20_000
	if runtime.GOOS == "windows" {
		n = 3_000 // Wine is slow
	}
	for i := range n {
		write(t, filepath.Join(root, name(i)), "x")
	}
	r := watch(t, options(root), nil)
	until(t, "all files at rest", func() bool { return r.rec.resting() == n })
	if s := r.Status(); s.Files != n {
		t.Errorf("status counts %d files", s.Files)
	}
	r.rec.mu.Lock()
	defer r.rec.mu.Unlock()
	for _, size := range r.rec.batches {
		if size > maxBatch {
			t.Fatalf("a batch of %d files", size)
		}
	}
	if len(r.rec.batches) < n/maxBatch {
		t.Errorf("only %d batches", len(r.rec.batches))
	}
}

func TestChmodIsNoChange(t *testing.T) {
	root := t.TempDir()
	fake := newFakeEvents()
	r := watch(t, options(root), fake.use)
	until(t, "first scan", func() bool { return !r.Status().LastScan.IsZero() })
	path := filepath.Join(root, "x.jpg")
	write(t, path, "x")
	fake.events <- fsnotify.Event{Name: systemPath(path), Op: fsnotify.Chmod}
	other := filepath.Join(root, "y.jpg")
	write(t, other, "y")
	fake.events <- fsnotify.Event{Name: systemPath(other), Op: fsnotify.Write}
	r.untilRest(t, "y.jpg")
	if got := r.rec.paths(); len(got) != 1 {
		t.Errorf("told of %v", got)
	}
	r.untilScanned(t, 1) // the folder is the truth
	r.untilRest(t, "x.jpg")
}

func TestNewRefuses(t *testing.T) {
	root := t.TempDir()
	for name, o := range map[string]Options{
		"relative root":     {Root: "inbox"},
		"no root":           {},
		"negative settle":   {Root: root, Settle: -1},
		"negative rescan":   {Root: root, Rescan: -1},
		"malformed pattern": {Root: root, Ignore: []string{"["}},
		"unknown mode":      {Root: root, Mode: "sometimes"},
	} {
		if _, err := New(o, newRecorder()); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := New(Options{Root: root}, nil); err == nil {
		t.Error("no handler: no error")
	}
}

func TestRunOnceAndNothingLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	root := t.TempDir()
	write(t, filepath.Join(root, "a", "1.jpg"), "x")
	r := watch(t, options(root), nil)
	r.untilRest(t, "a/1.jpg")
	if err := r.Run(context.Background()); err == nil {
		t.Error("second Run: no error")
	}
	r.stop()
	r.Rescan() // never blocks, whatever became of Run
	r.Rescan()
	r.Status()
	until(t, "all goroutines to end", func() bool { return runtime.NumGoroutine() <= before })
}
