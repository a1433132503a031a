package upload_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"kurir/agent/beacukai"
	"kurir/agent/journal"
	"kurir/agent/journal/bolt"
	"kurir/agent/simulator"
	"kurir/agent/upload"
)

// BenchmarkGrowth sends 200 sets, one after another, with so many sets in the journal that were sent before, and reports
// the time of a set, of the first page of a list and of the start, and the journal's size. Nothing of it may grow with what
// has been done, but the journal. KURIR_BENCH_SETS is the largest history: 100 000, or 1 000 000 for the plot.
//
//	KURIR_BENCH_SETS=1000000 go test -run '^$' -bench Growth -benchtime 1x -timeout 1h ./agent/upload
func BenchmarkGrowth(b *testing.B) {
	most := 100_000
	if n, err := strconv.Atoi(os.Getenv("KURIR_BENCH_SETS")); err == nil {
		most = n
	}
	for _, done := range []int{1_000, 10_000, 100_000, 1_000_000} {
		if done > most {
			break
		}
		b.Run(strconv.Itoa(done), func(b *testing.B) {
			for range b.N {
				grown(b, done)
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

func grown(b *testing.B, done int) {
	const sets = 200
	r := newRig(b, simulator.Options{})
	r.unproved = true // of what was sent before there is nothing but the journal
	r.in.Settle, r.in.Keep = 2*time.Second, 90*24*time.Hour
	path := filepath.Join(r.dir, "journal.db")
	fillSent(b, path, done)
	began := time.Now()
	r.start()
	b.ReportMetric(time.Since(began).Seconds()*1000, "ms/open")
	page := func(q upload.Query) time.Duration {
		at := time.Now()
		if found, _, err := r.p.Sets(context.Background(), q); err != nil || len(found) == 0 && q.State != upload.StateFailed {
			b.Fatalf("%d sets found: %v", len(found), err)
		}
		return time.Since(at)
	}
	page(upload.Query{Limit: 50})
	b.ReportMetric(time.Since(began).Seconds()*1000, "ms/start")
	b.ReportMetric(page(upload.Query{Limit: 50}).Seconds()*1000, "ms/page")
	b.ReportMetric(page(upload.Query{Limit: 50, State: upload.StateFailed}).Seconds()*1000, "ms/page-of-none")
	at, ended := time.Now(), 0
	must(b, r.p.Outcomes(context.Background(), time.Time{}, func(upload.Outcome) { ended++ }))
	if ended != done {
		b.Fatalf("%d sets of the history, not %d", ended, done)
	}
	b.ReportMetric(time.Since(at).Seconds()*1e6/float64(done), "us/history-set")
	drop := func(i int) {
		name := fmt.Sprintf("new%04d", i)
		dir := filepath.Join(r.dir, "made", name)
		must(b, os.MkdirAll(dir, 0o755))
		must(b, os.WriteFile(filepath.Join(dir, "1.jpg"), append(jpg(1)[:600], fmt.Appendf(nil, "%08d\xFF\xD9", i)...), 0o644))
		must(b, os.WriteFile(filepath.Join(dir, "data.json"), side("NEW"+name, "1.jpg").json(), 0o644))
		must(b, os.Rename(dir, filepath.Join(r.inbox, name)))
		r.until("a receipt", func() bool {
			found, err := filepath.Glob(filepath.Join(r.out, "sent", "*", name+".receipt.json"))
			return err == nil && len(found) == 1
		})
	}
	drop(0) // waits until the watcher is at work
	began = time.Now()
	for i := range sets {
		drop(i + 1)
	}
	b.ReportMetric(time.Since(began).Seconds()*1000/sets, "ms/set")
	r.stop()
	if info, err := os.Stat(path); err == nil {
		b.ReportMetric(float64(info.Size())/float64(done), "journal-B/set")
	}
}

// fillSent puts sets into a new journal as they are after they were sent: three photos and the server's answer each.
func fillSent(b *testing.B, path string, done int) {
	b.Helper()
	store, _, err := bolt.Open(path, bolt.Options{})
	must(b, err)
	const writers = 256
	begun := time.Now().Add(-24 * time.Hour)
	var g errgroup.Group
	for w := range writers {
		g.Go(func() error {
			for i := w; i < done; i += writers {
				if err := store.Put(context.Background(), sentJob(i, begun.Add(time.Duration(i)*time.Millisecond))); err != nil {
					return err
				}
			}
			return nil
		})
	}
	must(b, g.Wait())
	must(b, store.Close())
}

func sentJob(i int, at time.Time) journal.Job {
	set, aju := fmt.Sprintf("AWB%09d", i), fmt.Sprintf("050100%020d", i)
	rec := upload.Record{
		Set: set, Root: "/srv/xray/lane-1", Folder: true, Sidecar: set + "/data.json", FirstSeen: at, Accepted: at, SentAt: at, Attempts: 1,
		Declaration: beacukai.Declaration{NomorAju: aju, NomorBlAwb: set, TanggalBlAwb: "2025-09-30", KodeKantor: "050100"},
		Response:    json.RawMessage(`{"success":true,"data":{"jumlahFotoTerupload":3},"code":200,"message":"Sukses Kirim Foto Xray"}`),
		Archive:     "sent/2026-01-01/" + set, Moved: true,
	}
	var names []string
	for n := range 3 {
		name := fmt.Sprintf("%d.jpg", n)
		names = append(names, name)
		rec.Files = append(rec.Files, upload.File{Path: set + "/" + name, Size: 204_800, ModTime: at})
		rec.Images = append(rec.Images, upload.Image{Path: set + "/" + name, Name: name, Size: 204_800, ModTime: at, Type: "image/jpeg",
			SHA256: fmt.Sprintf("%064x", i*3+n), State: upload.StateSent, Via: "kirim", At: at})
	}
	data, _ := json.Marshal(rec) // plain types
	intent, _ := json.Marshal(map[string]any{"op": "kirim", "images": []int{0, 1, 2}, "names": names})
	answer, _ := json.Marshal(map[string]any{"op": "kirim", "images": []int{0, 1, 2}, "names": names, "status": 200, "raw": rec.Response})
	return journal.Job{
		Kind: journal.Xray, Key: "lane-1/" + set + "|" + aju, ID: "lane-1/" + set, Inbox: "lane-1", Group: aju, State: journal.Done,
		Label: upload.StateSent, Created: at, Data: data,
		Steps: []journal.Step{{Name: "intent", At: at, Note: intent}, {Name: "answer", At: at, Note: answer}},
	}
}
