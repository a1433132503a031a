package agent_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kurir/agent"
	"kurir/agent/config"
	"kurir/agent/control"
	"kurir/agent/pictures"
	"kurir/agent/simulator"
)

// rig is a whole agent in this process: its configuration, real folders, a real journal, the simulator over HTTP.
type rig struct {
	t                     *testing.T
	dir                   string
	lane, erp, out, respo string // inboxes and their outboxes
	data                  string
	giveUp                string // give_up_after of the inbox lane
	sim                   *simulator.Server
	answers               *gate // of the simulator
	url                   string
	want                  map[string]map[string]bool // nomorAju -> SHA-256 of the photos that must arrive
	log                   *lineCounter

	a      *agent.Agent
	cancel context.CancelFunc
	ended  chan error
}

func newRig(t *testing.T, o simulator.Options) *rig {
	t.Helper()
	dir := t.TempDir()
	r := &rig{t: t, dir: dir, lane: filepath.Join(dir, "lane"), erp: filepath.Join(dir, "erp"), out: filepath.Join(dir, "out"),
		giveUp: "1h", respo: filepath.Join(dir, "respon"), data: filepath.Join(dir, "data"), want: map[string]map[string]bool{}, log: &lineCounter{}}
	for _, d := range []string{r.lane, r.erp, r.out, r.respo, r.data} {
		must(t, os.Mkdir(d, 0o755))
	}
	r.sim = simulator.New(o)
	r.answers = &gate{to: r.sim}
	srv := httptest.NewServer(r.answers)
	t.Cleanup(func() { r.answers.open(); srv.Close(); _ = r.sim.Close() })
	r.url = srv.URL
	t.Cleanup(func() { r.stop() })
	return r
}

func (r *rig) config() *config.Config {
	r.t.Helper()
	text := fmt.Sprintf(`
data_dir: %s
language: en
beacukai: {base_url: %s/openapi/cnpibk, timeout: 5m, auth: {token: demo-token}}
t2g: {base_url: %[2]s, edinumber: EDI1, timeout: 5s, auth: {token: demo-token}}
inboxes:
  - {name: lane, kind: xray, path: %s, outbox: %s, settle: 150ms, rescan: 1s,
     retry: {first: 50ms, max: 400ms, give_up_after: %s, not_found_for: 1h}}
  - {name: erp, kind: aju, path: %s, outbox: %s, kode_dokumen: "30", settle: 150ms, rescan: 1s,
     poll: {first: 1s, max: 2s, done_status: ["120", "800", "900"]}}
dashboard: {listen: ""}
`, r.data, r.url, r.lane, r.out, r.giveUp, r.erp, r.respo)
	cfg, err := config.Parse([]byte(text), filepath.Join(r.dir, "kurir.yaml"))
	must(r.t, err)
	return cfg
}

// start runs the agent; it is stopped with the test.
func (r *rig) start() {
	r.t.Helper()
	a, err := agent.New(r.config(), agent.Options{Logger: slog.New(slog.NewTextHandler(r.log, nil)), Patience: time.Second})
	must(r.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	r.a, r.cancel, r.ended = a, cancel, make(chan error, 1)
	go func() { r.ended <- a.Run(ctx) }()
}

// stop ends the agent and returns what it ended with. A second call does nothing.
func (r *rig) stop() error {
	if r.cancel == nil {
		return nil
	}
	r.cancel()
	r.cancel = nil
	err := <-r.ended
	return errors.Join(err, r.a.Close())
}

// until waits for a condition, and fails the test when it does not come.
func (r *rig) until(what string, ok func() bool) {
	r.t.Helper()
	deadline := time.NewTimer(3 * time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline.C:
			r.t.Fatalf("never came: %s\nlane: %v\nout: %v\n%s", what, below(r.lane), below(r.out), r.log.tail())
		case <-tick.C:
		}
	}
}

// problem returns what the overview says of a subject.
func (r *rig) problem(subject string) (control.Problem, bool) {
	r.t.Helper()
	o, err := r.a.Overview(r.t.Context())
	must(r.t, err)
	i := slices.IndexFunc(o.Problems, func(p control.Problem) bool { return p.Subject == subject })
	if i < 0 {
		return control.Problem{}, false
	}
	return o.Problems[i], true
}

// untilPaused waits until the overview says that a subject has trouble with a disk.
func (r *rig) untilPaused(subject string) {
	r.t.Helper()
	r.until(subject+" is paused", func() bool {
		p, ok := r.problem(subject)
		return ok && p.Code == "disk" && p.Message != "" && p.Action != "" && !p.Since.IsZero()
	})
}

func (r *rig) untilWell(subject string) {
	r.t.Helper()
	r.until(subject+" is well", func() bool { _, ok := r.problem(subject); return !ok })
}

// drop moves a folder set into the inbox, of photos whose seeds are given. The set is called like its declaration.
func (r *rig) drop(aju string, seeds ...int) {
	r.t.Helper()
	stage := filepath.Join(r.dir, "stage", aju)
	must(r.t, os.MkdirAll(stage, 0o755))
	if r.want[aju] == nil {
		r.want[aju] = map[string]bool{}
	}
	for _, seed := range seeds {
		b := photo(r.t, seed)
		r.want[aju][hexSum(b)] = true
		must(r.t, os.WriteFile(filepath.Join(stage, fmt.Sprintf("p%d.jpg", seed)), b, 0o644))
	}
	must(r.t, os.WriteFile(filepath.Join(stage, "set.json"), sidecar(aju), 0o644))
	target := filepath.Join(r.lane, aju)
	if err := os.Rename(stage, target); err != nil { // the inbox may be another file system
		must(r.t, os.CopyFS(filepath.Join(r.lane, ".arriving-"+aju), os.DirFS(stage)))
		must(r.t, os.Rename(filepath.Join(r.lane, ".arriving-"+aju), target))
		must(r.t, os.RemoveAll(stage))
	}
}

// state is a set's, as the lists have it.
func (r *rig) state(aju string) (string, *control.Error) {
	sets, err := r.a.Sets(r.t.Context(), control.Query{ID: "lane/" + aju})
	if err != nil || len(sets.Sets) == 0 {
		return "", nil
	}
	return sets.Sets[0].State, sets.Sets[0].Error
}

func (r *rig) untilSent(ajus ...string) {
	r.t.Helper()
	for _, aju := range ajus {
		r.until(aju+" is sent", func() bool { s, _ := r.state(aju); return s == "sent" })
	}
}

// once checks that the server has every photo exactly once and no other, and that all is in the outbox, whole.
func (r *rig) once() {
	r.t.Helper()
	for aju, want := range r.want {
		got := map[string]int{}
		for _, p := range r.sim.Photos(aju) {
			got[p.SHA256]++
		}
		for h := range want {
			if got[h] != 1 {
				r.t.Errorf("%s: a photo was stored %d times", aju, got[h])
			}
		}
		if len(got) != len(want) {
			r.t.Errorf("%s: the server has %d photos, want %d", aju, len(got), len(want))
		}
		kept := map[string]bool{}
		for _, f := range below(r.out) {
			if b, err := os.ReadFile(filepath.Join(r.out, f)); err == nil {
				kept[hexSum(b)] = true
			}
		}
		for h := range want {
			if !kept[h] {
				r.t.Errorf("%s: an original is not in the outbox", aju)
			}
		}
	}
	r.whole()
}

// whole checks that no half file is visible in the outbox.
func (r *rig) whole() {
	r.t.Helper()
	for _, f := range below(r.out) {
		if strings.HasPrefix(filepath.Base(f), ".") {
			continue // what is being written
		}
		b, err := os.ReadFile(filepath.Join(r.out, f))
		if err != nil {
			continue // it has been replaced or moved meanwhile, or its disk is away
		}
		switch filepath.Ext(f) {
		case ".json":
			if !json.Valid(b) {
				r.t.Errorf("half of %s is visible: %q", f, b)
			}
		case ".jpg":
			if !bytes.HasSuffix(b, []byte{0xff, 0xd9}) {
				r.t.Errorf("half of %s is visible: %d bytes", f, len(b))
			}
		}
	}
}

// sends counts the requests that bring photos.
func (r *rig) sends() int {
	c := r.sim.Counts().Requests
	return c[simulator.Kirim] + c[simulator.Add]
}

// photo makes a JPEG of some 30 KB, another for each seed.
func photo(t *testing.T, seed int) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, pictures.JPEG(&b, uint64(seed), 640, 480, 80))
	return b.Bytes()
}

func sidecar(aju string) []byte {
	return fmt.Appendf(nil, `{"nomorAju": %q, "nomorBlAwb": "AWB%s", "tanggalBlAwb": "2025-09-30", "kodeKantor": "009000"}`, aju, aju)
}

func hexSum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// below lists the regular files below a folder, relative to it.
func below(dir string) []string {
	var out []string
	_ = filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			rel, _ := filepath.Rel(dir, p)
			out = append(out, rel)
		}
		return nil // what vanishes meanwhile was moved
	})
	return out
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// calm checks that nobody runs in circles: what is logged while nothing changes is a few lines, and then a few a second.
func (r *rig) calm(since time.Time, lines int) {
	r.t.Helper()
	if n, most := r.log.count()-lines, 40+int(6*time.Since(since).Seconds()); n > most {
		r.t.Errorf("%d lines were logged, of at most %d:\n%s", n, most, r.log.tail())
	}
}

// lineCounter is a log whose lines are counted.
type lineCounter struct {
	mu    sync.Mutex
	lines []string
}

// Write implements io.Writer.
func (l *lineCounter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, string(p))
	return len(p), nil
}

func (l *lineCounter) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.lines)
}

func (l *lineCounter) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines[max(0, len(l.lines)-40):], "")
}
