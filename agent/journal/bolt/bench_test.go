package bolt

import (
	"context"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"kurir/agent/journal"
)

// The benchmarks print changes a second, and the ratio to the floor that is measured in the same run: bbolt alone, the
// same number of goroutines, one record of the same size written with db.Batch, without indexes. Batch waits for its timer
// (10 ms) or a full batch; the floor has the timer that suits it best: off for one goroutine, a full batch for many.

// benchJob is a job of the size that the pipelines write.
func benchJob(key string) journal.Job {
	return journal.Job{
		Kind: journal.Aju, Key: key, ID: "erp/" + key, Inbox: "erp", Label: "polling",
		Due: time.Unix(1_900_000_000, 0), Data: make([]byte, 300),
	}
}

// spread calls fn n times from workers goroutines and returns the calls a second.
func spread(n, workers int, fn func(i int) error) (float64, error) {
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	begun := time.Now()
	for range workers {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(n) && failed.Load() == nil; i = next.Add(1) {
				if err := fn(int(i - 1)); err != nil {
					failed.Store(&err)
				}
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return 0, *err
	}
	return float64(n) / time.Since(begun).Seconds(), nil
}

// floor is how many changes a second bbolt makes alone.
func floor(b *testing.B, n, workers int) float64 {
	b.Helper()
	db, err := bbolt.Open(filepath.Join(b.TempDir(), "floor.db"), 0o600, &bbolt.Options{
		Timeout: time.Second, FreelistType: bbolt.FreelistMapType,
	})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	db.MaxBatchSize = workers
	if workers == 1 {
		db.MaxBatchDelay = 0
	}
	err = db.Update(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket(bucketJobs); return err })
	if err != nil {
		b.Fatal(err)
	}
	value := make([]byte, 400)
	rate, err := spread(n, workers, func(i int) error {
		key := binary.BigEndian.AppendUint64(nil, uint64(i))
		return db.Batch(func(tx *bbolt.Tx) error { return tx.Bucket(bucketJobs).Put(key, value) })
	})
	if err != nil {
		b.Fatal(err)
	}
	return rate
}

func BenchmarkWrite(b *testing.B) {
	ctx := context.Background()
	for _, workers := range []int{1, 64} {
		b.Run(fmt.Sprintf("Put/%d", workers), func(b *testing.B) {
			s := open1(b, filepath.Join(b.TempDir(), "journal.db"))
			b.ResetTimer()
			rate, err := spread(b.N, workers, func(i int) error { return s.Put(ctx, benchJob(fmt.Sprintf("%026d", i))) })
			report(b, rate, err, workers)
		})
		b.Run(fmt.Sprintf("Step/%d", workers), func(b *testing.B) {
			claims := claimed(b, max(workers, min(b.N, 10_000)))
			locks := make([]sync.Mutex, len(claims))
			b.ResetTimer()
			rate, err := spread(b.N, workers, func(i int) error {
				locks[i%len(claims)].Lock()
				defer locks[i%len(claims)].Unlock()
				return claims[i%len(claims)].Step(journal.Step{Name: "polled", Note: []byte(`{"status":"100"}`)})
			})
			report(b, rate, err, workers)
		})
		b.Run(fmt.Sprintf("Settle/%d", workers), func(b *testing.B) {
			claims := claimed(b, b.N)
			b.ResetTimer()
			rate, err := spread(b.N, workers, func(i int) error {
				return claims[i].Settle(journal.Outcome{State: journal.Active, Due: time.Unix(2_000_000_000, int64(i))})
			})
			report(b, rate, err, workers)
		})
	}
}

// report adds the rate and its ratio to the floor.
func report(b *testing.B, rate float64, err error, workers int) {
	b.Helper()
	b.StopTimer()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(rate, "changes/s")
	b.ReportMetric(rate/floor(b, b.N, workers), "of-bbolt")
}

// claimed returns n claims of a new store.
func claimed(b *testing.B, n int) []journal.Claim {
	b.Helper()
	s := open1(b, filepath.Join(b.TempDir(), "journal.db"))
	fill(b, s, n)
	claims := make([]journal.Claim, n)
	for i := range claims {
		c, err := s.Claim(context.Background(), journal.Aju, time.Unix(2_000_000_000, 0))
		if err != nil {
			b.Fatal(err)
		}
		claims[i] = c
	}
	return claims
}

// fill puts n jobs, a thousand at a time.
func fill(b testing.TB, s *Store, n int) {
	b.Helper()
	_, err := spread(n, 1000, func(i int) error {
		j := benchJob(fmt.Sprintf("%026d", i))
		j.Due = j.Due.Add(time.Duration(i) * time.Millisecond)
		return s.Put(context.Background(), j)
	})
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkClaim claims and settles with a million jobs behind, 64 of them held; ns/op is the claim alone. Then it lists a
// page of the latest changes, one from the middle, and the ten oldest, which alone have failed.
func BenchmarkClaim(b *testing.B) {
	n := 1_000_000
	if testing.Short() {
		n = 20_000
	}
	ctx := context.Background()
	path := filepath.Join(b.TempDir(), "journal.db")
	s := open1(b, path)
	for i := range 10 {
		j := benchJob(fmt.Sprint("failed-", i))
		j.State, j.Label = journal.Failed, "failed"
		if err := s.Put(ctx, j); err != nil {
			b.Fatal(err)
		}
	}
	begun := time.Now()
	fill(b, s, n)
	b.Logf("%d jobs put in %v", n, time.Since(begun).Round(time.Millisecond))
	b.Run(fmt.Sprint(n), func(b *testing.B) {
		claims := make([]journal.Claim, 0, b.N+64)
		now := time.Unix(2_000_000_000, 0)
		for b.Loop() {
			c, err := s.Claim(ctx, journal.Aju, now)
			if err != nil {
				b.Fatal(err)
			}
			if claims = append(claims, c); len(claims) > 64 {
				c.(*claim).release(errSettled)
				claims = claims[:64]
			}
		}
		for _, c := range claims {
			c.(*claim).release(errSettled)
		}
		b.StopTimer()
		file, used := s.Size()
		b.ReportMetric(float64(file)/float64(n), "file-B/job")
		b.ReportMetric(float64(used)/float64(n), "used-B/job")
	})
	benchRecent(b, s)
	for _, after := range []string{"a close in good order", "a crash"} {
		s.doubt.Store(after == "a crash")
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		begun = time.Now()
		s = open1(b, path)
		b.Logf("opened after %s in %v", after, time.Since(begun).Round(time.Millisecond))
	}
}

// benchRecent lists pages of 50 jobs.
func benchRecent(b *testing.B, s *Store) {
	b.Helper()
	ctx := context.Background()
	middle, err := s.Get(ctx, journal.Aju, fmt.Sprintf("%026d", 10_000))
	if err != nil {
		b.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		filter journal.Filter
		from   journal.Place
		want   int
	}{
		{"page/latest", journal.Filter{}, journal.Place{}, 50},
		{"page/middle", journal.Filter{Inbox: "erp"}, journal.PlaceOf(middle), 50},
		{"page/failed", journal.Filter{Labels: []string{"failed"}}, journal.Place{}, 10},
	} {
		tt.filter.Kind, tt.filter.Limit = journal.Aju, 50
		b.Run(tt.name, func(b *testing.B) {
			for b.Loop() {
				if jobs, err := s.Recent(ctx, tt.filter, tt.from); err != nil || len(jobs) != tt.want {
					b.Fatalf("%d jobs, %v", len(jobs), err)
				}
			}
		})
	}
}
