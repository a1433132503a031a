package agent_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"kurir/agent"
	"kurir/agent/config"
	"kurir/agent/control"
	"kurir/agent/pictures"
)

// site is an agent that runs in this process, and its control address.
type site struct {
	t              *testing.T
	dir            string // with inboxes lane and erp, outboxes out and respon
	log            *safeBuffer
	client         *control.Client
	address, token string
	stop           func() // stops the agent; a second call does nothing
}

// newSite runs an agent with a configuration in which DIR stands for the site's folder; it is stopped with the test.
func newSite(t *testing.T, text string) *site {
	t.Helper()
	s := &site{t: t, dir: t.TempDir(), log: &safeBuffer{}}
	for _, d := range []string{"lane", "erp", "out", "respon"} {
		s.ok(os.Mkdir(filepath.Join(s.dir, d), 0o755))
	}
	t.Cleanup(func() { s.stop() })
	s.start(text)
	return s
}

// start runs an agent at the site, which has none.
func (s *site) start(text string) {
	s.t.Helper()
	cfg, err := config.Parse([]byte(strings.ReplaceAll(text, "DIR", filepath.ToSlash(s.dir))), filepath.Join(s.dir, "kurir.yaml"))
	s.ok(err)
	log := slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	a, err := agent.New(cfg, agent.Options{Logger: log, Version: "1.2.3", Patience: time.Second, Check: looks})
	s.ok(err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	s.stop = func() {
		s.stop = func() {}
		cancel()
		if err := <-ended; err != nil {
			s.t.Errorf("the agent ended: %v", err)
		}
		s.ok(a.Close())
	}
	s.until("it answers", func() bool {
		s.client, err = control.Dial(s.t.Context(), cfg.DataDir)
		return err == nil
	})
	b, err := os.ReadFile(filepath.Join(cfg.DataDir, "control.json"))
	s.ok(err)
	var file struct{ Address, Token string }
	s.ok(json.Unmarshal(b, &file))
	s.address, s.token = "http://"+file.Address, file.Token
}

func (s *site) ok(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// drop puts a folder set into the inbox lane at once.
func (s *site) drop(name, sidecar string) {
	s.t.Helper()
	s.dropNamed(name, sidecar, "a.jpg")
}

// dropNamed is drop of a set whose photo has a name.
func (s *site) dropNamed(name, sidecar, photo string) {
	s.t.Helper()
	staged := filepath.Join(s.dir, "staged-"+name)
	s.ok(os.Mkdir(staged, 0o755))
	var picture bytes.Buffer
	s.ok(pictures.JPEG(&picture, uint64(len(name))<<8|uint64(name[len(name)-1]), 40, 30, 80))
	s.ok(os.WriteFile(filepath.Join(staged, photo), picture.Bytes(), 0o644))
	s.ok(os.WriteFile(filepath.Join(staged, "set.json"), []byte(sidecar), 0o644))
	s.ok(os.Rename(staged, filepath.Join(s.dir, "lane", name)))
}

// until waits for a condition, and fails the test when it does not come.
func (s *site) until(what string, holds func() bool) {
	s.t.Helper()
	deadline := time.NewTimer(3 * time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline.C:
			s.t.Fatalf("never came: %s\n%s", what, s.log)
		case <-tick.C:
		}
	}
}

// untilCounts waits until an inbox has so many in each state.
func (s *site) untilCounts(inbox string, want map[string]int) {
	s.t.Helper()
	s.until(fmt.Sprint(inbox, " has ", want), func() bool {
		o, err := s.client.Overview(s.t.Context())
		s.ok(err)
		for _, in := range o.Inboxes {
			for state, n := range want {
				if in.Name == inbox && in.Counts[state] != n {
					return false
				}
			}
		}
		return true
	})
}

// ask makes a request; change may alter it.
func (s *site) ask(method, path, body string, change func(*http.Request)) (*http.Response, []byte) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.address+path, strings.NewReader(body))
	s.ok(err)
	if change != nil {
		change(request)
	}
	response, err := http.DefaultClient.Do(request)
	s.ok(err)
	defer func() { _ = response.Body.Close() }()
	b, err := io.ReadAll(response.Body)
	s.ok(err)
	return response, b
}

func (s *site) bearer(r *http.Request) { r.Header.Set("Authorization", "Bearer "+s.token) }

// safeBuffer is a log that may be read while it is written.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// looks finds one thing that is well and one that is not.
func looks(_ context.Context, language string, tell func(control.CheckResult)) error {
	tell(control.CheckResult{Subject: "config", Check: "read", Status: "ok", Detail: "words in " + language})
	tell(control.CheckResult{Subject: "inbox lane", Check: "write", Status: "fail", Detail: "read-only", Remedy: "give rights"})
	return nil
}
