package poll

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kurir/agent/journal"
	"kurir/agent/journal/bolt"
	"kurir/agent/outbox"
	"kurir/agent/reason"
	"kurir/agent/t2g"
	"kurir/agent/transport"
	"kurir/watcher"
)

// rig is a pipeline on real folders, a real journal and a real client.
type rig struct {
	t      *testing.T
	dir    string
	in     Inbox
	clock  *clock
	server *server
	log    *logs
	store  *bolt.Store
	wrap   func(journal.Store) journal.Store // what the pipeline sees of the store
	gate   *transport.Gate
	p      *Pipeline
	stop   func()
	more   []Inbox
	edit   func(*Options)
	conn   transport.Options

	slowSummaries bool // as slow as they are for users
	unproved      bool // the test takes files away, or stops half-way: not all are there in the end
}

var testPace = Pace{
	First: time.Minute, Max: 30 * time.Minute, Factor: 2, GiveUpAfter: 30 * 24 * time.Hour,
	DoneStatus: []string{"120", "800", "900"}, TailEvery: 24 * time.Hour, TailFor: 60 * 24 * time.Hour,
}

func newRig(t *testing.T) *rig {
	t.Helper()
	dir := t.TempDir()
	c := newClock()
	r := &rig{t: t, dir: dir, clock: c, server: newServer(t, c), log: &logs{}}
	r.in = Inbox{Name: "erp", Root: filepath.Join(dir, "in"), Outbox: filepath.Join(dir, "out"), KodeDokumen: "30", Pace: testPace}
	for _, d := range []string{r.in.Root, r.in.Outbox} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { r.kill() })
	return r
}

// open opens the journal and makes a pipeline that does not run yet.
func (r *rig) open() *Pipeline {
	r.t.Helper()
	log := slog.New(slog.NewTextHandler(r.log, nil))
	store, _, err := bolt.Open(filepath.Join(r.dir, "journal.db"), bolt.Options{Logger: log})
	if err != nil {
		r.t.Fatal(err)
	}
	r.store = store
	conn := r.conn
	if conn.BaseURL == "" {
		conn.BaseURL = r.server.url
	}
	conn.Token, conn.Logger = "secret", log
	tc, err := transport.New(conn)
	if err != nil {
		r.t.Fatal(err)
	}
	r.gate = transport.NewGate(func(int) time.Duration { return time.Minute }, r.clock.Now)
	o := Options{
		Store:  store,
		Client: t2g.New(tc, t2g.Options{EDINumber: "EDI0001", ResponsePaths: map[string]string{"23": "/getresbycar/bc30", "30": "/getresbycar/bc30"}}),
		Gate:   r.gate, Inboxes: append([]Inbox{r.in}, r.more...), Workers: 4, Language: reason.English, Logger: log, Now: r.clock.Now,
	}
	if r.wrap != nil {
		o.Store = r.wrap(store)
	}
	if r.edit != nil {
		r.edit(&o)
	}
	r.p = New(o)
	r.p.reread = 10 * time.Millisecond
	if !r.slowSummaries {
		r.p.summaries.every = 10 * time.Millisecond
	}
	return r.p
}

// start opens and runs.
func (r *rig) start() {
	r.t.Helper()
	p := r.open()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	r.stop = func() {
		cancel()
		if err := <-done; err != nil {
			r.t.Errorf("Run: %v", err)
		}
	}
}

// kill stops the pipeline and closes the journal. It may be called again.
func (r *rig) kill() {
	if r.stop != nil {
		r.stop()
		r.stop = nil
	}
	if r.store != nil {
		if err := r.store.Close(); err != nil {
			r.t.Errorf("close journal: %v", err)
		}
		r.store = nil
		if !r.unproved {
			r.conserved()
		}
	}
}

// conserved proves, of whatever a test has left, that lists and responses are all there.
func (r *rig) conserved() {
	r.t.Helper()
	for _, f := range r.findings() {
		r.t.Errorf("not conserved: %+v", f)
	}
}

// findings are what the proof finds wrong.
func (r *rig) findings() []journal.Finding {
	r.t.Helper()
	store, err := bolt.Look(filepath.Join(r.dir, "journal.db"))
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = store.Close() }() // it was only read
	l, err := (&Conservation{Store: store, Inboxes: append([]Inbox{r.in}, r.more...)}).Check(context.Background())
	if err != nil {
		r.t.Fatal(err)
	}
	return l.Findings
}

// drop puts a list into the inbox and has the pipeline's handler look at it.
func (r *rig) drop(name, content string) error {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.in.Root, name), []byte(content), 0o644); err != nil {
		r.t.Fatal(err)
	}
	return r.offer(name)
}

// offer offers what lies in the inbox, as the watcher does.
func (r *rig) offer(names ...string) error {
	var files []watcher.File
	for _, n := range names {
		files = append(files, watcher.File{Path: n, State: watcher.Rest, Changed: r.clock.Now().Add(-time.Hour)})
	}
	return r.p.Handler("erp").Handle(context.Background(), files)
}

// turn turns the clock on and tells the pipeline.
func (r *rig) turn(d time.Duration) {
	r.clock.advance(d)
	r.p.Wake()
}

func (r *rig) path(parts ...string) string {
	return filepath.Join(append([]string{r.in.Outbox}, parts...)...)
}

// doc reads a document's status file; one without state when there is none.
func (r *rig) doc(car string) Document {
	r.t.Helper()
	b, err := os.ReadFile(r.path("documents", car, "status.json"))
	if err != nil {
		return Document{}
	}
	var doc Document
	if err := json.Unmarshal(b, &doc); err != nil {
		r.t.Fatalf("status.json of %s: %v", car, err)
	}
	return doc
}

// await waits until a document's status file is as wanted.
func (r *rig) await(car string, what string, ok func(Document) bool) Document {
	r.t.Helper()
	var doc Document
	eventually(r.t, func() bool { doc = r.doc(car); return ok(doc) }, func() string {
		return fmt.Sprintf("%s: %s is %+v", what, car, doc)
	})
	// the journal follows the status file
	eventually(r.t, func() bool {
		job, err := r.store.Get(context.Background(), journal.Aju, jobKey("erp", car))
		if err != nil {
			return false
		}
		rec, err := decodeRecord(job)
		return err == nil && rec.Polls >= doc.Polls && rec.Busy.IsZero()
	}, func() string { return "the journal does not follow " + car })
	return doc
}

// eventually waits for a condition.
func eventually(t *testing.T, ok func() bool, why func() string) {
	t.Helper()
	deadline := time.NewTimer(3 * time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatal("waited in vain: " + why())
		}
	}
}

// files lists all files below a folder, with slashes, sorted; without those that are just being written.
func files(t *testing.T, root string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.HasPrefix(d.Name(), ".") {
			rel, _ := filepath.Rel(root, path)
			out = append(out, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

// snapshot is every file below root with its time and content.
func snapshot(t *testing.T, root string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, name := range files(t, root) {
		path := filepath.Join(root, filepath.FromSlash(name))
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = info.ModTime().String() + "\n" + string(b)
	}
	return out
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := outbox.Read(path) // as patiently as anyone should
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// logs keeps what was logged.
type logs struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logs) count(s string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), s)
}

// number makes Aju numbers.
func number(i int) string { return fmt.Sprintf("05080000000220240228%06d", i) }
