package main

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"kurir/agent/simulator"
)

// BenchmarkGiBSet sends one set of 1 GiB with the real binary and reports its memory, idle and at the peak: the peak must
// stay below 64 MiB above idle. Linux alone tells a process's peak.
//
//	go test -run '^$' -bench GiBSet -benchtime 1x .
func BenchmarkGiBSet(b *testing.B) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		b.Skip("this system does not tell a process's peak memory")
	}
	bin := filepath.Join(b.TempDir(), "kurir-under-test")
	if out, err := exec.CommandContext(b.Context(), "go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	for range b.N {
		dir := b.TempDir()
		sim := simulator.New(simulator.Options{})
		srv := httptest.NewServer(sim)
		cfg := fmt.Sprintf("data_dir: data\nbeacukai:\n  base_url: %s/openapi/cnpibk\n  auth: {token: demo-token}\n"+
			"inboxes:\n  - {name: lane, kind: xray, path: in, outbox: out, settle: 100ms}\ndashboard: {listen: \"\"}\n", srv.URL)
		for _, err := range []error{
			os.WriteFile(filepath.Join(dir, "kurir.yaml"), []byte(cfg), 0o600), os.MkdirAll(filepath.Join(dir, "in"), 0o755),
		} {
			if err != nil {
				b.Fatal(err)
			}
		}
		cmd := exec.CommandContext(b.Context(), bin, "run", "-c", filepath.Join(dir, "kurir.yaml"))
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		await(b, func() bool { _, err := os.Stat(filepath.Join(dir, "data", "control.json")); return err == nil })
		idle := memory(b, cmd.Process.Pid, "VmRSS:")
		began := time.Now()
		bigSet(b, filepath.Join(dir, "in"))
		await(b, func() bool { return len(sim.Photos("BIG")) == 8 })
		took := time.Since(began)
		peak := memory(b, cmd.Process.Pid, "VmHWM:")
		b.ReportMetric(float64(idle)/1024, "idle-MiB")
		b.ReportMetric(float64(peak)/1024, "peak-MiB")
		b.ReportMetric(float64(peak-idle)/1024, "above-idle-MiB")
		b.ReportMetric(1024/took.Seconds(), "MiB/s")
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = sim.Close()
		srv.Close()
	}
	b.ReportMetric(0, "ns/op")
}

// bigSet makes a set of eight pictures of 128 MiB, mostly holes.
func bigSet(b *testing.B, inbox string) {
	dir := filepath.Join(filepath.Dir(inbox), "big")
	if err := os.Mkdir(dir, 0o755); err != nil {
		b.Fatal(err)
	}
	var head bytes.Buffer
	if err := jpeg.Encode(&head, image.NewGray(image.Rect(0, 0, 64, 64)), nil); err != nil {
		b.Fatal(err)
	}
	car := `{"nomorAju":"BIG","nomorBlAwb":"CNBIG","tanggalBlAwb":"2025-09-30","kodeKantor":"009000"}`
	if err := os.WriteFile(filepath.Join(dir, "big.json"), []byte(car), 0o644); err != nil {
		b.Fatal(err)
	}
	for i := range 8 {
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("%d.jpg", i)))
		if err != nil {
			b.Fatal(err)
		}
		_, err = fmt.Fprintf(f, "%s%d", head.Bytes()[:head.Len()-2], i)
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

// memory reads a figure of a process in KiB.
func memory(b *testing.B, pid int, name string) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == name {
			n, err := strconv.Atoi(f[1])
			if err != nil {
				b.Fatal(err)
			}
			return n
		}
	}
	b.Fatalf("no %s", name)
	return 0
}

func await(tb testing.TB, ok func() bool) {
	tb.Helper()
	deadline := time.NewTimer(2 * time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline.C:
			tb.Fatal("never came")
		case <-tick.C:
		}
	}
}
