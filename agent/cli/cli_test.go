package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"kurir/agent/config"
	"kurir/agent/control"
	"kurir/agent/reason"
)

// speaking is an app that speaks English into buffers.
func speaking() (a *app, out, err *bytes.Buffer) {
	out, err = &bytes.Buffer{}, &bytes.Buffer{}
	a = newApp(Process{Stdout: out, Stderr: err})
	a.lang = reason.English
	return a, out, err
}

func TestFirstSignalAsksSecondDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _, said := speaking()
		signals := make(chan os.Signal)
		asked, stuck := make(chan struct{}), make(chan struct{})
		code := make(chan int)
		go func() {
			code <- a.supervise(context.Background(), signals, func(ctx context.Context) int {
				<-ctx.Done()
				close(asked)
				<-stuck
				return exitDone
			})
		}()
		signals <- os.Interrupt
		<-asked
		begun := time.Now()
		signals <- os.Interrupt
		if c := <-code; c != exitFailed || time.Since(begun) != 0 {
			t.Errorf("code %d after %v", c, time.Since(begun))
		}
		if !strings.Contains(said.String(), "at once") {
			t.Errorf("said %q", said)
		}
		close(stuck)
	})
}

func TestACommandThatDoesNotStopIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _, said := speaking()
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		stuck := make(chan struct{})
		begun := time.Now()
		code := a.supervise(ctx, nil, func(context.Context) int { <-stuck; return exitDone })
		if took := time.Since(begun); code != exitFailed || took != stopWithin {
			t.Errorf("code %d after %v", code, took)
		}
		if !strings.Contains(said.String(), "10 seconds") {
			t.Errorf("said %q", said)
		}
		close(stuck)
	})
}

func TestACommandThatStopsKeepsItsCode(t *testing.T) {
	a, _, _ := speaking()
	signals := make(chan os.Signal, 1)
	signals <- os.Interrupt
	code := a.supervise(context.Background(), signals, func(ctx context.Context) int { <-ctx.Done(); return exitDone })
	if code != exitDone {
		t.Errorf("code %d", code)
	}
}

func TestExitCodes(t *testing.T) {
	for _, tc := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errors.New("broken"), 1},
		{errReported, 1},
		{context.Canceled, 1},
		{usagef("so not"), 2},
		{fmt.Errorf("load: %w", config.Errors{{Message: "m"}}), 2},
		{fmt.Errorf("send: %w", control.ErrInvalid), 2},
		{fmt.Errorf("x: %w", control.ErrNoMatch), 3},
	} {
		if got := exitCode(tc.err); got != tc.want {
			t.Errorf("%v is %d, want %d", tc.err, got, tc.want)
		}
	}
}

func TestSimulatorEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out := writerFunc(func(b []byte) (int, error) { cancel(); return len(b), nil }) // it listens
	if code := Main(ctx, Process{Args: []string{"simulate", "--listen", "127.0.0.1:0"}, Stdout: out, Stderr: &bytes.Buffer{}}); code != exitDone {
		t.Errorf("code %d", code)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// What simulate prints must be a configuration that loads.
func TestSimulatorsConfigurationLoads(t *testing.T) {
	a, out, _ := speaking()
	if err := a.announce("http://127.0.0.1:1"); err != nil {
		t.Fatal(err)
	}
	inboxes := `
inboxes:
  - {name: a, kind: xray, path: a, outbox: ao}
  - {name: b, kind: aju, path: b, outbox: bo}
`
	cfg, err := config.Parse(append(out.Bytes(), inboxes...), filepath.Join(t.TempDir(), "kurir.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Beacukai == nil || cfg.T2G == nil {
		t.Error("a section is missing")
	}
}

// What init makes loads, from wherever it is called.
func TestInitsConfigurationLoads(t *testing.T) {
	a, _, _ := speaking()
	dir := filepath.Join(t.TempDir(), "with space", "site")
	if err := a.init(dir); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(filepath.Join(dir, "kurir.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if unfilled(cfg.Beacukai.Auth) != "login.username" {
		t.Error("the placeholder is not seen")
	}
	for _, in := range cfg.Inboxes {
		for _, folder := range []string{in.Path, in.Outbox} {
			if info, err := os.Stat(folder); err != nil || !info.IsDir() {
				t.Errorf("%s was not made: %v", folder, err)
			}
		}
	}
}

func TestListKeepsTheLimitOverBothKinds(t *testing.T) {
	at := func(minute int) time.Time { return time.Date(2026, 1, 1, 0, minute, 0, 0, time.UTC) }
	b := stub{
		sets:      []control.Set{{ID: "s5", UpdatedAt: at(5)}, {ID: "s2", UpdatedAt: at(2)}, {ID: "s1", UpdatedAt: at(1)}},
		documents: []control.Document{{ID: "d4", UpdatedAt: at(4)}, {ID: "d3", UpdatedAt: at(3)}, {ID: "d0", UpdatedAt: at(0)}},
	}
	f, err := find(t.Context(), b, "", control.Query{Limit: 3})
	if err != nil || len(f.Sets) != 1 || len(f.Documents) != 2 {
		t.Fatalf("found %+v, %v", f, err)
	}
	if f, _ = find(t.Context(), b, config.KindAju, control.Query{Limit: 9}); len(f.Sets) != 0 || len(f.Documents) != 3 {
		t.Errorf("kind aju: %+v", f)
	}
	a, out, _ := speaking()
	if err := a.showList(found{b.sets, b.documents}); err != nil {
		t.Fatal(err)
	}
	order := ""
	for _, line := range strings.Split(strings.TrimSpace(out.String()), "\n")[1:] {
		order += strings.Fields(line)[0]
	}
	if order != "s5d4d3s2s1d0" {
		t.Errorf("order %s", order)
	}
}

// stub is a backend that knows some sets and documents and can do nothing.
type stub struct {
	backend
	overview  control.Overview
	sets      []control.Set
	documents []control.Document
}

func (s stub) Overview(context.Context) (control.Overview, error) { return s.overview, nil }

func (s stub) Sets(_ context.Context, q control.Query) (control.Sets, error) {
	var page control.Sets
	for _, set := range s.sets {
		if q.State == "" || q.State == set.State {
			page.Sets = append(page.Sets, set)
		}
	}
	return page, nil
}

func (s stub) Documents(context.Context, control.Query) (control.Documents, error) {
	return control.Documents{Documents: s.documents}, nil
}

func TestOutcomeOfWhatWentWrong(t *testing.T) {
	a, out, said := speaking()
	a.json = true
	sets := []control.Set{{ID: "lane-1/A", State: "sent"}, {ID: "lane-1/B", State: "failed", Error: &control.Error{Code: "x", Action: "mend it"}}}
	err := a.outcome(found{Sets: sets}, nil, func(s string) bool { return s == "sent" })
	if exitCode(err) != exitFailed || !strings.Contains(said.String(), "lane-1/B: mend it") {
		t.Errorf("%v, said %q", err, said)
	}
	var printed found
	if err := json.Unmarshal(out.Bytes(), &printed); err != nil || len(printed.Sets) != 2 || printed.Documents == nil {
		t.Errorf("printed %s, %v", out, err)
	}
}

func TestNamesFromElsewhereCannotMoveTheCursor(t *testing.T) {
	a, out, _ := speaking()
	if err := a.table([][]string{{"\x1b[2Jevil\r\n\tname\u009b1m", "x"}}); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(strings.TrimSuffix(out.String(), "\n"), "\x1b\r\n\t\u009b") {
		t.Errorf("printed %q", out)
	}
}

func TestColoursAreForTerminals(t *testing.T) {
	if painterFor(&bytes.Buffer{}) {
		t.Error("a buffer is coloured")
	}
	if got := painter(false).bad("x"); got != "x" {
		t.Errorf("without colours: %q", got)
	}
	if got := painter(true).bad("x"); got != "\x1b[31mx\x1b[0m" {
		t.Errorf("with colours: %q", got)
	}
}

func TestLogGoesToItsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log", "kurir.log")
	c := config.Log{Level: "warn", Format: "json", File: path, MaxSize: 1 << 20, Keep: 2}
	if err := canLog(c); err != nil {
		t.Fatal(err)
	}
	var other bytes.Buffer
	log := newLogger(c, &other)
	log.Info("left out")
	log.Warn("kept", "inbox", "lane-1")
	log.close()
	b, err := os.ReadFile(path)
	var line map[string]any
	if err != nil || json.Unmarshal(b, &line) != nil || line["msg"] != "kept" || other.Len() > 0 {
		t.Errorf("logged %s and %q, %v", b, &other, err)
	}
	if err := canLog(config.Log{File: filepath.Join(path, "below-a-file.log")}); err == nil {
		t.Error("a log that cannot be written is not seen")
	}
}

// TestLogIsRenewed writes more than the log may hold, and finds as many old files as are to be kept.
func TestLogIsRenewed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	log := newLogger(config.Log{Level: "info", Format: "text", File: filepath.Join(dir, "kurir.log"), MaxSize: 1 << 20, Keep: 2}, io.Discard)
	filler := strings.Repeat("x", 64<<10)
	for range 6 * 16 { // 6 MiB
		log.Info("line", "error", filler)
	}
	log.close()
	var files []os.DirEntry
	deadline, tick := time.NewTimer(3*time.Minute), time.NewTicker(10*time.Millisecond)
	defer deadline.Stop()
	defer tick.Stop()
	for len(files) != 3 { // old ones are removed a little later
		select {
		case <-deadline.C:
			t.Fatalf("the log has %d files", len(files))
		case <-tick.C:
		}
		var err error
		if files, err = os.ReadDir(dir); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Size() > 1<<20 {
			t.Errorf("%s has %d bytes, %v", f.Name(), info.Size(), err)
		}
	}
	if got := log.lines.Since(0, slog.LevelInfo, 2000); len(got) != 6*16 {
		t.Errorf("%d lines are kept for the page", len(got))
	}
}

func TestLiveLineIsForTerminals(t *testing.T) {
	a, _, said := speaking()
	p := newProgress(a)
	p.Live("counting")
	p.State("lane-1/A", "sent", "")
	p.end()
	if strings.Contains(said.String(), "counting") || strings.Contains(said.String(), "\x1b") {
		t.Errorf("said %q", said)
	}
	said.Reset()
	p.terminal = true
	p.Live("counting")
	p.Line("something")
	p.end()
	if want := "\r\x1b[Kcounting\r\x1b[Ksomething\ncounting\r\x1b[K"; said.String() != want {
		t.Errorf("said %q", said)
	}
}
