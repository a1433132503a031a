package upload

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"kurir/agent/journal"
	"kurir/agent/journal/bolt"
	"kurir/agent/reason"
	"kurir/watcher"
)

// meddled is a journal during whose next Update something happens.
type meddled struct {
	journal.Store
	meddle func()
}

// Update implements journal.Store.
func (m *meddled) Update(ctx context.Context, k journal.Kind, key string, fn func(*journal.Job) error) error {
	if do := m.meddle; do != nil {
		m.meddle = nil
		do()
	}
	return m.Store.Update(ctx, k, key, fn)
}

// TestSetThatComesBackWhileItIsBeingRefused: its status says failed, so it is moved back at once; the journal has not been
// told yet that it had moved, and the judgement of the set has not ended. It is refused again, not left lying.
func TestSetThatComesBackWhileItIsBeingRefused(t *testing.T) {
	dir := t.TempDir()
	store, _, err := bolt.Open(filepath.Join(dir, "journal.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}()
	settings := Inbox{Name: "lane", Root: filepath.Join(dir, "in"), Outbox: filepath.Join(dir, "out"), Settle: testSettle, MinImages: 1}
	now := at(60)
	js := &meddled{Store: store}
	p := New(Options{Store: js, Inboxes: []Inbox{settings}, Patience: testPatience, Language: reason.English,
		Now: func() time.Time { return now }})
	in := p.inboxes["lane"]
	files := []watcher.File{fileAt(t, settings.Root, "Q/Q.json", []byte(`{}`)), fileAt(t, settings.Root, "Q/a.jpg", []byte("no image"))}
	home, failed := filepath.Join(settings.Root, "Q"), filepath.Join(settings.Outbox, "failed", "Q")
	back := false
	js.meddle = func() {
		if err := os.Rename(failed, home); err != nil {
			t.Fatal(err)
		}
		back = true
		_ = in.Handle(t.Context(), files) // never fails
	}
	_ = in.Handle(t.Context(), files) // never fails
	for range 4 {                     // more often than it has to be looked at
		now = now.Add(time.Minute)
		if k, _, ok := in.due(); ok {
			in.finish(k, in.consider(t.Context(), k))
		}
	}
	if !back {
		t.Fatal("it never came back: the test does not test")
	}
	for _, f := range []string{"Q.json", "a.jpg"} {
		if _, err := os.Lstat(filepath.Join(failed, f)); err != nil {
			t.Errorf("it has not failed again: %v", err)
		}
	}
}
