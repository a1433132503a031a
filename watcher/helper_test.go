package watcher

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
)

// patience is how long a test waits for what must come; nothing depends on how soon it comes.
const patience = time.Minute

// recorder is a Handler that remembers what it was told.
type recorder struct {
	mu      sync.Mutex
	all     []File          // everything taken, in order
	last    map[string]File // the latest of each path
	batches []int
	refuse  func(File) bool // these make the call fail
	refused int
}

func newRecorder() *recorder { return &recorder{last: make(map[string]File)} }

var errRefused = errors.New("refused")

func (r *recorder) Handle(_ context.Context, files []File) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.batches = append(r.batches, len(files))
	if r.refuse != nil && slices.ContainsFunc(files, r.refuse) {
		r.refused++
		return errRefused
	}
	for _, f := range files {
		r.all = append(r.all, f)
		r.last[f.Path] = f
	}
	return nil
}

func (r *recorder) state(path string) (State, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f, ok := r.last[path]
	return f.State, ok
}

func (r *recorder) resting() int { return r.count(Rest) }

func (r *recorder) count(s State) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, f := range r.last {
		if f.State == s {
			n++
		}
	}
	return n
}

// of returns all that was told of a path, in order.
func (r *recorder) of(path string) []File {
	r.mu.Lock()
	defer r.mu.Unlock()
	var files []File
	for _, f := range r.all {
		if f.Path == path {
			files = append(files, f)
		}
	}
	return files
}

func (r *recorder) told() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.all)
}

func (r *recorder) paths() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.last))
}

// running is a Watcher at work.
type running struct {
	*Watcher
	rec  *recorder
	root string
	stop func()
}

// watch runs a Watcher of a folder on a local disk until the test ends. The change, if any, is made to it before.
func watch(t *testing.T, o Options, change func(*Watcher)) *running {
	t.Helper()
	r := &running{rec: newRecorder(), root: o.Root}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	w, err := New(o, r.rec)
	if err != nil {
		t.Fatal(err)
	}
	r.Watcher = w
	onDisk(w)
	if change != nil {
		change(w)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		case <-time.After(patience):
			t.Error("Run does not end")
		}
	})
	t.Cleanup(r.stop)
	return r
}

// options are those of a test that does not care.
func options(root string) Options {
	return Options{Root: root, Settle: 300 * time.Millisecond, Rescan: time.Minute}
}

// until waits for a condition.
func until(t *testing.T, what string, cond func() bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("waited %v for %s", patience, what)
		}
	}
}

// pass lets some time go by, in which something must not happen.
func pass(d time.Duration) { <-time.After(d) }

func (r *running) untilRest(t *testing.T, path string) {
	t.Helper()
	until(t, path+" at rest", func() bool { s, ok := r.rec.state(path); return ok && s == Rest })
}

func (r *running) untilGone(t *testing.T, path string) {
	t.Helper()
	until(t, path+" gone", func() bool { s, ok := r.rec.state(path); return ok && s == Gone })
}

// untilScanned waits until n more full scans have ended.
func (r *running) untilScanned(t *testing.T, n int) {
	t.Helper()
	for range n {
		last := r.Status().LastScan
		r.Rescan()
		until(t, "a full scan", func() bool { return r.Status().LastScan.After(last) })
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
}

// blind is a writer check that sees nothing, as on a system that does not tell.
func blind(w *Watcher) {
	w.sys.writer = func(string, bool) (writer, error) { return unknownWriter, nil }
}

// onDisk makes a Watcher take its root for one on a local disk, whatever the folder for temporary files lies on: a share would
// be polled, at an interval that a test need not wait for.
func onDisk(w *Watcher) {
	w.sys.shareOf = func(path string) (share, error) {
		s, err := shareOf(path)
		s.network = false
		return s, err
	}
}

// fakeEvents is a notifier without events but those that a test sends.
type fakeEvents struct {
	events chan fsnotify.Event
	errs   chan error
	add    func(path string) error
	close  func()
}

func newFakeEvents() *fakeEvents {
	f := &fakeEvents{events: make(chan fsnotify.Event), errs: make(chan error), add: func(string) error { return nil }}
	f.close = sync.OnceFunc(func() { close(f.events); close(f.errs) })
	return f
}

func (f *fakeEvents) Add(path string) error { return f.add(path) }
func (f *fakeEvents) Remove(string) error   { return nil }
func (f *fakeEvents) Close() error          { f.close(); return nil }
func (f *fakeEvents) Channels() (<-chan fsnotify.Event, <-chan error) {
	return f.events, f.errs
}

// use makes a Watcher get its events from there.
func (f *fakeEvents) use(w *Watcher) {
	w.sys.notifier = func(string) (notifier, error) { return f, nil }
}

func name(i int) string { return fmt.Sprintf("f%05d.jpg", i) }
