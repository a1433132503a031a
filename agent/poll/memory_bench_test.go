package poll

import (
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"kurir/agent/journal/bolt"
	"kurir/agent/simulator"
)

// pollsSeen is how many documents are polled before the memory is looked at.
const pollsSeen = 2000

// BenchmarkTrackedMemory starts the real binary over the journal of BenchmarkTracked and reports how long it takes until it
// answers, and its memory once it has polled 2 000 documents: what it holds itself, which must stay below 200 MiB for
// 1 000 000 documents, and with the pages of the journal that the system keeps for it. Linux alone tells.
//
//	KURIR_BENCH_DOCUMENTS=1000000 go test -run '^$' -bench TrackedMemory -benchtime 1x -timeout 1h ./agent/poll
func BenchmarkTrackedMemory(b *testing.B) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		b.Skip("this system does not tell a process's memory")
	}
	dir, documents := b.TempDir(), benchDocuments()
	bin := filepath.Join(dir, "kurir-under-test")
	if out, err := exec.CommandContext(b.Context(), "go", "build", "-o", bin, "kurir").CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	sim := simulator.New(simulator.Options{})
	srv := httptest.NewServer(sim)
	b.Cleanup(func() { _ = sim.Close(); srv.Close() })
	cfg := fmt.Sprintf("data_dir: data\nt2g:\n  base_url: %s\n  edinumber: EDI0001\n  auth: {token: demo-token}\n"+
		"inboxes:\n  - {name: erp, kind: aju, path: in, outbox: out}\ndashboard: {listen: \"\"}\n", srv.URL)
	for _, err := range []error{
		os.WriteFile(filepath.Join(dir, "kurir.yaml"), []byte(cfg), 0o600),
		os.Mkdir(filepath.Join(dir, "in"), 0o755), os.Mkdir(filepath.Join(dir, "data"), 0o700),
	} {
		if err != nil {
			b.Fatal(err)
		}
	}
	store, _, err := bolt.Open(filepath.Join(dir, "data", "journal.db"), bolt.Options{})
	if err != nil {
		b.Fatal(err)
	}
	fill(b, store, documents, time.Now().Add(-time.Hour))
	if err := store.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		measureAgent(b, dir, bin, sim)
	}
	b.ReportMetric(0, "ns/op")
}

// measureAgent runs the agent for a while.
func measureAgent(b *testing.B, dir, bin string, sim *simulator.Server) {
	cmd := exec.CommandContext(b.Context(), bin, "run", "-c", filepath.Join(dir, "kurir.yaml"))
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	answering := func() bool { _, err := os.Stat(filepath.Join(dir, "data", "control.json")); return err == nil }
	for !answering() {
		<-tick.C
	}
	b.ReportMetric(time.Since(begin).Seconds(), "s/start")
	polls := func() int { return sim.Counts().Requests[simulator.StatusRespon] }
	for before := polls(); polls() < before+pollsSeen; {
		<-tick.C
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		name, ok := map[string]string{"VmRSS:": "rss-MiB", "RssAnon:": "own-rss-MiB"}[f[0]]
		if !ok {
			continue
		}
		kib, err := strconv.Atoi(f[1])
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(kib)/1024, name)
	}
}
