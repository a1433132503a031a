package control

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestControlFileIsPrivateAndGoesWithTheServer(t *testing.T) {
	r := serve(t, &agentStub{})
	path := filepath.Join(r.dir, "control.json")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode is %v", info.Mode().Perm())
	}
	var f map[string]string
	b, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(b, &f) != nil || f["address"] == "" || len(f["token"]) < 20 || len(f) != 2 {
		t.Fatalf("control.json is %s, %v", b, err)
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(r.dir); err != nil || len(entries) != 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestControlFileOfAnotherAgentStays(t *testing.T) {
	r := serve(t, &agentStub{})
	other := addressFile{Address: "127.0.0.1:1", Token: "other"}
	if err := other.write(r.dir); err != nil {
		t.Fatal(err)
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if now, err := readAddressFile(r.dir); err != nil || now != other {
		t.Errorf("control.json is %v, %v", now, err)
	}
}

func TestTakenPortIsNoReasonToStop(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	r := serve(t, &agentStub{}, func(o *Options) { o.Listen = taken.Addr().String() })
	if c := r.client(t); strings.Contains(c.URL(), taken.Addr().String()) {
		t.Errorf("listens at %s", c.URL())
	}
	if log := r.log.String(); !strings.Contains(log, "level=WARN") || !strings.Contains(log, taken.Addr().String()) {
		t.Errorf("no warning in %s", log)
	}
	if status, _ := r.request(t, "GET", "/", "", nil); status != http.StatusOK {
		t.Errorf("the page answers %d", status)
	}
}

func TestPageOff(t *testing.T) {
	r := serve(t, &agentStub{}, func(o *Options) { o.Listen = "" })
	if status, _ := r.request(t, "GET", "/", "", nil); status != http.StatusNotFound {
		t.Errorf("the page answers %d", status)
	}
	if _, err := r.client(t).Overview(t.Context()); err != nil {
		t.Errorf("the rest does not work: %v", err)
	}
	if host, _, _ := net.SplitHostPort(strings.TrimSuffix(strings.TrimPrefix(r.client(t).URL(), "http://"), "/")); host != "127.0.0.1" {
		t.Errorf("listens at %s", host)
	}
}

func TestGuard(t *testing.T) {
	retried := 0
	a := &agentStub{retry: func(RetryRequest) ([]string, error) { retried++; return []string{"a/1"}, nil }}
	r := serve(t, a)
	bearer := func(token string) func(*http.Request) {
		return func(q *http.Request) { q.Header.Set("Authorization", "Bearer "+token) }
	}
	host := func(h string) func(*http.Request) { return func(q *http.Request) { q.Host = h } }
	origin := func(o string) func(*http.Request) {
		return func(q *http.Request) { q.Header.Set("Origin", o); bearer(r.o.Token)(q) }
	}
	const retry = `{"failed":true}`
	for _, tc := range []struct {
		name, method, path string
		change             func(*http.Request)
		want               int
	}{
		{"plain read", "GET", "/api/v1/status", nil, 200},
		{"localhost", "GET", "/api/v1/status", host("localhost:9999"), 200},
		{"ipv6 loopback", "GET", "/api/v1/status", host("[::1]:8650"), 200},
		{"foreign name", "GET", "/api/v1/status", host("evil.example"), 403},
		{"foreign name with our port", "GET", "/", host("evil.example:8650"), 403},
		{"foreign address", "GET", "/healthz", host("192.0.2.1"), 403},
		{"name that begins like ours", "GET", "/", host("localhost.evil.example"), 403},
		{"foreign origin reads", "GET", "/api/v1/events", origin("http://evil.example"), 403},
		{"foreign origin changes", "POST", "/api/v1/retry", origin("http://evil.example"), 403},
		{"no origin at all", "POST", "/api/v1/retry", origin("null"), 403},
		{"other port of ours", "POST", "/api/v1/retry", origin("http://127.0.0.1:1"), 403},
		{"change without token", "POST", "/api/v1/retry", nil, 401},
		{"wrong token", "POST", "/api/v1/retry", bearer("x"), 401},
		{"empty token", "POST", "/api/v1/retry", bearer(""), 401},
		{"token as basic", "POST", "/api/v1/retry", func(q *http.Request) { q.SetBasicAuth("", r.o.Token) }, 401},
		{"send without token", "POST", "/api/v1/send", nil, 401},
		{"poll without token", "POST", "/api/v1/poll", nil, 401},
		{"wrong method", "GET", "/api/v1/retry", nil, 405},
		{"unknown path", "GET", "/api/v1/nothing", nil, 404},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if status, body := r.request(t, tc.method, tc.path, retry, tc.change); status != tc.want {
				t.Errorf("status %d, want %d: %s", status, tc.want, body)
			}
		})
	}
	if retried != 0 {
		t.Fatalf("%d of the refused requests were obeyed", retried)
	}
	own := func(q *http.Request) { q.Header.Set("Origin", "http://"+q.URL.Host); bearer(r.o.Token)(q) }
	if status, body := r.request(t, "POST", "/api/v1/retry", retry, own); status != 200 || !strings.Contains(body, "a/1") {
		t.Errorf("own page: status %d: %s", status, body)
	}
}

func TestBodiesAreBoundedAndStrict(t *testing.T) {
	r := serve(t, &agentStub{})
	for name, body := range map[string]string{
		"too long":    `{"ids":["` + strings.Repeat("x", maxRequestBody) + `"]}`,
		"unknown key": `{"id":["a"]}`,
		"both":        `{"ids":["a"],"failed":true}`,
		"neither":     `{}`,
		"no json":     `ids`,
	} {
		t.Run(name, func(t *testing.T) {
			status, answer := r.request(t, "POST", "/api/v1/retry", body, func(q *http.Request) {
				q.Header.Set("Authorization", "Bearer "+r.o.Token)
			})
			if status != http.StatusBadRequest || len(answer) > 1000 {
				t.Errorf("status %d: %.200s", status, answer)
			}
		})
	}
}

func TestReadiness(t *testing.T) {
	since := time.Now()
	for _, tc := range []struct {
		name     string
		overview Overview
		err      error
		want     int
		subject  string
	}{
		{"ready", Overview{Inboxes: []Inbox{{Name: "a"}}, APIs: []API{{Name: "t2g", State: APIOK}}}, nil, 200, ""},
		{"inbox offline", Overview{Problems: []Problem{{Subject: "inbox a", Code: "offline", Since: since}}}, nil, 503, "inbox a"},
		{"api paused", Overview{Problems: []Problem{{Subject: "api t2g", Code: "forbidden"}}}, nil, 503, "api t2g"},
		{"journal begun anew", Overview{Problems: []Problem{{Subject: SubjectJournal, Code: "journal_damaged"}}}, nil, 200, ""},
		{"journal unreadable", Overview{}, errors.New("disk"), 503, "journal"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := serve(t, &agentStub{overview: tc.overview, err: tc.err})
			if status, _ := r.request(t, "GET", "/healthz", "", nil); status != http.StatusOK {
				t.Errorf("healthz answers %d", status)
			}
			status, body := r.request(t, "GET", "/readyz", "", nil)
			if status != tc.want || !strings.Contains(body, `"`+tc.subject) {
				t.Errorf("readyz answers %d: %s", status, body)
			}
		})
	}
}

func TestDialFindsOnlyTheAgentOfTheFolder(t *testing.T) {
	if _, err := Dial(t.Context(), t.TempDir()); !errors.Is(err, ErrNotRunning) {
		t.Errorf("empty folder: %v", err)
	}
	dir := t.TempDir()
	gone := addressFile{Address: "127.0.0.1:1", Token: "t"}
	if err := gone.write(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := Dial(t.Context(), dir); !errors.Is(err, ErrNotRunning) {
		t.Errorf("left behind by one that was killed: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "control.json"), []byte(`{"addr`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Dial(t.Context(), dir); !errors.Is(err, ErrNotRunning) {
		t.Errorf("broken file: %v", err)
	}
}

func TestDialShowsTheTokenToNobodyElse(t *testing.T) {
	var saw []string
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		saw = append(saw, r.URL.Path+r.Header.Get("Authorization"))
		answer(w, 200, Health{Status: "ok", Instance: "another"})
	}))
	dir := t.TempDir()
	stale := addressFile{Address: other.Listener.Addr().String(), Token: "secret-token"}
	if err := stale.write(dir); err != nil {
		t.Fatal(err)
	}
	_, err := Dial(t.Context(), dir)
	other.Close()
	if !errors.Is(err, ErrNotRunning) || strings.Contains(err.Error(), "secret-token") {
		t.Errorf("Dial: %v", err)
	}
	if len(saw) != 1 || saw[0] != "/healthz" {
		t.Errorf("the other program saw %q", saw)
	}
}

func TestRunFailsWithoutDataFolder(t *testing.T) {
	s := NewServer(Options{Listen: "", DataDir: filepath.Join(t.TempDir(), "missing"), Source: &agentStub{}})
	if err := s.Run(context.Background()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Run: %v", err)
	}
}
