package upload_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"kurir/agent/journal"
	"kurir/agent/upload"
)

// BenchmarkJournalCheck runs "kurir journal check" of the real binary over so many sets that were sent, whose receipts and
// status files are there and whose originals the retention has deleted, and reports what a set takes of time, and the memory of
// the process: what it holds itself at most. KURIR_BENCH_RECEIPTS is the largest number: 10 000, or 100 000, of which each has two
// files of 4 KiB.
//
//	KURIR_BENCH_RECEIPTS=100000 go test -run '^$' -bench JournalCheck -benchtime 1x ./agent/upload
func BenchmarkJournalCheck(b *testing.B) {
	most := 10_000
	if n, err := strconv.Atoi(os.Getenv("KURIR_BENCH_RECEIPTS")); err == nil {
		most = n
	}
	for _, sets := range []int{1_000, 10_000, 100_000} {
		if sets > most {
			break
		}
		b.Run(strconv.Itoa(sets), func(b *testing.B) { checkJournal(b, sets) })
	}
}

func checkJournal(b *testing.B, sets int) {
	dir := b.TempDir()
	bin := filepath.Join(dir, "kurir-under-test")
	if out, err := exec.CommandContext(b.Context(), "go", "build", "-o", bin, "kurir").CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	cfg := "data_dir: data\nlanguage: en\nbeacukai:\n  base_url: http://127.0.0.1:9/openapi/cnpibk\n  auth: {token: demo-token}\n" +
		"inboxes:\n  - {name: lane-1, kind: xray, path: in, outbox: out, keep_sent: 1h}\ndashboard: {listen: \"\"}\n"
	must(b, os.WriteFile(filepath.Join(dir, "kurir.yaml"), []byte(cfg), 0o600))
	for _, name := range []string{"data", "in", "out/status", "out/sent/2026-01-01"} {
		must(b, os.MkdirAll(filepath.Join(dir, name), 0o700))
	}
	fillSent(b, filepath.Join(dir, "data", "journal.db"), sets)
	for i := range sets {
		keepReceipt(b, filepath.Join(dir, "out"), sentJob(i, time.Now().Add(-24*time.Hour)))
	}
	for range b.N {
		cmd := exec.CommandContext(b.Context(), bin, "journal", "check", "-c", filepath.Join(dir, "kurir.yaml"))
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		began := time.Now()
		must(b, cmd.Start())
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		own, err := ownMemory(cmd.Process.Pid, ended)
		if err != nil {
			b.Fatalf("check: %v\n%.2000s", err, &out)
		}
		b.ReportMetric(time.Since(began).Seconds()*1e6/float64(sets), "us/set")
		b.ReportMetric(own, "own-rss-MiB")
	}
	b.ReportMetric(0, "ns/op")
}

// ownMemory returns, where the system tells, how much memory a process holds at most until it ends, in MiB, without the pages of
// files that the system keeps for it.
func ownMemory(pid int, ended <-chan error) (most float64, err error) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			return most, err
		case <-tick.C:
			text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)) // gone, or another system
			for line := range strings.Lines(string(text)) {
				if f := strings.Fields(line); f[0] == "RssAnon:" {
					kib, _ := strconv.ParseFloat(f[1], 64)
					most = max(most, kib/1024)
				}
			}
		}
	}
}

// keepReceipt writes the receipt and the status file of a set that was sent.
func keepReceipt(b *testing.B, out string, j journal.Job) {
	b.Helper()
	var r upload.Record
	must(b, json.Unmarshal(j.Data, &r))
	rc := upload.Receipt{Schema: 1, Kind: "xray", ID: j.ID, Inbox: j.Inbox, Set: r.Set, NomorAju: j.Group, Sidecar: "data.json", SentAt: r.SentAt}
	for _, im := range r.Images {
		rc.Images = append(rc.Images, upload.ImageInfo{Name: im.Name, Bytes: im.Size, SHA256: im.SHA256, State: im.State})
	}
	st := upload.Status{Schema: 1, Kind: "xray", ID: j.ID, Inbox: j.Inbox, Set: r.Set, State: j.Label, Images: rc.Images, Archive: r.Archive}
	for name, v := range map[string]any{r.Archive + ".receipt.json": rc, fmt.Sprintf("status/%s.json", r.Set): st} {
		text, err := json.Marshal(v)
		must(b, err)
		must(b, os.WriteFile(filepath.Join(out, name), text, 0o600))
	}
}
