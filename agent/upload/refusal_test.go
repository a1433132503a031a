package upload

import (
	"path/filepath"
	"testing"
	"time"

	"kurir/agent/journal"
	"kurir/agent/journal/bolt"
	"kurir/agent/reason"
	"kurir/watcher"
)

// TestRefusedSetThatIsTakenUpWhileItMoves: whoever has moved a refused set puts only on record that it has when the record is
// still that of what was moved.
func TestRefusedSetThatIsTakenUpWhileItMoves(t *testing.T) {
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
	taken := (&Record{Set: "Q", Round: 7}).encode()
	js.meddle = func() {
		jobs, err := store.List(t.Context(), journal.Filter{Kind: journal.Xray})
		if err != nil || len(jobs) != 1 {
			t.Fatalf("jobs %+v, %v", jobs, err)
		}
		err = store.Update(t.Context(), journal.Xray, jobs[0].Key, func(j *journal.Job) error {
			j.State, j.Data = journal.Active, taken
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	_ = in.Handle(t.Context(), files) // never fails
	now = now.Add(time.Minute)
	if k, _, ok := in.due(); ok {
		in.finish(k, in.consider(t.Context(), k))
	}
	if js.meddle != nil {
		t.Fatal("nothing was put on record: the test does not test")
	}
	jobs, err := store.List(t.Context(), journal.Filter{Kind: journal.Xray})
	if err != nil || len(jobs) != 1 || jobs[0].State != journal.Active || string(jobs[0].Data) != string(taken) {
		t.Errorf("the journal has %+v, %v", jobs, err)
	}
}
