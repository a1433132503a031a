package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"kurir/agent/simulator"
)

// BenchmarkIdle lets the real binary watch inboxes in which nothing happens, with so many files waiting in them and lying
// in the outbox, and reports what it costs a minute: processor time, memory (and its peak since the start), wake-ups, and with
// strace system calls. The files are photos whose sidecars never came, a hundred in a folder; flat, all of them in the inbox
// itself; marked, three and their sidecar in a folder, without the marker that would make them complete. Each is looked at for
// a minute, or KURIR_BENCH_SECONDS.
//
//	go test -run '^$' -bench Idle -benchtime 1x -timeout 30m .
func BenchmarkIdle(b *testing.B) {
	for _, c := range []struct {
		name  string
		files int
		fill  func(b *testing.B, root string, files int)
		more  string // of the inbox
	}{
		{"0", 0, waiting, ""},
		{"50000", 50_000, waiting, ""},
		{"50000_flat", 50_000, waitingFlat, ""},
		{"50000_marked", 50_000, waitingMarked, `, done_marker: "{name}.done"`},
		{"500000", 500_000, waiting, ""},
	} {
		b.Run(c.name, func(b *testing.B) {
			a := newBenchAgent(b, simulator.Options{})
			c.fill(b, a.path("in"), c.files)
			waiting(b, a.path("out", "sent", "2026-01-01"), c.files)
			for range b.N {
				began := time.Now()
				a.start("  - {name: lane, kind: xray, path: in, outbox: out" + c.more + "}")
				b.ReportMetric(time.Since(began).Seconds(), "s/start")
				a.settled()
				a.watchIdle(time.Duration(number("KURIR_BENCH_SECONDS", 60)) * time.Second)
				b.ReportMetric(a.memory("VmHWM"), "peak-MiB")
				a.kill()
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// settled waits until the agent has nothing to do: it uses less than a hundredth of a processor for longer than the minute after
// which it looks once more at what came alone.
func (a *benchAgent) settled() {
	const quiet = 65 * time.Second
	last, since := a.busy(), time.Now()
	await(a.b, func() bool {
		if now := a.busy(); now > last+quiet/100 {
			last, since = now, time.Now()
		}
		return time.Since(since) > quiet
	})
}

// watchIdle reports what a while of doing nothing costs.
func (a *benchAgent) watchIdle(while time.Duration) {
	b := a.b
	busy, woken := a.busy(), a.wakeups()
	<-time.After(while)
	minutes := while.Minutes()
	b.ReportMetric((a.busy()-busy).Seconds()/while.Seconds()*100, "%cpu")
	b.ReportMetric(float64(a.wakeups()-woken)/minutes, "wakeups/min")
	b.ReportMetric(a.memory("VmRSS"), "rss-MiB")
	if calls, err := a.systemCalls(while); err == nil {
		b.ReportMetric(float64(calls)/while.Seconds(), "syscalls/s")
	} else {
		b.Logf("system calls were not counted: %v", err)
	}
}

// systemCalls counts them for a while with strace.
func (a *benchAgent) systemCalls(while time.Duration) (int, error) {
	table := a.path("strace")
	cmd := exec.CommandContext(a.b.Context(), "strace", "-f", "-c", "-o", table, "-p", strconv.Itoa(a.cmd.Process.Pid))
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	<-time.After(while)
	_ = cmd.Process.Signal(syscall.SIGINT)
	_ = cmd.Wait() // ends by the signal
	text, err := os.ReadFile(table)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) >= 4 && f[len(f)-1] == "total" {
			return strconv.Atoi(f[3])
		}
	}
	return 0, errors.New("strace printed no total")
}

// waitingFlat makes so many pictures, side by side.
func waitingFlat(b *testing.B, root string, files int) {
	b.Helper()
	if err := os.MkdirAll(root, 0o755); err != nil {
		b.Fatal(err)
	}
	body := append(jpegHead(b), 0xFF, 0xD9)
	for i := range files {
		if err := os.WriteFile(filepath.Join(root, fmt.Sprintf("scan_%06d.jpg", i)), body, 0o644); err != nil {
			b.Fatal(err)
		}
	}
}

// waitingMarked makes so many files: sets of three pictures and their sidecars.
func waitingMarked(b *testing.B, root string, files int) {
	b.Helper()
	for i := range files / 4 {
		set := fmt.Sprintf("AWB%06d", i)
		dropSet(b, filepath.Join(root, set), set, 3, 0)
	}
}

// waiting makes so many pictures, a hundred in a folder.
func waiting(b *testing.B, root string, files int) {
	b.Helper()
	if err := os.MkdirAll(root, 0o755); err != nil {
		b.Fatal(err)
	}
	body := append(jpegHead(b), 0xFF, 0xD9)
	for i := range files {
		dir := filepath.Join(root, fmt.Sprintf("alone%05d", i/100))
		if i%100 == 0 {
			if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
				b.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%06d.jpg", i)), body, 0o644); err != nil {
			b.Fatal(err)
		}
	}
}
