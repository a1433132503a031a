package upload_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"kurir/agent/beacukai"
	"kurir/agent/journal"
	"kurir/agent/journal/bolt"
	"kurir/agent/outbox"
	"kurir/agent/reason"
	"kurir/agent/simulator"
	"kurir/agent/transport"
	"kurir/agent/upload"
	"kurir/watcher"
)

// rig is the whole pipeline made small: a real folder, a real watcher, a real journal, real HTTP, the simulator.
type rig struct {
	t       testing.TB
	dir     string
	inbox   string
	out     string
	in      upload.Inbox
	more    []upload.Inbox
	sim     *simulator.Server
	url     string
	timeout time.Duration // how long a lost request may still be under way
	hang    time.Duration // how long a request may make no progress

	rescan time.Duration
	mode   watcher.Mode // "": events

	concurrency int

	unproved bool // the test takes files away, or leaves them half-way: not all are in their places in the end

	tune func(*upload.Options)
	auth func(*transport.Options)
	wrap func(journal.Store) journal.Store

	store  *bolt.Store
	p      *upload.Pipeline
	cancel context.CancelFunc
	ended  chan error
}

// newRig prepares folders and a simulator; nothing runs before start.
func newRig(t testing.TB, o simulator.Options) *rig {
	t.Helper()
	r := &rig{t: t, dir: t.TempDir(), timeout: 5 * time.Second, hang: time.Minute, rescan: time.Second, concurrency: 4}
	r.inbox, r.out = filepath.Join(r.dir, "in"), filepath.Join(r.dir, "out")
	must(t, os.Mkdir(r.inbox, 0o755))
	r.in = upload.Inbox{
		Name: "lane-1", Root: r.inbox, Outbox: r.out, Settle: 150 * time.Millisecond, MinImages: 1, MaxImages: 20,
		MaxBytes: 25 << 20,
		Retry: upload.Retry{First: 20 * time.Millisecond, Max: 100 * time.Millisecond, GiveUpAfter: time.Minute,
			NotFoundFor: time.Minute},
	}
	r.sim = simulator.New(o)
	srv := httptest.NewServer(r.sim)
	t.Cleanup(func() { srv.Close(); _ = r.sim.Close() })
	r.url = srv.URL + "/openapi/cnpibk"
	t.Cleanup(r.stop)
	return r
}

// start runs the pipeline; it is stopped with the test.
func (r *rig) start() {
	r.t.Helper()
	store, _, err := bolt.Open(filepath.Join(r.dir, "journal.db"), bolt.Options{})
	must(r.t, err)
	r.store = store
	var js journal.Store = store
	if r.wrap != nil {
		js = r.wrap(store)
	}
	to := transport.Options{BaseURL: r.url, Token: simulator.DemoToken, Timeout: r.hang, Concurrency: r.concurrency, UserAgent: "kurir/test"}
	if r.auth != nil {
		r.auth(&to)
	}
	tc, err := transport.New(to)
	must(r.t, err)
	logs := slog.New(slog.NewTextHandler(testLog{r.t}, nil))
	gate := transport.NewGate(func(int) time.Duration { return 30 * time.Millisecond }, nil)
	o := upload.Options{
		Store: js, Client: beacukai.New(tc, "/xray"), Gate: gate, Inboxes: append([]upload.Inbox{r.in}, r.more...),
		Requests: 4, Timeout: r.timeout, Patience: 400 * time.Millisecond, Language: reason.English, Logger: logs,
	}
	if r.tune != nil {
		r.tune(&o)
	}
	r.p = upload.New(o)
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel, r.ended = cancel, make(chan error, 1)
	run := []func(context.Context) error{r.p.Run} // none before all are made: the pipeline calls the watchers
	for _, in := range o.Inboxes {
		var w *watcher.Watcher
		w, err := watcher.New(watcher.Options{Root: in.Root, Settle: in.Settle, Rescan: r.rescan, Mode: r.mode, Ignore: in.Ignore, Logger: logs},
			r.p.Handler(in.Name, func(paths []string) { w.Forget(paths...) }))
		must(r.t, err)
		run = append(run, w.Run)
	}
	running := make(chan error, len(run))
	for _, f := range run {
		go func() { running <- f(ctx) }()
	}
	go func() {
		var first error
		for range run {
			if err := <-running; err != nil && ctx.Err() == nil && first == nil {
				first = err
				cancel()
			}
		}
		r.ended <- first
	}()
}

// stop ends the pipeline and closes the journal. A second call does nothing.
func (r *rig) stop() {
	if r.cancel == nil {
		return
	}
	r.cancel()
	r.cancel = nil
	if err := <-r.ended; err != nil && !errors.Is(err, errDead) {
		r.t.Errorf("pipeline ended: %v", err)
	}
	must(r.t, r.store.Close())
	if !r.unproved {
		r.conserved()
	}
}

// conserved proves, of whatever a test has left, that every file is in exactly one place: with the journal, and without.
func (r *rig) conserved() {
	r.t.Helper()
	for _, f := range r.findings(false) {
		r.t.Errorf("with the journal: %+v", f)
	}
	for _, f := range r.findings(true) {
		r.t.Errorf("without the journal: %+v", f)
	}
}

// findings are what the proof finds wrong.
func (r *rig) findings(lost bool) []journal.Finding {
	r.t.Helper()
	c := upload.Conservation{Inboxes: append([]upload.Inbox{r.in}, r.more...), Deep: true, Now: time.Now()}
	if !lost {
		store, err := bolt.Look(filepath.Join(r.dir, "journal.db"))
		must(r.t, err)
		defer func() { must(r.t, store.Close()) }()
		c.Store = store
	}
	l, err := c.Check(context.Background())
	must(r.t, err)
	return l.Findings
}

// until waits for a condition, and fails the test when it does not come.
func (r *rig) until(what string, ok func() bool) {
	r.t.Helper()
	deadline := time.NewTimer(3 * time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline.C:
			r.t.Fatalf("never came: %s\n%s", what, r.tree())
		case <-tick.C:
		}
	}
}

// status reads a set's status file; the zero Status while there is none.
func (r *rig) status(set string) upload.Status {
	r.t.Helper()
	b, err := outbox.Read(filepath.Join(r.out, "status", set+".json"))
	if errors.Is(err, fs.ErrNotExist) {
		return upload.Status{}
	}
	must(r.t, err)
	var st upload.Status
	if err := json.Unmarshal(b, &st); err != nil {
		r.t.Fatalf("half a status of %s is visible: %v\n%s", set, err, b)
	}
	return st
}

// await waits until a set is in a state and returns its status.
func (r *rig) await(set, state string) upload.Status {
	r.t.Helper()
	r.until(set+" is "+state, func() bool { return r.status(set).State == state })
	return r.status(set)
}

// waitsFor waits until a set is shown as waiting for just that: what comes file by file waits for others first.
func (r *rig) waitsFor(set string, what ...string) (st upload.Status) {
	r.t.Helper()
	r.until(fmt.Sprintf("%s waits for %q", set, what), func() bool {
		st = r.status(set)
		return st.State == upload.StateWaiting && slices.Equal(st.WaitingFor, what)
	})
	return st
}

// tree shows inbox and outbox, for failures.
func (r *rig) tree() string {
	var b strings.Builder
	_ = filepath.WalkDir(r.dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(r.dir, p)
			fmt.Fprintln(&b, rel)
			if filepath.Ext(p) == ".json" && strings.Contains(rel, "status") {
				text, _ := os.ReadFile(p)
				b.Write(text)
			}
		}
		return nil
	})
	for _, q := range r.sim.Requests() {
		fmt.Fprintf(&b, "%s %s status=%d code=%d stored=%d fault=%q note=%q\n", q.Op, q.Aju, q.Status, q.Code, q.Stored, q.Fault, q.Note)
	}
	return b.String()
}

// below lists the regular files below a folder, relative and in order.
func below(t testing.TB, dir string) []string {
	t.Helper()
	out := []string{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil && runtime.GOOS == "windows" && p != dir {
			out = append(out, p) // it is there, and held by someone
			return nil
		}
		if err != nil {
			return err
		}
		if d.Type().IsRegular() {
			rel, err := filepath.Rel(dir, p)
			if err != nil {
				return err
			}
			out = append(out, filepath.ToSlash(rel))
		}
		return nil
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

// once checks that the server holds exactly these contents for a declaration, each stored once, under distinct names.
func (r *rig) once(nomorAju string, contents ...[]byte) {
	r.t.Helper()
	want := map[string]int{}
	for _, c := range contents {
		want[sum(c)]++
	}
	names := map[string]bool{}
	for _, p := range r.sim.Photos(nomorAju) {
		want[p.SHA256]--
		if names[p.Name] {
			r.t.Errorf("%s: name %q stands twice", nomorAju, p.Name)
		}
		names[p.Name] = true
	}
	for h, n := range want {
		if n > 0 {
			r.t.Errorf("%s: photo %s… never arrived", nomorAju, h[:8])
		}
		if n < 0 {
			r.t.Errorf("%s: photo %s… arrived %d time(s) too often", nomorAju, h[:8], -n)
		}
	}
	if r.t.Failed() {
		r.t.Log(r.tree())
	}
}

// drop puts files of a set into a folder at once, by rename from beside the inbox.
func (r *rig) drop(folder string, files map[string][]byte) {
	r.t.Helper()
	tmp, err := os.MkdirTemp(r.dir, "staging")
	must(r.t, err)
	for name, content := range files {
		p := filepath.Join(tmp, filepath.FromSlash(name))
		must(r.t, os.MkdirAll(filepath.Dir(p), 0o755))
		must(r.t, os.WriteFile(p, content, 0o644))
	}
	must(r.t, os.Chmod(tmp, 0o755))
	must(r.t, os.Rename(tmp, filepath.Join(r.inbox, folder)))
}

// put writes one file into the inbox.
func (r *rig) put(name string, content []byte) {
	r.t.Helper()
	p := filepath.Join(r.inbox, filepath.FromSlash(name))
	must(r.t, os.MkdirAll(filepath.Dir(p), 0o755))
	must(r.t, os.WriteFile(p, content, 0o644))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// testLog shows the pipeline's log with a failing test.
type testLog struct{ t testing.TB }

func (l testLog) Write(p []byte) (int, error) {
	if testing.Verbose() {
		return os.Stderr.Write(p)
	}
	return len(p), nil
}

var _ io.Writer = testLog{}

// sentFiles lists the originals of sent/, without the date.
func (r *rig) sentFiles() []string {
	r.t.Helper()
	var out []string
	for _, f := range below(r.t, filepath.Join(r.out, "sent")) {
		_, rest, _ := strings.Cut(f, "/")
		out = append(out, rest)
	}
	return out
}
