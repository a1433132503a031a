package main

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"kurir/agent/simulator"
)

// xrayInbox is an inbox of sets for a benchAgent.
const xrayInbox = "  - {name: lane, kind: xray, path: in, outbox: out, settle: 100ms}"

// BenchmarkGiBSet sends one set of 1 GiB with the real binary and reports its memory, idle and at the peak: the peak must
// stay below 64 MiB above idle.
//
//	go test -run '^$' -bench GiBSet -benchtime 1x .
func BenchmarkGiBSet(b *testing.B) {
	for range b.N {
		a := newBenchAgent(b, simulator.Options{})
		a.start(xrayInbox)
		idle, began := a.memory("VmRSS"), time.Now()
		bigSet(b, a.path("in"))
		await(b, func() bool { return len(a.sim.Photos("BIG")) == 8 })
		b.ReportMetric(1024/time.Since(began).Seconds(), "MiB/s")
		a.reportPeak(idle)
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkManyImages sends one set of 1 000, and one of 10 000 small images with the real binary, and reports besides its
// memory what it writes to the disk for each image. KURIR_BENCH_IMAGES is the largest set.
//
//	go test -run '^$' -bench ManyImages -benchtime 1x .
func BenchmarkManyImages(b *testing.B) {
	for _, images := range []int{1_000, 10_000} {
		if images <= number("KURIR_BENCH_IMAGES", images) {
			b.Run(strconv.Itoa(images), func(b *testing.B) { manyImages(b, images) })
		}
	}
}

func manyImages(b *testing.B, images int) {
	for range b.N {
		a := newBenchAgent(b, simulator.Options{})
		a.start(xrayInbox)
		idle := a.memory("VmRSS")
		dir := a.path("many")
		dropSet(b, dir, "MANY", images, 2<<10)
		began, wrote := time.Now(), a.written()
		if err := os.Rename(dir, a.path("in", "many")); err != nil {
			b.Fatal(err)
		}
		await(b, func() bool { return a.receipt("many") })
		b.ReportMetric(float64(images)/time.Since(began).Seconds(), "images/s")
		b.ReportMetric((a.written()-wrote)/float64(images)/1024, "KiB-written/image")
		a.reportPeak(idle)
		if got := len(a.sim.Photos("MANY")); got != images {
			b.Fatalf("%d photos arrived", got)
		}
	}
	b.ReportMetric(0, "ns/op")
}

// reportPeak reports the memory when idle and at the peak since the start.
func (a *benchAgent) reportPeak(idle float64) {
	peak := a.memory("VmHWM")
	a.b.ReportMetric(idle, "idle-MiB")
	a.b.ReportMetric(peak, "peak-MiB")
	a.b.ReportMetric(peak-idle, "above-idle-MiB")
}

// receipt reports whether a set has its receipt.
func (a *benchAgent) receipt(set string) bool {
	found, err := filepath.Glob(a.path("out", "sent", "*", set+".receipt.json"))
	return err == nil && len(found) == 1
}

// dropSet makes a folder set that lists its images, each of its own content and of so many bytes at least.
func dropSet(b *testing.B, dir, aju string, images, size int) {
	b.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		b.Fatal(err)
	}
	head := jpegHead(b)
	names := make([]string, images)
	for i := range images {
		names[i] = fmt.Sprintf("%q", fmt.Sprintf("%05d.jpg", i))
		body := fmt.Appendf(head[:len(head):len(head)], "%s-%08d", aju, i)
		body = append(body, make([]byte, max(0, size-len(body)-2))...)
		body = append(body, 0xFF, 0xD9)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%05d.jpg", i)), body, 0o644); err != nil {
			b.Fatal(err)
		}
	}
	side := fmt.Sprintf(`{"nomorAju":%q,"nomorBlAwb":"AWB-%s","tanggalBlAwb":"2025-09-30","kodeKantor":"009000","images":[%s]}`,
		aju, aju, strings.Join(names, ","))
	if err := os.WriteFile(filepath.Join(dir, "data.json"), []byte(side), 0o644); err != nil {
		b.Fatal(err)
	}
}

// jpegHead is a small picture without its end marker.
func jpegHead(b *testing.B) []byte {
	b.Helper()
	var head bytes.Buffer
	if err := jpeg.Encode(&head, image.NewGray(image.Rect(0, 0, 64, 64)), nil); err != nil {
		b.Fatal(err)
	}
	return head.Bytes()[:head.Len()-2]
}

// bigSet makes a set of eight pictures of 128 MiB, mostly holes.
func bigSet(b *testing.B, inbox string) {
	dir := filepath.Join(filepath.Dir(inbox), "big")
	if err := os.Mkdir(dir, 0o755); err != nil {
		b.Fatal(err)
	}
	head := jpegHead(b)
	car := `{"nomorAju":"BIG","nomorBlAwb":"CNBIG","tanggalBlAwb":"2025-09-30","kodeKantor":"009000"}`
	if err := os.WriteFile(filepath.Join(dir, "big.json"), []byte(car), 0o644); err != nil {
		b.Fatal(err)
	}
	for i := range 8 {
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("%d.jpg", i)))
		if err != nil {
			b.Fatal(err)
		}
		_, err = fmt.Fprintf(f, "%s%d", head, i)
		if err == nil {
			_, err = f.WriteAt([]byte{0xFF, 0xD9}, 128<<20-2)
		}
		if cerr := f.Close(); err != nil || cerr != nil {
			b.Fatal(err, cerr)
		}
	}
	if err := os.Rename(dir, filepath.Join(inbox, "big")); err != nil {
		b.Fatal(err)
	}
}
