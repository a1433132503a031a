package watcher

import (
	"path/filepath"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"
)

// TestRestingFileIsSmall looks at what the tree keeps of a file that rests: there may be a million of them.
func TestRestingFileIsSmall(t *testing.T) {
	const files, most = 50_000, 250
	before := inUse()
	tr, now := newTree(), time.Now()
	for i := range files {
		d := tr.folders["set"+strconv.Itoa(i/1000)]
		if d == nil {
			d = tr.addFolder(tr.root, "set"+strconv.Itoa(i/1000), identity{})
		}
		f := tr.addFile(d, name(i), track{stamp: stamp{size: 1, mod: now}, changed: now, next: now})
		tr.retrack(f, track{stamp: f.stamp, changed: now, rest: true})
	}
	if each := (inUse() - before) / files; each > most {
		t.Errorf("%d bytes a file, at most %d are allowed", each, most)
	}
	runtime.KeepAlive(tr)
}

// TestRescanCostsWhatChanged counts what is asked of the system: a rescan looks at each folder, and at the files of those
// that changed alone.
func TestRescanCostsWhatChanged(t *testing.T) {
	const files, folders = 20_000, 20
	root := inbox(t, files)
	w := pumped(t, root)
	var looks atomic.Int64
	w.sys.lstat = func(path string) (info, error) {
		looks.Add(1)
		return lstat(path)
	}
	scan := func() int64 {
		looks.Store(0)
		w.fullScan(false)
		return looks.Load()
	}
	if n := scan(); n < files {
		t.Fatalf("the first scan took %d looks", n)
	}
	certain := func() {
		for _, d := range w.tree.folders {
			d.certain = true // as after a scan some seconds later
		}
	}
	certain()
	const few = folders + 10
	if n := scan(); n > few {
		t.Errorf("a rescan in which nothing changed took %d looks at %d folders", n, folders)
	}
	write(t, filepath.Join(root, "set"+name(3), "new.jpg"), "x")
	if n := scan(); n > few+files/folders+10 {
		t.Errorf("a rescan after one folder changed took %d looks", n)
	}
	if w.tree.files != files+1 {
		t.Errorf("%d files are known", w.tree.files)
	}
}

// TestSlowShareDelaysNoOther has the system not answer for one root: the files of another come to rest all the same.
func TestSlowShareDelaysNoOther(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	slow := watch(t, options(t.TempDir()), func(w *Watcher) {
		w.sys.lstat = func(path string) (info, error) {
			<-gate
			return lstat(path)
		}
	})
	defer slow.stop()
	defer close(gate)
	well := watch(t, options(t.TempDir()), nil)
	write(t, filepath.Join(well.root, "1.jpg"), "x")
	until(t, "the file to rest", func() bool { return well.rec.resting() == 1 })
	if !slow.Status().LastScan.IsZero() {
		t.Error("the slow share was scanned")
	}
}

// TestNoGoroutinePerFile counts goroutines with ten and with thousands of files, unsettled and at rest.
func TestNoGoroutinePerFile(t *testing.T) {
	r := watch(t, options(t.TempDir()), nil)
	fill := func(from, to int) {
		for i := from; i < to; i++ {
			write(t, filepath.Join(r.root, name(i)), "x")
		}
	}
	fill(0, 10)
	until(t, "ten files at rest", func() bool { return r.rec.resting() == 10 })
	few := runtime.NumGoroutine()
	most := few
	fill(10, 3000)
	until(t, "all files at rest", func() bool {
		most = max(most, runtime.NumGoroutine())
		return r.rec.resting() == 3000
	})
	if most > few+20 { // what the runtime starts for itself
		t.Errorf("%d goroutines, and %d with thousands of files", few, most)
	}
}
