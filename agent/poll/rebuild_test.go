package poll

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kurir/agent/journal"
	"kurir/agent/outbox"
	"kurir/watcher"
)

// A journal is lost that two inboxes with one outbox had: each list and each document is tracked for the inbox that it was of, and
// nothing is asked or delivered twice.
func TestLostJournalOfSharedOutbox(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	other := r.in
	other.Name, other.Root, other.KodeDokumen = "erp2", filepath.Join(r.dir, "in2"), "23"
	if err := os.Mkdir(other.Root, 0o755); err != nil {
		t.Fatal(err)
	}
	r.more = []Inbox{other}
	r.server.set(running("800", "2003"), bringing("2003"))
	r.start()
	folders := []string{car1, car1 + "~2", car2, car3}
	for _, l := range []struct {
		in            Inbox
		name, content string
		polled        []string // the folders of those that it brings
	}{
		{r.in, "a.txt", car1, folders[:1]},
		{other, "b.txt", car1 + "\n" + car2, folders[1:3]},
		{other, "in-no-status.txt", car2, nil}, // its number is not polled again so soon, and its status file stays as it is
		{r.in, "c.txt", car3, folders[3:]},
	} {
		if err := os.WriteFile(filepath.Join(l.in.Root, l.name), []byte(l.content), 0o644); err != nil {
			t.Fatal(err)
		}
		f := watcher.File{Path: l.name, State: watcher.Rest, Changed: r.clock.Now()}
		if err := r.p.Handler(l.in.Name).Handle(context.Background(), []watcher.File{f}); err != nil {
			t.Fatal(err)
		}
		for _, folder := range l.polled {
			eventually(t, func() bool { return r.doc(folder).State == Done }, func() string { return folder + " is not done" })
		}
	}
	r.kill()
	before := snapshot(t, r.path("documents"))
	dropJournal(t, r)
	r.start()
	eventually(t, func() bool {
		for _, in := range []Inbox{r.in, other} {
			if _, err := r.store.Get(context.Background(), rebuiltKind, in.Name+"|"+in.Outbox); err != nil {
				return false
			}
		}
		return true
	}, func() string { return "the outboxes are not read" })
	if got, want := r.jobs(KindList), []string{"erp/a", "erp/c", "erp2/b", "erp2/in-no-status"}; !slices.Equal(got, want) {
		t.Errorf("lists %v, want %v", got, want)
	}
	if got, want := r.jobs(journal.Aju), []string{"erp/" + car3, "erp/" + car1, "erp2/" + car1, "erp2/" + car2}; !slices.Equal(got, want) {
		t.Errorf("documents %v, want %v", got, want)
	}
	r.turn(testPace.TailEvery)
	for _, folder := range folders {
		eventually(t, func() bool { return r.doc(folder).Polls == 2 }, func() string { return folder + " is not polled again" })
	}
	r.kill()
	after := snapshot(t, r.path("documents"))
	for name := range after {
		if _, known := before[name]; !known {
			t.Errorf("%s is new", name)
		}
	}
	for name, was := range before {
		if strings.Contains(name, "/respon/") && after[name] != was {
			t.Errorf("%s was written again", name)
		}
	}
	if doc := r.doc(car2); doc.Inbox != "erp2" || doc.KodeDokumen != "23" {
		t.Errorf("%s is of %s, with kode_dokumen %s", car2, doc.Inbox, doc.KodeDokumen)
	}
}

// jobs returns the ids of the journal's jobs of a kind, in order.
func (r *rig) jobs(kind journal.Kind) []string {
	r.t.Helper()
	jobs, err := r.store.List(context.Background(), journal.Filter{Kind: kind})
	if err != nil {
		r.t.Fatal(err)
	}
	var ids []string
	for _, j := range jobs {
		ids = append(ids, j.ID)
	}
	slices.Sort(ids)
	return ids
}

// dropJournal removes the journal and its copies.
func dropJournal(t *testing.T, r *rig) {
	t.Helper()
	for _, f := range files(t, r.dir) {
		if strings.HasPrefix(f, "journal.db") {
			if err := os.Remove(filepath.Join(r.dir, f)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// After a rebuild a response is known by its file, whatever the order in which it comes: also one that had come changed, and one
// that has been taken away since. What is new is delivered.
func TestDeliverAfterRebuild(t *testing.T) {
	t.Parallel()
	pdf := base64.StdEncoding.EncodeToString(pdfOf(100))
	fields := func(text string) map[string]any {
		return map[string]any{"reskd": "2003", "restg": "2024-03-01", "reswk": "142000", "deskripsi": text, "pdf_encoded": pdf}
	}
	tests := map[string]struct {
		taken []string // from the outbox, before
		again []string
		want  []string // names of responses that are new
	}{
		"as before":        {nil, []string{"a", "b", "a"}, nil},
		"the other way":    {nil, []string{"b", "a", "b"}, nil},
		"the second alone": {nil, []string{"b"}, nil},
		"a third":          {nil, []string{"b", "c", "a", "c"}, []string{"~3.json", "~3.pdf"}},
		"a PDF was taken":  {[]string{"~2.pdf"}, []string{"a", "b"}, nil},
		"all was taken":    {[]string{".json", ".pdf", "~2.json", "~2.pdf"}, []string{"a", "b"}, nil},
	}
	const name = "2024-03-01_142000_2003"
	for title, tt := range tests {
		t.Run(title, func(t *testing.T) {
			dir, rec := t.TempDir(), &record{}
			for _, text := range []string{"a", "b"} {
				if _, err := deliver(dir, rec, entryOf(t, fields(text))); err != nil {
					t.Fatal(err)
				}
			}
			for _, f := range tt.taken {
				if err := os.Remove(filepath.Join(dir, name+f)); err != nil {
					t.Fatal(err)
				}
			}
			before := snapshot(t, dir)
			doc := Document{CAR: car1}
			for _, d := range rec.Delivered {
				doc.Responses = append(doc.Responses, Response{KodeRespon: d.Kode, TanggalRespon: d.Date, File: "respon/" + d.Name + ".json", PDF: "respon/" + d.file()})
			}
			again, err := decodeRecord(Inbox{Name: "erp"}.restore(car1, doc, newClock().Now()))
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range tt.again {
				if _, err := deliver(dir, again, entryOf(t, fields(text))); err != nil {
					t.Fatal(err)
				}
			}
			var added []string
			after := snapshot(t, dir)
			for f := range after {
				if _, known := before[f]; !known {
					added = append(added, strings.TrimPrefix(f, name))
				}
			}
			slices.Sort(added)
			if !slices.Equal(added, tt.want) || len(again.Delivered) != 2+len(tt.want)/2 {
				t.Errorf("new are %v, want %v; %d deliveries", added, tt.want, len(again.Delivered))
			}
		})
	}
}

// The same for a PDF that only statusrespon has brought.
func TestDeliverPDFAfterRebuild(t *testing.T) {
	t.Parallel()
	dir, rec := t.TempDir(), &record{}
	send := func(rec *record, size int) {
		t.Helper()
		if _, err := deliverPDF(dir, rec, "2003", "2024-03-01", quoted(t, base64.StdEncoding.EncodeToString(pdfOf(size)))); err != nil {
			t.Fatal(err)
		}
	}
	send(rec, 100)
	send(rec, 200)
	doc := Document{CAR: car1}
	for _, d := range rec.Delivered {
		doc.Responses = append(doc.Responses, Response{KodeRespon: d.Kode, TanggalRespon: d.Date, PDF: "respon/" + d.file()})
	}
	again, err := decodeRecord(Inbox{Name: "erp"}.restore(car1, doc, newClock().Now()))
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{200, 100, 300, 200, 300} {
		send(again, size)
	}
	want := []string{"2024-03-01_2003.pdf", "2024-03-01_2003~2.pdf", "2024-03-01_2003~3.pdf"}
	if got := files(t, dir); !slices.Equal(got, want) || len(again.Delivered) != 3 {
		t.Errorf("got %v, %d deliveries", got, len(again.Delivered))
	}
}

// The journal is lost while an outbox is out of reach, as when one power cut has taken both: what is in the outbox is tracked again
// when it is back, and what lies in its place meanwhile is not taken for it. A list that cannot be taken up stops no other.
func TestLostJournalWhileOutboxIsAway(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.server.set(running("800"), nil)
	r.start()
	for name, content := range map[string]string{"a.txt": car1, "b.txt": car2} {
		if err := r.drop(name, content); err != nil {
			t.Fatal(err)
		}
	}
	for _, car := range []string{car1, car2} {
		r.await(car, "done", func(d Document) bool { return d.State == Done })
	}
	r.kill()
	dropJournal(t, r)
	away := r.in.Outbox + ".away"
	if err := os.Rename(r.in.Outbox, away); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(r.in.Outbox, 0o755); err != nil {
		t.Fatal(err)
	}
	r.in.Guard = outbox.NewGuard(r.in.Outbox, r.in.Outbox) // it was a mount point
	var broken atomic.Bool
	broken.Store(true)
	r.wrap = func(s journal.Store) journal.Store { return refusing{s, "erp/a", &broken} }
	r.start()
	eventually(t, func() bool { return r.log.count("outbox not read") > 2 }, func() string { return "it is not tried again" })
	if jobs := r.marks(); len(jobs) > 0 {
		t.Errorf("%v are marked as read", jobs)
	}
	if err := os.Remove(r.in.Outbox); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(away, r.in.Outbox); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(r.path(".kurir"), nil, 0o644); err != nil { // in place of mounting it
		t.Fatal(err)
	}
	tried := func() bool {
		return slices.Equal(r.jobs(KindList), []string{"erp/b"}) && r.log.count("read list a again") > 0
	}
	eventually(t, tried, func() string { return fmt.Sprintf("lists %v", r.jobs(KindList)) })
	if got, want := r.jobs(journal.Aju), []string{"erp/" + car1, "erp/" + car2}; !slices.Equal(got, want) || len(r.marks()) > 0 {
		t.Errorf("documents %v, want %v; %v are marked as read", got, want, r.marks())
	}
	broken.Store(false)
	eventually(t, func() bool { return len(r.marks()) == 1 }, func() string { return "the outbox is not marked as read" })
	if got, want := r.jobs(KindList), []string{"erp/a", "erp/b"}; !slices.Equal(got, want) {
		t.Errorf("lists %v, want %v", got, want)
	}
}

// marks are the keys of the inboxes whose outboxes have been read.
func (r *rig) marks() []string {
	r.t.Helper()
	jobs, err := r.store.List(context.Background(), journal.Filter{Kind: rebuiltKind})
	if err != nil {
		r.t.Fatal(err)
	}
	var keys []string
	for _, j := range jobs {
		keys = append(keys, j.Key)
	}
	return keys
}

// refusing is a store that does not take the list of a key, as one whose disk is full.
type refusing struct {
	journal.Store
	key    string
	broken *atomic.Bool
}

func (s refusing) Put(ctx context.Context, j journal.Job) error {
	if j.Kind == KindList && j.Key == s.key && s.broken.Load() {
		return errors.New("no space left")
	}
	return s.Store.Put(ctx, j)
}

// After a lost journal a document that has failed or expired stays as it is, list or no list; one that was being polled, once more
// after such an end, keeps its time.
func TestEndsSurviveALostJournal(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.server.set(code(400, `{"status":"error","desc":"car salah"}`), nil)
	r.start()
	if err := r.drop("a.txt", car1); err != nil {
		t.Fatal(err)
	}
	r.await(car1, "failed", func(d Document) bool { return d.State == Failed })
	r.server.set(running("104"), nil)
	if err := r.drop("b.txt", car2+"\n"+car3); err != nil {
		t.Fatal(err)
	}
	if err := r.drop("bad.json", "{}"); err != nil { // is refused
		t.Fatal(err)
	}
	r.await(car2, "polled", func(d Document) bool { return d.Polls == 1 })
	r.await(car3, "polled", func(d Document) bool { return d.Polls == 1 })
	r.turn(testPace.GiveUpAfter)
	r.await(car2, "expired", func(d Document) bool { return d.State == Expired })
	r.await(car3, "expired", func(d Document) bool { return d.State == Expired })
	if _, err := r.p.Add(context.Background(), "erp", car3, ""); err != nil {
		t.Fatal(err)
	}
	r.await(car3, "polled once more", func(d Document) bool { return d.State == Polling })
	r.kill()
	dropJournal(t, r)
	r.start()
	eventually(t, func() bool { return len(r.marks()) == 1 }, func() string { return "the outbox is not read" })
	r.turn(time.Hour)
	r.await(car3, "polled after the loss", func(d Document) bool { return d.Polls == 4 && d.State == Polling })
	for car, state := range map[string]string{car1: Failed, car2: Expired} {
		job, err := r.store.Get(context.Background(), journal.Aju, jobKey("erp", car))
		if err != nil || job.State != journal.Failed || job.Label != state || job.Cause == nil {
			t.Errorf("%s is %s, want %s: %v", car, job.Label, state, err)
		}
	}
}

// The list is found among what people and their programs put beside it.
func TestListIn(t *testing.T) {
	t.Parallel()
	beside := []string{"Thumbs.db", "desktop.ini", "~$aju.xlsx", "0 catatan.txt", "Copy of aju.xlsx", "summary.csv", "error.json"}
	for _, tt := range []struct{ folder, list string }{
		{"aju", "aju.xlsx"}, {"aju~3", "aju.xlsx"}, {"aju~2", "aju~2.csv"}, {"empty", ""},
	} {
		folder := filepath.Join(t.TempDir(), tt.folder)
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		names := append(slices.Clone(beside), tt.list)
		if tt.list == "" {
			names = beside[:3]
		}
		for _, name := range names {
			if name == "" {
				continue
			}
			if err := os.WriteFile(filepath.Join(folder, name), nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got := listIn(folder); got != tt.list {
			t.Errorf("in %s: %q, want %q", tt.folder, got, tt.list)
		}
	}
}
