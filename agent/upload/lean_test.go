package upload

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"kurir/agent/journal"
	"kurir/agent/journal/bolt"
	"kurir/agent/transport"
	"kurir/watcher"
)

// intakeOf returns the intake of an empty inbox with a journal of its own; nothing runs.
func intakeOf(t *testing.T) *intake {
	t.Helper()
	dir := t.TempDir()
	store, _, err := bolt.Open(filepath.Join(dir, "journal.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	in := Inbox{Name: "lane", Root: filepath.Join(dir, "in"), Outbox: filepath.Join(dir, "out"), Settle: testSettle, MinImages: 1}
	p := New(Options{Store: store, Inboxes: []Inbox{in}, Patience: testPatience, Now: func() time.Time { return at(100) },
		Gate: transport.NewGate(transport.Backoff(time.Second, time.Minute, func() float64 { return 1 }), nil)})
	return p.inboxes["lane"]
}

// TestWaitingFileIsSmall takes in photos whose sidecars never come, each a set of its own and many in a folder, and looks at
// every set: what is kept of a file has a bound, or a folder of a hundred thousand would fill a scanner PC.
func TestWaitingFileIsSmall(t *testing.T) {
	const files = 20_000
	for _, shape := range []struct {
		name string
		path func(i int) string
		most uint64 // bytes
	}{
		{"alone", func(i int) string { return fmt.Sprintf("scan_%08d.jpg", i) }, 1000},
		{"hundreds", func(i int) string { return fmt.Sprintf("set%05d/%08d.jpg", i/100, i) }, 450},
		{"one folder", func(i int) string { return fmt.Sprintf("set/%08d.jpg", i) }, 450},
	} {
		t.Run(shape.name, func(t *testing.T) {
			in := intakeOf(t)
			before := heapInUse()
			for _, state := range []watcher.State{watcher.Unsettled, watcher.Rest} {
				for i := range files {
					in.mu.Lock()
					in.heed([]watcher.File{{Path: shape.path(i), Size: 700, ModTime: clock0, Changed: clock0, State: state}})
					in.mu.Unlock()
				}
			}
			in.p.o.Now = func() time.Time { return at(200) }
			for k, _, ok := in.due(); ok; k, _, ok = in.due() {
				in.finish(k, in.consider(context.Background(), k))
			}
			if each := (heapInUse() - before) / files; each > shape.most {
				t.Errorf("%d bytes a file, at most %d are allowed", each, shape.most)
			}
			if n, _ := in.p.Waiting("lane"); n == 0 {
				t.Error("nothing waits")
			}
			runtime.KeepAlive(in)
		})
	}
}

// heapInUse is what is in use after a collection.
func heapInUse() uint64 {
	runtime.GC()
	runtime.GC() // frees what finalizers and pools have held
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestOrphansAreNotRead lets photos wait whose sidecar never came: they are looked into only when there is a set that was
// sent, to which they may have come late.
func TestOrphansAreNotRead(t *testing.T) {
	in := intakeOf(t)
	f := fileAt(t, in.in.Root, "SET/late.jpg", pictureAs(t, "jpeg", 2))
	k := setKey{"SET", true}
	look := func() bool {
		in.mu.Lock()
		in.idx.apply([]watcher.File{f}, clock0)
		in.mu.Unlock()
		in.consider(context.Background(), k)
		in.mu.Lock()
		defer in.mu.Unlock()
		return in.idx.find("SET/late.jpg").seen != nil
	}
	if look() {
		t.Error("a photo that belongs to nothing was looked into")
	}
	r := &Record{Set: "SET", Root: in.in.Root, Folder: true, SentAt: in.p.o.Now(), Moved: true}
	err := in.p.o.Store.Put(context.Background(), journal.Job{Kind: journal.Xray, Key: jobKey("lane", "SET", "AJU"), ID: id("lane", "SET"),
		Inbox: "lane", Group: "AJU", State: journal.Done, Label: StateSent, Data: r.encode()})
	if err != nil {
		t.Fatal(err)
	}
	if !look() {
		t.Error("a photo that may belong to a sent set was not looked into")
	}
}
