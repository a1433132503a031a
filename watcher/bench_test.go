package watcher

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// inbox makes a tree of n files, a thousand in a folder.
func inbox(b testing.TB, n int) string {
	b.Helper()
	root := b.TempDir()
	for i := range n {
		dir := filepath.Join(root, "set"+name(i/1000))
		if i%1000 == 0 {
			if err := os.Mkdir(dir, 0o755); err != nil {
				b.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, name(i)), nil, 0o644); err != nil {
			b.Fatal(err)
		}
	}
	return root
}

// floor reads the tree as plainly as can be.
func floor(b *testing.B, dir string) int {
	b.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		b.Fatal(err)
	}
	n := 0
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if _, err := os.Lstat(path); err != nil {
			b.Fatal(err)
		}
		if e.IsDir() {
			n += floor(b, path)
		} else {
			n++
		}
	}
	return n
}

// pumped is a Watcher whose loop the benchmark turns by hand, so that settling does not mix with scanning.
func pumped(b testing.TB, root string) *Watcher {
	b.Helper()
	w, err := New(Options{Root: root, Mode: Poll, Settle: time.Hour}, taker{})
	if err != nil {
		b.Fatal(err)
	}
	w.sys.shareOf = func(string) (share, error) { return share{network: true, identities: true}, nil } // settles in an hour
	w.eye = openEye()
	b.Cleanup(w.end)
	return w
}

type taker struct{}

func (taker) Handle(context.Context, []File) error { return nil }

// fullScan turns the loop until a full scan has ended and all was told.
func (w *Watcher) fullScan(deep bool) {
	w.nextScan, w.nextDeep = time.Now(), deep
	w.deepDue = time.Now().Add(time.Hour)
	for begun := false; !begun || w.scan != nil || w.eye.busy; begun = true {
		w.step(context.Background())
		if w.eye.busy {
			apply := <-w.eye.results
			w.eye.busy = false
			apply(true)
		}
	}
}

// BenchmarkScan50k is the start-up scan of 50 000 files against os.ReadDir and one lstat a file.
func BenchmarkScan50k(b *testing.B) {
	const n = 50_000
	root := inbox(b, n)
	var ours, least time.Duration
	var bytes uint64
	for b.Loop() {
		begin := time.Now()
		if got := floor(b, root); got != n {
			b.Fatalf("%d files", got)
		}
		least += time.Since(begin)

		before := inUse()
		w := pumped(b, root)
		begin = time.Now()
		w.fullScan(true)
		ours += time.Since(begin)
		if w.tree.files != n {
			b.Fatalf("%d files", w.tree.files)
		}
		bytes = inUse() - before
		runtime.KeepAlive(w)
	}
	b.ReportMetric(ours.Seconds()*1000/float64(b.N), "ms/scan")
	b.ReportMetric(least.Seconds()*1000/float64(b.N), "ms/floor")
	b.ReportMetric(ours.Seconds()/least.Seconds(), "x-floor")
	b.ReportMetric(float64(bytes)/n, "heap-B/file")
}

// BenchmarkIdleRescan50k is a rescan in which nothing changed.
func BenchmarkIdleRescan50k(b *testing.B) {
	w := pumped(b, inbox(b, 50_000))
	w.fullScan(true)
	for _, d := range w.tree.folders {
		d.certain = true // as after a second scan, seconds later
	}
	for b.Loop() {
		w.fullScan(false)
	}
}

// inUse is what is in use after a collection.
func inUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
