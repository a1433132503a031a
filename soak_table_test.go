//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// soakTable is what was measured, row by row.
type soakTable struct{ rows []soakRow }

// soakRow is one look at the agent. A figure that could not be had is 0.
type soakRow struct {
	at                           time.Duration
	steady                       bool // in the half without restarts
	requests, faults, restarts   int
	sets, sent, failed, docsDone int
	rss, anon, journal           int64 // bytes
	fds, threads, goroutines     int
}

func (s *soak) sample(at time.Duration, steady bool) {
	c := s.sim.Counts()
	r := soakRow{at: at, steady: steady, faults: c.Faults, restarts: s.restarts, sets: s.sets.n}
	for _, n := range c.Requests {
		r.requests += n
	}
	if counts, err := s.counts(); err == nil { // it may just be starting
		r.sent, r.failed, r.docsDone = counts["lane"]["sent"], counts["lane"]["failed"], counts["erp"]["done"]
	}
	status := procStatus(s.cmd.Process.Pid)
	r.rss, r.anon, r.threads = status["VmRSS"]<<10, status["RssAnon"]<<10, int(status["Threads"])
	if fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.cmd.Process.Pid)); err == nil {
		r.fds = len(fds)
	}
	r.goroutines = int(s.metric("go_goroutines"))
	if st, err := os.Stat(filepath.Join(s.dir, "data", "journal.db")); err == nil {
		r.journal = st.Size()
	}
	if len(s.table.rows) == 0 {
		fmt.Println("      at  requests  faults  restarts  dropped   sent  failed  docs done  RSS MiB  anon MiB  fds  threads  goroutines  journal MiB")
	}
	s.table.rows = append(s.table.rows, r)
	fmt.Println(r)
}

// String is one line of the table.
func (r soakRow) String() string {
	mib := func(n int64) float64 { return float64(n) / (1 << 20) }
	return fmt.Sprintf("%8s %9d %7d %9d %8d %6d %7d %10d %8.1f %9.1f %4d %8d %11d %12.2f", r.at.Round(time.Second), r.requests,
		r.faults, r.restarts, r.sets, r.sent, r.failed, r.docsDone, mib(r.rss), mib(r.anon), r.fds, r.threads, r.goroutines,
		mib(r.journal))
}

// report compares the first with the last quarter of the half without restarts. A run of less than ten minutes is too short to say
// that something grew.
func (table soakTable) report(t *testing.T) {
	t.Helper()
	var steady []soakRow
	for _, r := range table.rows {
		if r.steady && r.rss > 0 {
			steady = append(steady, r)
		}
	}
	if len(steady) < 8 {
		t.Log("too few rows to compare")
		return
	}
	quarter := len(steady) / 4
	first, last := steady[:quarter], steady[len(steady)-quarter:]
	long := table.rows[len(table.rows)-1].at >= 10*time.Minute
	for _, f := range []struct {
		name  string
		of    func(soakRow) float64
		slack float64 // what may come and go
	}{
		{"RSS, MiB", func(r soakRow) float64 { return float64(r.rss) / (1 << 20) }, 12},
		{"anonymous memory, MiB", func(r soakRow) float64 { return float64(r.anon) / (1 << 20) }, 6},
		{"descriptors", func(r soakRow) float64 { return float64(r.fds) }, 8},
		{"threads", func(r soakRow) float64 { return float64(r.threads) }, 4},
		{"goroutines", func(r soakRow) float64 { return float64(r.goroutines) }, 16},
	} {
		a, b := median(first, f.of), median(last, f.of)
		t.Logf("without restarts, median of the first and of the last quarter: %-22s %7.1f %7.1f", f.name, a, b)
		if long && b > a*1.15+f.slack {
			t.Errorf("%s grew from %.1f to %.1f", f.name, a, b)
		}
	}
	r := table.rows[len(table.rows)-1]
	t.Logf("the journal has %.2f MiB for %d sets and %d documents", float64(r.journal)/(1<<20), r.sent+r.failed, r.docsDone)
}

func median(rows []soakRow, of func(soakRow) float64) float64 {
	var all []float64
	for _, r := range rows {
		all = append(all, of(r))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// procStatus reads the numbers of /proc/PID/status: kB where it says so.
func procStatus(pid int) map[string]int64 {
	out := map[string]int64{}
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)) // gone: no numbers
	for line := range strings.Lines(string(b)) {
		name, rest, _ := strings.Cut(line, ":")
		if f := strings.Fields(rest); len(f) > 0 {
			if n, err := strconv.ParseInt(f[0], 10, 64); err == nil {
				out[name] = n
			}
		}
	}
	return out
}

// counts asks the agent how many sets and documents are in which state, by inbox.
func (s *soak) counts() (map[string]map[string]int, error) {
	b, err := s.get("/api/v1/status")
	if err != nil {
		return nil, err
	}
	var o struct {
		Inboxes []struct {
			Name   string
			Counts map[string]int
		}
	}
	if err := json.Unmarshal(b, &o); err != nil {
		return nil, err
	}
	out := map[string]map[string]int{}
	for _, in := range o.Inboxes {
		out[in.Name] = in.Counts
	}
	return out, nil
}

// metric is one figure of /metrics, 0 when it is not there.
func (s *soak) metric(name string) float64 {
	b, err := s.get("/metrics")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if text, ok := strings.CutPrefix(line, name+" "); ok {
			v, _ := strconv.ParseFloat(strings.TrimSpace(text), 64)
			return v
		}
	}
	return 0
}

func (s *soak) get(path string) ([]byte, error) {
	client := http.Client{Timeout: 5 * time.Second}
	res, err := client.Get(s.url + path)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", path, res.Status)
	}
	return io.ReadAll(res.Body)
}

// lastLines keeps the end of a long log.
type lastLines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (l *lastLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.b.Len() > 1<<20 {
		keep := bytes.Clone(l.b.Bytes()[l.b.Len()-(1<<16):])
		l.b.Reset()
		l.b.Write(keep)
	}
	return l.b.Write(p)
}

// String returns what is kept.
func (l *lastLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
