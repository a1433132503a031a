package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"kurir/agent/simulator"
)

// BenchmarkLatency drops 500 sets of three photos of 200 KB one after another into the real binary's inbox and measures the
// time from the drop to the receipt, which is later than the server's acknowledgement. Sets that list their images must
// take less than 250 ms at the median and 500 ms in 99 of 100; sets that do not, settle (2 s) more; on a polled folder, less than
// rescan (2 s here) and one second.
//
//	go test -run '^$' -bench Latency -benchtime 1x .
func BenchmarkLatency(b *testing.B) {
	for _, c := range []struct {
		name, inbox string
		drops       int
		listed      bool
		drop        func(b *testing.B, from, to string)
	}{
		{"listed_renamed", "settle: 2s", number("KURIR_BENCH_DROPS", 500), true, renameSet},
		{"listed_written", "settle: 2s", number("KURIR_BENCH_DROPS", 500), true, copySet},
		{"unlisted", "settle: 2s", 50, false, renameSet},
		{"polled", "settle: 2s, watch: poll, rescan: 2s", 50, true, renameSet},
	} {
		b.Run(c.name, func(b *testing.B) {
			a := newBenchAgent(b, simulator.Options{})
			a.start("  - {name: lane, kind: xray, path: in, outbox: out, " + c.inbox + "}")
			for range b.N {
				took := make([]time.Duration, c.drops)
				for i := range took {
					took[i] = a.oneDrop(i, c.listed, c.drop)
				}
				slices.Sort(took)
				b.ReportMetric(float64(took[len(took)/2].Milliseconds()), "p50-ms")
				b.ReportMetric(float64(took[len(took)*99/100].Milliseconds()), "p99-ms")
				b.ReportMetric(float64(took[len(took)-1].Milliseconds()), "max-ms")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// oneDrop drops a set and returns how long it takes until its receipt is there.
func (a *benchAgent) oneDrop(i int, listed bool, drop func(b *testing.B, from, to string)) time.Duration {
	name := fmt.Sprintf("set%05d", i)
	from := a.path("made", name)
	dropSet(a.b, from, name, 3, 200<<10)
	if !listed {
		side := fmt.Sprintf(`{"nomorAju":%q,"nomorBlAwb":"AWB","tanggalBlAwb":"2025-09-30","kodeKantor":"009000"}`, name)
		if err := os.WriteFile(filepath.Join(from, "data.json"), []byte(side), 0o644); err != nil {
			a.b.Fatal(err)
		}
	}
	began := time.Now()
	drop(a.b, from, a.path("in", name))
	await(a.b, func() bool { return a.receipt(name) })
	return time.Since(began)
}

func renameSet(b *testing.B, from, to string) {
	b.Helper()
	if err := os.Rename(from, to); err != nil {
		b.Fatal(err)
	}
}

// copySet writes a set as a scanner does that knows no renaming: file after file, each closed, the sidecar last.
func copySet(b *testing.B, from, to string) {
	b.Helper()
	if err := os.Mkdir(to, 0o755); err != nil {
		b.Fatal(err)
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		b.Fatal(err)
	}
	for _, e := range entries {
		if err := copyFile(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())); err != nil {
			b.Fatal(err)
		}
	}
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Close()
}
