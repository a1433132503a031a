package main

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"kurir/agent/simulator"
)

// benchAgent is the real binary at work in a folder of its own, with a simulator to talk to, for benchmarks that look at a
// process from outside. Linux alone tells what they want to know.
type benchAgent struct {
	b    *testing.B
	dir  string
	bin  string
	sim  *simulator.Server
	base string // of the simulator
	cmd  *exec.Cmd
}

// newBenchAgent builds the binary; nothing runs before start.
func newBenchAgent(b *testing.B, o simulator.Options) *benchAgent {
	b.Helper()
	if runtime.GOOS != "linux" {
		b.Skip("only Linux tells a process's memory, processor time and wake-ups")
	}
	a := &benchAgent{b: b, dir: b.TempDir(), sim: simulator.New(o)}
	a.bin = filepath.Join(a.dir, "kurir-under-test")
	if out, err := exec.CommandContext(b.Context(), "go", "build", "-o", a.bin, ".").CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	srv := httptest.NewServer(a.sim)
	a.base = srv.URL
	b.Cleanup(func() { a.kill(); _ = a.sim.Close(); srv.Close() })
	return a
}

// path is a place below the agent's folder.
func (a *benchAgent) path(elem ...string) string {
	return filepath.Join(append([]string{a.dir}, elem...)...)
}

// start writes the configuration of the inboxes (YAML, indented by two), makes the folder "in", and returns once the agent
// answers.
func (a *benchAgent) start(inboxes string) {
	a.b.Helper()
	cfg := fmt.Sprintf("data_dir: data\nlanguage: en\nbeacukai:\n  base_url: %s/openapi/cnpibk\n  auth: {token: demo-token}\n"+
		"t2g:\n  base_url: %s\n  edinumber: EDI0001\n  auth: {token: demo-token}\ninboxes:\n%s\ndashboard: {listen: \"\"}\n",
		a.base, a.base, inboxes)
	for _, err := range []error{
		os.WriteFile(a.path("kurir.yaml"), []byte(cfg), 0o600), os.MkdirAll(a.path("in"), 0o755),
	} {
		if err != nil {
			a.b.Fatal(err)
		}
	}
	a.cmd = exec.CommandContext(a.b.Context(), a.bin, "run", "-c", a.path("kurir.yaml"))
	var log bytes.Buffer
	a.cmd.Stderr = &log
	if err := a.cmd.Start(); err != nil {
		a.b.Fatal(err)
	}
	await(a.b, func() bool { _, err := os.Stat(a.path("data", "control.json")); return err == nil })
}

// kill ends the process without warning. A second call does nothing.
func (a *benchAgent) kill() {
	if a.cmd == nil {
		return
	}
	_ = a.cmd.Process.Kill()
	_ = a.cmd.Wait()
	_ = os.Remove(a.path("data", "control.json"))
	a.cmd = nil
}

// memory reads a figure of the process's memory, such as "VmRSS" or "VmHWM", in MiB.
func (a *benchAgent) memory(name string) float64 {
	a.b.Helper()
	return float64(a.figure("/proc/%d/status", name+":")) / 1024
}

// written is how many bytes the process has had written to disks.
func (a *benchAgent) written() float64 {
	a.b.Helper()
	return float64(a.figure("/proc/%d/io", "write_bytes:"))
}

// wakeups counts how often a thread of the process has been woken.
func (a *benchAgent) wakeups() int {
	a.b.Helper()
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", a.cmd.Process.Pid))
	if err != nil {
		a.b.Fatal(err)
	}
	sum := 0
	for _, task := range tasks {
		sum += figureOf(task, "voluntary_ctxt_switches:") // 0 for a thread that has just ended
	}
	return sum
}

// busy is the processor time that the process has used.
func (a *benchAgent) busy() time.Duration {
	a.b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", a.cmd.Process.Pid))
	if err != nil {
		a.b.Fatal(err)
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	ticks := 0
	for _, f := range fields[11:13] { // utime, stime in hundredths of a second
		n, err := strconv.Atoi(f)
		if err != nil {
			a.b.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

func (a *benchAgent) figure(file, name string) int {
	a.b.Helper()
	n := figureOf(fmt.Sprintf(file, a.cmd.Process.Pid), name)
	if n == 0 {
		a.b.Fatalf("no %s", name)
	}
	return n
}

// figureOf returns the number behind name in a file of lines, 0 when there is none.
func figureOf(file, name string) int {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == name {
			n, _ := strconv.Atoi(f[1])
			return n
		}
	}
	return 0
}

func await(tb testing.TB, ok func() bool) {
	tb.Helper()
	deadline := time.NewTimer(5 * time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline.C:
			tb.Fatal("never came")
		case <-tick.C:
		}
	}
}
