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
	t := trackedBy(b, benchDocuments())
	for b.Loop() {
		t.measure(pollsSeen)
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkPollGrowth starts the real binary over the journal of so many documents that are tracked, and reports how long it takes
// until it answers, the time of a poll, of "kurir list" and of what the page shows first, and the journal's size. Nothing of it may
// grow with the number of documents but the journal. KURIR_BENCH_DOCUMENTS is the largest number: 100 000, or 1 000 000 for the
// plot.
//
//	KURIR_BENCH_DOCUMENTS=1000000 go test -run '^$' -bench PollGrowth -benchtime 1x -timeout 1h ./agent/poll
func BenchmarkPollGrowth(b *testing.B) {
	for _, documents := range []int{1_000, 10_000, 100_000, 1_000_000} {
		if documents > benchDocuments() {
			break
		}
		b.Run(strconv.Itoa(documents), func(b *testing.B) {
			t := trackedBy(b, documents)
			for b.Loop() {
				t.measure(min(pollsSeen, documents/2))
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// tracking is the real binary and the journal of many documents.
type tracking struct {
	b         *testing.B
	dir, bin  string
	documents int
	sim       *simulator.Server
}

// trackedBy fills a journal for the real binary.
func trackedBy(b *testing.B, documents int) *tracking {
	b.Helper()
	if _, err := os.Stat("/proc/self/status"); err != nil {
		b.Skip("this system does not tell a process's memory")
	}
	t := &tracking{b: b, dir: b.TempDir(), documents: documents, sim: simulator.New(simulator.Options{})}
	t.bin = filepath.Join(t.dir, "kurir-under-test")
	if out, err := exec.CommandContext(b.Context(), "go", "build", "-o", t.bin, "kurir").CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	srv := httptest.NewServer(t.sim)
	b.Cleanup(func() { _ = t.sim.Close(); srv.Close() })
	cfg := fmt.Sprintf("data_dir: data\nt2g:\n  base_url: %s\n  edinumber: EDI0001\n  auth: {token: demo-token}\n"+
		"inboxes:\n  - {name: erp, kind: aju, path: in, outbox: out}\ndashboard: {listen: \"\"}\n", srv.URL)
	for _, err := range []error{
		os.WriteFile(filepath.Join(t.dir, "kurir.yaml"), []byte(cfg), 0o600),
		os.Mkdir(filepath.Join(t.dir, "in"), 0o755), os.Mkdir(filepath.Join(t.dir, "data"), 0o700),
	} {
		if err != nil {
			b.Fatal(err)
		}
	}
	store, _, err := bolt.Open(filepath.Join(t.dir, "data", "journal.db"), bolt.Options{})
	if err != nil {
		b.Fatal(err)
	}
	fill(b, store, documents, time.Now().Add(-time.Hour))
	if err := store.Close(); err != nil {
		b.Fatal(err)
	}
	return t
}

// command is a command of the binary.
func (t *tracking) command(args ...string) *exec.Cmd {
	return exec.CommandContext(t.b.Context(), t.bin, append(args, "-c", filepath.Join(t.dir, "kurir.yaml"))...)
}

// measure runs the agent until it has polled so many documents.
func (t *tracking) measure(polls int) {
	b, cmd := t.b, t.command("run")
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	answering := func() bool { _, err := os.Stat(filepath.Join(t.dir, "data", "control.json")); return err == nil }
	for !answering() {
		<-tick.C
	}
	b.ReportMetric(time.Since(begin).Seconds(), "s/start")
	begin = time.Now()
	polled := func() int { return t.sim.Counts().Requests[simulator.StatusRespon] }
	before := polled()
	for polled() < before+polls {
		<-tick.C
	}
	b.ReportMetric(time.Since(begin).Seconds()*1000/float64(polls), "ms/poll")
	t.reportMemory(cmd.Process.Pid)
	begin = time.Now()
	if out, err := t.command("list", "--kind", "aju").CombinedOutput(); err != nil {
		b.Fatalf("list: %v\n%s", err, out)
	}
	b.ReportMetric(time.Since(begin).Seconds()*1000, "ms/list")
	if info, err := os.Stat(filepath.Join(t.dir, "data", "journal.db")); err == nil {
		b.ReportMetric(float64(info.Size())/float64(t.documents), "journal-B/document")
	}
}

// reportMemory reports what the process holds itself, and with the pages of the journal.
func (t *tracking) reportMemory(pid int) {
	b := t.b
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
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
