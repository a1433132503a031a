package watcher

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// bubble runs a polling Watcher inside a synctest bubble, where an hour is nothing.
func bubble(t *testing.T, root string, change func(*Watcher), story func(t *testing.T, w *Watcher, rec *recorder)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		rec := newRecorder()
		o := Options{Root: root, Mode: Poll, Logger: slog.New(slog.DiscardHandler)}
		w, err := New(o, rec)
		if err != nil {
			t.Fatal(err)
		}
		onDisk(w)
		if change != nil {
			change(w)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() {
			if err := w.Run(ctx); err != nil {
				t.Errorf("Run: %v", err)
			}
		})
		story(t, w, rec)
		cancel()
		running.Wait()
		later(time.Hour) // what hung ends too
	})
}

// later lets time go by in a bubble and waits until all is quiet.
func later(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func TestRootAppearsLater(t *testing.T) {
	root := filepath.Join(t.TempDir(), "inbox")
	bubble(t, root, nil, func(t *testing.T, w *Watcher, rec *recorder) {
		begin := time.Now()
		later(time.Second)
		since := w.Status().Offline
		if since.Before(begin) || w.Status().Reason == "" {
			t.Fatalf("status %+v", w.Status())
		}
		later(time.Hour)
		if s := w.Status(); !s.Offline.Equal(since) {
			t.Errorf("offline since %v, then since %v", since, s.Offline)
		}
		if _, err := os.Lstat(root); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("the root was created: %v", err)
		}
		write(t, filepath.Join(root, "a", "1.jpg"), "x")
		later(10 * time.Second)
		if s, ok := rec.state("a/1.jpg"); !ok || s != Rest {
			t.Errorf("file: %v, told %v", s, ok)
		}
		if s := w.Status(); !s.Offline.IsZero() || s.Reason != "" {
			t.Errorf("status %+v", s)
		}
	})
}

func TestRootVanishesAndReturns(t *testing.T) {
	for name, o := range map[string]struct{ whole bool }{"whole": {true}, "partly": {false}} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			root, away := filepath.Join(dir, "inbox"), filepath.Join(dir, "away")
			write(t, filepath.Join(root, "set", "1.jpg"), "x")
			write(t, filepath.Join(root, "2.jpg"), "x")
			bubble(t, root, nil, func(t *testing.T, w *Watcher, rec *recorder) {
				later(3 * time.Minute)
				told := rec.told()
				rename(t, root, away)
				later(time.Hour)
				if w.Status().Offline.IsZero() || w.Status().Files != 2 {
					t.Fatalf("status %+v", w.Status())
				}
				if !o.whole {
					remove(t, filepath.Join(away, "set"))
					write(t, filepath.Join(away, "3.jpg"), "x")
				}
				rename(t, away, root)
				later(time.Hour)
				if !w.Status().Offline.IsZero() {
					t.Fatal("still offline")
				}
				switch {
				case o.whole && rec.told() != told:
					t.Errorf("told again: %+v", rec.all[told:])
				case !o.whole:
					if s, _ := rec.state("set/1.jpg"); s != Gone {
						t.Errorf("removed meanwhile: %v", s)
					}
					if s, _ := rec.state("3.jpg"); s != Rest {
						t.Errorf("added meanwhile: %v", s)
					}
					if got := len(rec.of("2.jpg")); got != 2 {
						t.Errorf("unchanged, told %d times", got)
					}
				}
			})
		})
	}
}

// A share may be empty for a moment when it returns.
func TestRootReturnsEmpty(t *testing.T) {
	dir := t.TempDir()
	root, away := filepath.Join(dir, "inbox"), filepath.Join(dir, "away")
	write(t, filepath.Join(root, "set", "1.jpg"), "x")
	bubble(t, root, nil, func(t *testing.T, w *Watcher, rec *recorder) {
		later(time.Minute)
		rename(t, root, away)
		later(time.Minute)
		if err := os.Mkdir(root, 0o755); err != nil {
			t.Fatal(err)
		}
		scanned := w.Status().LastScan
		for !w.Status().LastScan.After(scanned) {
			later(100 * time.Millisecond)
		}
		if got := rec.count(Gone); got != 0 {
			t.Fatalf("%d files gone after one scan", got)
		}
		rename(t, root, root+".empty")
		rename(t, away, root)
		later(time.Hour)
		if got := rec.count(Gone); got != 0 || len(rec.of("set/1.jpg")) != 2 {
			t.Fatalf("%d files gone, told %+v", got, rec.all)
		}

		rename(t, root, away)
		later(time.Minute)
		rename(t, root+".empty", root)
		later(time.Minute)
		if s, _ := rec.state("set/1.jpg"); s != Gone {
			t.Errorf("still %v after many scans of an empty folder", s)
		}
	})
}

// The same folder, mounted anew, lies on another device.
func TestRootMountedAnew(t *testing.T) {
	root := t.TempDir()
	write(t, filepath.Join(root, "set", "1.jpg"), "x")
	var mounts atomic.Uint64
	change := func(w *Watcher) {
		w.sys.lstat = func(path string) (info, error) {
			in, err := lstat(path)
			in.dev += mounts.Load()
			return in, err
		}
	}
	bubble(t, root, change, func(t *testing.T, w *Watcher, rec *recorder) {
		later(3 * time.Minute)
		told := rec.told()
		if told != 2 {
			t.Fatalf("told %+v", rec.all)
		}
		mounts.Add(1)
		later(time.Hour)
		if rec.told() != told {
			t.Errorf("told again: %+v", rec.all[told:])
		}
	})
}

// Away sees at once what the next scan will: an hour is left until then.
func TestAway(t *testing.T) {
	dir := t.TempDir()
	root, away := filepath.Join(dir, "inbox"), filepath.Join(dir, "away")
	write(t, filepath.Join(root, "1.jpg"), "x")
	var mounted atomic.Bool
	mounted.Store(true)
	change := func(w *Watcher) {
		w.opts.Rescan = time.Hour
		w.sys.lstat = func(path string) (info, error) {
			in, err := lstat(path)
			if path == filepath.Dir(w.root) && mounted.Load() {
				in.dev++
			}
			return in, err
		}
	}
	bubble(t, root, change, func(t *testing.T, w *Watcher, _ *recorder) {
		expect := func(when, want string) {
			if got := w.Away(); !strings.HasPrefix(got, want) || (got == "") != (want == "") {
				t.Errorf("%s: %q, want %q", when, got, want)
			}
		}
		later(time.Minute)
		expect("at work", "")
		mounted.Store(false)
		expect("unmounted", "nothing is mounted there any more")
		mounted.Store(true)
		rename(t, root, away)
		expect("without the folder", "the folder does not exist")
		rename(t, away, root)
		expect("back", "")
		if !w.Status().Offline.IsZero() {
			t.Error("a scan has come between: the test does not test")
		}
	})
}

func TestRootIsNoFolder(t *testing.T) {
	root := filepath.Join(t.TempDir(), "inbox")
	write(t, root, "a file")
	bubble(t, root, nil, func(t *testing.T, w *Watcher, _ *recorder) {
		later(time.Second)
		if s := w.Status(); s.Offline.IsZero() || s.Reason != "the path is not a folder" {
			t.Errorf("status %+v", s)
		}
	})
}

// A call that hangs makes the root offline, blocks nothing else, and is not awaited for ever at the end.
func TestShareHangs(t *testing.T) {
	root := t.TempDir()
	write(t, filepath.Join(root, "1.jpg"), "x")
	var hang atomic.Pointer[chan struct{}]
	change := func(w *Watcher) {
		w.sys.lstat = func(path string) (info, error) {
			if c := hang.Load(); c != nil {
				<-*c
			}
			return lstat(path)
		}
	}
	bubble(t, root, change, func(t *testing.T, w *Watcher, rec *recorder) {
		later(time.Minute + time.Second)
		told := rec.told()
		gate := make(chan struct{})
		hang.Store(&gate)
		later(2 * time.Minute)
		s := w.Status()
		if s.Offline.IsZero() || s.Files != 1 {
			t.Fatalf("status %+v", s)
		}
		later(time.Hour)
		if got := w.Status().Offline; !got.Equal(s.Offline) {
			t.Errorf("offline since %v, then since %v", s.Offline, got)
		}
		hang.Store(nil)
		close(gate)
		later(time.Minute)
		if s := w.Status(); !s.Offline.IsZero() {
			t.Errorf("still offline: %+v", s)
		}
		if rec.told() != told {
			t.Errorf("told again: %+v", rec.all[told:])
		}
		gate = make(chan struct{})
		hang.Store(&gate)
		later(2 * time.Minute)
		time.AfterFunc(time.Minute, func() { close(gate) }) // long after Run has ended
	})
}

// The root is checked with every absence: what an unmounted share does not show is not gone.
func TestRootVanishesUnderUnsettledFiles(t *testing.T) {
	dir := t.TempDir()
	root, away := filepath.Join(dir, "inbox"), filepath.Join(dir, "away")
	write(t, filepath.Join(root, "1.jpg"), "x")
	held := func(w *Watcher) {
		w.sys.writer = func(string, bool) (writer, error) { return hasWriter, nil }
	}
	bubble(t, root, held, func(t *testing.T, w *Watcher, rec *recorder) {
		later(10 * time.Second)
		rename(t, root, away)
		if err := os.Mkdir(root, 0o755); err != nil {
			t.Fatal(err)
		}
		later(2 * time.Second) // several looks at 1.jpg, no regular scan
		if got := rec.count(Gone); got != 0 {
			t.Errorf("gone: %+v", rec.all)
		}
		remove(t, root)
		rename(t, away, root)
		later(time.Hour)
		if got := rec.count(Gone); got != 0 || w.Status().Unsettled != 1 {
			t.Errorf("told %+v, status %+v", rec.all, w.Status())
		}
		remove(t, filepath.Join(root, "1.jpg"))
		later(2 * time.Second)
		if got := rec.count(Gone); got != 1 {
			t.Errorf("told %+v", rec.all)
		}
	})
}

func TestRootReturnsWithEvents(t *testing.T) {
	dir := t.TempDir()
	root, away := filepath.Join(dir, "inbox"), filepath.Join(dir, "away")
	write(t, filepath.Join(root, "set", "1.jpg"), "x")
	o := options(root)
	o.Rescan = 300 * time.Millisecond
	r := watch(t, o, nil)
	r.untilRest(t, "set/1.jpg")
	if err := os.Rename(root, away); err != nil {
		t.Skipf("a watched root cannot be renamed here: %v", err)
	}
	until(t, "offline", func() bool { return !r.Status().Offline.IsZero() })
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	until(t, "online", func() bool { return r.Status().Offline.IsZero() })
	r.untilGone(t, "set/1.jpg")
	write(t, filepath.Join(root, "2.jpg"), "x")
	r.untilRest(t, "2.jpg")
	if s := r.Status(); s.Mode != Events {
		t.Errorf("mode %v, why %q", s.Mode, s.Why)
	}
}

func TestWatchLimit(t *testing.T) {
	root := t.TempDir()
	write(t, filepath.Join(root, "set", "1.jpg"), "x")
	fake := newFakeEvents()
	var adds atomic.Int32
	fake.add = func(path string) error {
		if adds.Add(1) > 1 {
			return os.NewSyscallError("inotify_add_watch", syscall.ENOSPC)
		}
		return nil
	}
	o := options(root)
	o.Rescan = 100 * time.Millisecond
	r := watch(t, o, fake.use)
	r.untilRest(t, "set/1.jpg")
	s := r.Status()
	if s.Mode != Poll || s.Why != watchLimit(syscall.ENOSPC) {
		t.Errorf("mode %v, why %q", s.Mode, s.Why)
	}
	write(t, filepath.Join(root, "set", "deep", "2.jpg"), "x")
	r.untilRest(t, "set/deep/2.jpg")
}

// Events are tried again from time to time.
func TestEventsReturn(t *testing.T) {
	root := t.TempDir()
	var scarce atomic.Bool
	scarce.Store(true)
	change := func(w *Watcher) {
		w.opts.Mode = Auto
		w.sys.notifier = func(string) (notifier, error) {
			if scarce.Load() {
				return nil, os.NewSyscallError("inotify_init1", syscall.EMFILE)
			}
			return newFakeEvents(), nil
		}
	}
	bubble(t, root, change, func(t *testing.T, w *Watcher, rec *recorder) {
		later(time.Second)
		if s := w.Status(); s.Mode != Poll || s.Why != watchLimit(syscall.EMFILE) {
			t.Fatalf("mode %v, why %q", s.Mode, s.Why)
		}
		write(t, filepath.Join(root, "1.jpg"), "x")
		later(2 * offlinePause)
		if got := rec.count(Rest); got != 1 {
			t.Errorf("not found by polling: %+v", rec.all)
		}
		scarce.Store(false)
		later(2 * eventsPause)
		if s := w.Status(); s.Mode != Events || s.Why != "" {
			t.Errorf("mode %v, why %q", s.Mode, s.Why)
		}
	})
}
