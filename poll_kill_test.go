package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kurir/agent/simulator"
)

// TestPolledThroughKills tracks numbers with the real binary over a faulty T2G, and kills it without warning now and then.
// Afterwards every number is done, every response that was there lies in the outbox once and is right, no number was
// polled faster than its pace, and the rate was never exceeded.
//
// KURIR_POLL_NUMBERS, KURIR_POLL_RATE and KURIR_POLL_KILLS make it larger: 10 000, 10 a second and 20 were run by hand,
// with KURIR_POLL_FAULTS, the faults that a number meets, at 1: a second of waiting in each of 30 000 faults is a working day.
func TestPolledThroughKills(t *testing.T) {
	if testing.Short() {
		t.Skip("short")
	}
	t.Parallel()
	p := &pollRun{t: t, dir: t.TempDir(), numbers: number("KURIR_POLL_NUMBERS", 60), rate: number("KURIR_POLL_RATE", 25),
		kills: number("KURIR_POLL_KILLS", 4), first: 2 * time.Second}
	p.bin = filepath.Join(p.dir, "kurir-under-test")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", p.bin, ".").CombinedOutput(); err != nil {
		t.Skipf("the binary cannot be built here: %v\n%s", err, out)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	faults := simulator.Hostile(seed)
	for i := range faults {
		if faults[i].PerKey > 0 {
			faults[i].PerKey = number("KURIR_POLL_FAULTS", faults[i].PerKey)
		}
	}
	p.sim = simulator.New(simulator.Options{Faults: faults, Seed: seed, Speed: 20, KeepRequests: 1 << 20})
	t.Cleanup(func() { _ = p.sim.Close() })
	p.prepare()
	p.run(rand.New(rand.NewPCG(seed, 2)))
	journalCheck(t, p.bin, p.dir)
	p.checkDocuments()
	p.checkPace()
	p.checkRate()
}

// pollRun is one agent that polls and is killed.
type pollRun struct {
	t                    *testing.T
	dir, bin, url        string
	sim                  *simulator.Server
	numbers, rate, kills int
	first                time.Duration
	killed               int
	log                  bytes.Buffer
	lives                []time.Time // since when each process may have sent something
}

// configure writes the configuration.
func (p *pollRun) configure() {
	cfg := fmt.Sprintf(`
data_dir: data
language: en
t2g:
  base_url: %s
  edinumber: "EDI0001"
  timeout: 30s
  rate: %d/s
  auth: {token: demo-token}
inboxes:
  - name: erp
    kind: aju
    path: in
    outbox: out
    settle: 200ms
    poll: {first: %s, max: 60s, factor: 2, give_up_after: 1d, done_status: ["120", "800", "900"]}
dashboard: {listen: ""}
log: {level: debug, format: json}
`, p.url, p.rate, p.first)
	if err := os.WriteFile(filepath.Join(p.dir, "kurir.yaml"), []byte(cfg), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pollRun) prepare() {
	var list strings.Builder
	for i := range p.numbers {
		fmt.Fprintln(&list, p.car(i))
	}
	for _, err := range []error{
		os.Mkdir(filepath.Join(p.dir, "in"), 0o755),
		os.WriteFile(filepath.Join(p.dir, "in", "all.txt"), []byte(list.String()), 0o644),
	} {
		if err != nil {
			p.t.Fatal(err)
		}
	}
}

func (p *pollRun) car(i int) string { return fmt.Sprintf("050301%020d", i+1) }

// run starts the agent and kills it at random moments until all numbers are done.
func (p *pollRun) run(rnd *rand.Rand) {
	atLeast := time.Duration(3*p.numbers/p.rate) * time.Second
	for range p.kills {
		kill := p.start()
		share := atLeast/time.Duration(p.kills+1) + 300*time.Millisecond
		<-time.After(share/2 + time.Duration(rnd.Int64N(int64(share)))) // a random moment is the point
		kill(os.Kill)
		p.killed++
	}
	end := p.start()
	deadline := time.NewTimer(3*time.Minute + 4*atLeast)
	defer deadline.Stop()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for !p.finished() {
		select {
		case <-deadline.C:
			end(os.Kill)
			p.t.Fatalf("never finished\n%s", tail(p.log.String()))
		case <-tick.C:
		}
	}
	end(os.Interrupt)
}

// start runs the agent until end is called. Each process has the server at an address of its own, which is gone with it: what
// it had sent has arrived before the next one starts, or never does.
func (p *pollRun) start() (end func(os.Signal)) {
	srv := httptest.NewServer(p.sim)
	p.url = srv.URL
	p.configure()
	p.lives = append(p.lives, time.Now())
	cmd := exec.CommandContext(p.t.Context(), p.bin, "run", "-c", filepath.Join(p.dir, "kurir.yaml"))
	cmd.Stderr = &p.log
	if err := cmd.Start(); err != nil {
		srv.Close()
		p.t.Fatal(err)
	}
	return func(s os.Signal) {
		_ = cmd.Process.Signal(s)
		_ = cmd.Wait()
		srv.Close()
	}
}

// finished reports whether the list's summary shows every number as done.
func (p *pollRun) finished() bool {
	f, err := os.Open(filepath.Join(p.dir, "out", "lists", "all", "summary.csv"))
	if err != nil {
		return false
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		p.t.Fatalf("half a summary is visible: %v", err)
	}
	done := 0
	for _, r := range rows {
		if r[3] == "done" {
			done++
		}
	}
	return done == p.numbers
}

// checkDocuments compares what lies in the outbox with what the server has. The one response that comes after a
// document's end is for its tail, a day later.
func (p *pollRun) checkDocuments() {
	if err := p.sim.SetFaults(nil); err != nil {
		p.t.Fatal(err)
	}
	srv := httptest.NewServer(p.sim)
	defer srv.Close()
	for i := range p.numbers {
		car := p.car(i)
		server := p.ask(srv.URL, car)
		dir := filepath.Join(p.dir, "out", "documents", car, "respon")
		have := map[string]bool{}
		for _, f := range files(p.t, dir) {
			name, isResponse := strings.CutSuffix(f, ".json")
			if !isResponse || strings.HasSuffix(f, ".res.json") {
				continue
			}
			have[name] = true
			want, ok := server[name]
			if !ok {
				p.t.Errorf("%s: %s is no response of the server's (%v)", car, f, slices.Sorted(maps.Keys(server)))
				continue
			}
			if pdf, err := base64.StdEncoding.DecodeString(want); err == nil && bytes.HasPrefix(pdf, []byte("%PDF")) {
				if got, err := os.ReadFile(filepath.Join(dir, name+".pdf")); err != nil || !bytes.Equal(got, pdf) {
					p.t.Errorf("%s: the PDF of %s is not the server's: %v", car, name, err)
				}
			}
		}
		if missing := len(server) - len(have); missing > 1 || missing < 0 || len(have) == 0 {
			p.t.Errorf("%s: %d responses in the outbox, %d at the server", car, len(have), len(server))
		}
	}
}

// ask fetches a document's responses as the API gives them: pdf_encoded by date, time and kind.
func (p *pollRun) ask(url, car string) map[string]string {
	body := strings.NewReader(`{"edinumber":"EDI0001","car":"` + car + `"}`)
	q, err := http.NewRequestWithContext(context.WithoutCancel(p.t.Context()), http.MethodPost, url+"/getresbycar/bc30", body)
	if err != nil {
		p.t.Fatal(err)
	}
	q.Header.Set("Authorization", "Bearer "+simulator.DemoToken)
	q.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	type entry struct {
		Reshdr struct {
			RESTG, RESWK string
			RESKD        any
			PDF          *string `json:"pdf_encoded"`
		}
	}
	var answer struct{ Desc json.RawMessage }
	var entries []entry
	if err := json.Unmarshal(text, &answer); err != nil {
		p.t.Fatalf("%s: %v: %s", car, err, text)
	}
	if json.Unmarshal(answer.Desc, &entries) != nil {
		var one entry
		if err := json.Unmarshal(answer.Desc, &one); err != nil {
			p.t.Fatalf("%s: %v: %s", car, err, text)
		}
		entries = []entry{one}
	}
	out := map[string]string{}
	for _, e := range entries {
		h, pdf := e.Reshdr, ""
		if h.PDF != nil {
			pdf = *h.PDF
		}
		out[fmt.Sprintf("%s_%s_%v", h.RESTG, h.RESWK, h.RESKD)] = pdf
	}
	return out
}

// checkPace looks at the server's record: between two polls of a number lies its first interval at least. A request
// repeated at once after a 401 is one poll.
func (p *pollRun) checkPace() {
	last := map[string]simulator.Request{}
	polls := 0
	for _, q := range p.sim.Requests() {
		if q.Op != simulator.StatusRespon || q.Aju == "" {
			continue
		}
		polls++
		if before, ok := last[q.Aju]; ok && before.Status != http.StatusUnauthorized {
			if gap := q.At.Sub(before.At); gap < p.first-20*time.Millisecond {
				p.t.Errorf("%s was polled again after %v", q.Aju, gap)
			}
		}
		last[q.Aju] = q
	}
	if len(last) != p.numbers {
		p.t.Errorf("%d numbers were polled, want %d", len(last), p.numbers)
	}
	c := p.sim.Counts()
	p.t.Logf("%d numbers, %d kills: %d polls, requests %v, %d of them met a fault", p.numbers, p.killed, polls, c.Requests, c.Faults)
}

// checkRate counts the requests of every second, from each request on, by the agent's own clock: a new process does not send
// what the killed one had just used up. What the server saw is counted from each start on, which no delay on the way and no
// busy machine makes more: there it shows that the log tells all.
func (p *pollRun) checkRate() {
	const inFlight = 8 // the default of concurrency: so many requests of a killed process have no line
	var arrived []time.Time
	for _, q := range p.sim.Requests() {
		if strings.HasPrefix(q.UserAgent, "kurir/") {
			arrived = append(arrived, q.At)
		}
	}
	slices.SortFunc(arrived, time.Time.Compare)
	left := p.departures()
	if len(left)+inFlight*p.killed < len(arrived) {
		p.t.Fatalf("the log tells of %d requests, %d arrived", len(left), len(arrived))
	}
	leaving := most(left)
	p.t.Logf("at most %d requests left in any second and %d arrived, %d allowed", leaving, most(arrived), p.rate)
	if leaving > p.rate {
		p.t.Errorf("the rate was exceeded: %d requests left in a second, %d allowed", leaving, p.rate)
	}
	for i, since := range p.lives {
		of := arrived[before(arrived, since):]
		if i+1 < len(p.lives) {
			of = of[:before(of, p.lives[i+1])]
		}
		for n, at := range of {
			if d := at.Sub(since); d < time.Duration(n+1)*time.Second/time.Duration(p.rate) {
				p.t.Errorf("request %d of process %d arrived %v after its start", n+1, i+1, d)
			}
		}
	}
}

// before counts which of some times, in order, are before another.
func before(at []time.Time, t time.Time) int {
	n, _ := slices.BinarySearchFunc(at, t, time.Time.Compare)
	return n
}

// departures reads from the log when each request began.
func (p *pollRun) departures() []time.Time {
	var left []time.Time
	for line := range bytes.Lines(p.log.Bytes()) {
		var l struct {
			Msg   string
			Since time.Time
		}
		if json.Unmarshal(line, &l) != nil || l.Msg != "request done" && l.Msg != "request failed" {
			continue // a line that a kill cut, or another
		}
		if l.Since.IsZero() {
			p.t.Fatalf("it does not say when it began: %s", line)
		}
		left = append(left, l.Since)
	}
	return left
}

// most is the largest number of times in any second.
func most(at []time.Time) int {
	slices.SortFunc(at, time.Time.Compare)
	most, from := 0, 0
	for i := range at {
		for at[i].Sub(at[from]) >= time.Second {
			from++
		}
		most = max(most, i-from+1)
	}
	return most
}
