package poll

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"kurir/agent/journal"
	"kurir/agent/journal/bolt"
)

// BenchmarkTracked claims and settles documents among many, as large as they are after their life: 100 000, or as many
// as KURIR_BENCH_DOCUMENTS says. Besides the time it reports what they take in the journal and in memory.
func BenchmarkTracked(b *testing.B) {
	documents := benchDocuments()
	path := filepath.Join(b.TempDir(), "journal.db")
	store, _, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		b.Fatal(err)
	}
	now := time.Now()
	fill(b, store, documents, now)
	if err := store.Close(); err != nil {
		b.Fatal(err)
	}
	begin := time.Now()
	if store, _, err = bolt.Open(path, bolt.Options{}); err != nil {
		b.Fatal(err)
	}
	opened := time.Since(begin)
	defer store.Close()
	var claiming time.Duration
	for b.Loop() {
		at := time.Now()
		c, err := store.Claim(context.Background(), journal.Aju, now.Add(time.Hour))
		claiming += time.Since(at)
		if err != nil {
			b.Fatal(err)
		}
		rec, err := decodeRecord(c.Job())
		if err != nil {
			b.Fatal(err)
		}
		if err := c.Step(journal.Step{Name: stepPoll, Data: rec.encode()}); err != nil {
			b.Fatal(err)
		}
		if err := c.Settle(journal.Outcome{State: journal.Active, Due: now.Add(2 * time.Hour), Label: Done, Data: rec.encode()}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(claiming.Microseconds())/float64(b.N), "us/claim")
	b.ReportMetric(opened.Seconds(), "s/open")
	if info, err := os.Stat(path); err == nil {
		b.ReportMetric(float64(info.Size())/float64(documents), "journal-B/document")
	}
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.HeapAlloc)/(1<<20), "heap-MiB")
}

func benchDocuments() int {
	if n, err := strconv.Atoi(os.Getenv("KURIR_BENCH_DOCUMENTS")); err == nil {
		return n
	}
	return 100_000
}

// fill puts documents at the end of their life into the journal.
func fill(b *testing.B, store *bolt.Store, documents int, now time.Time) {
	b.Helper()
	const writers = 256
	var g errgroup.Group
	for w := range writers {
		g.Go(func() error {
			for i := w; i < documents; i += writers {
				car := fmt.Sprintf("0508%022d", uint64(i)*2654435761%1e15)
				job := newJob("erp", car, "30", "daily", now.Add(time.Duration(i)*time.Millisecond))
				rec, err := decodeRecord(job)
				if err != nil {
					return err
				}
				rec.Folder, rec.Status, rec.Uraian, rec.Seen = car, "800", "Selesai Proses", "0123456789abcdef"
				rec.Daftar, rec.Tgl, rec.Polls, rec.Last, rec.Changed, rec.DoneAt = "641716", "2024-03-01", 40, now, now, now
				for k := range 3 {
					rec.Delivered = append(rec.Delivered, delivery{
						Name: fmt.Sprintf("2024-03-01_14200%d_2003", k), Sum: "0123456789abcdef", Kode: "2003", Date: "2024-03-01",
						Note: strings.Repeat("x", 66),
					})
				}
				job.Data = rec.encode()
				if err := store.Put(context.Background(), job); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		b.Fatal(err)
	}
}
