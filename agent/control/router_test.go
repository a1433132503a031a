package control

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// undescribed are served and no part of the interface: what the page is made of.
var undescribed = []string{"GET /assets/"}

// Every path that is served stands in the description, and nothing else does.
func TestEveryPathIsDescribed(t *testing.T) {
	var doc struct {
		Paths map[string]map[string]any
	}
	if err := yaml.Unmarshal(description, &doc); err != nil {
		t.Fatal(err)
	}
	described := map[string]bool{}
	for path, methods := range doc.Paths {
		for method := range methods {
			described[strings.ToUpper(method)+" "+path] = true
		}
	}
	s := NewServer(everything(t))
	for _, pattern := range s.routes().patterns {
		pattern = strings.TrimSuffix(pattern, "{$}")
		if inner := strings.HasPrefix(pattern, undescribed[0]); inner {
			continue
		}
		if !described[pattern] {
			t.Errorf("%s is served and not described", pattern)
		}
		delete(described, pattern)
	}
	for pattern := range described {
		t.Errorf("%s is described and not served", pattern)
	}
}

// everything are options with which all there is is served.
func everything(t *testing.T) Options {
	t.Helper()
	a := &agentStub{}
	return Options{Listen: anyPort, DataDir: t.TempDir(), Source: a, Actions: careful{agentStub: a}, Files: folder(t.TempDir()),
		Metrics: http.NotFoundHandler(), Check: func(context.Context, string, func(CheckResult)) error { return nil }}
}

// careful has what can be done with a journal, for its paths.
type careful struct {
	*agentStub
	JournalCare
}

func TestRefusalsAreJSON(t *testing.T) {
	r := serve(t, &agentStub{retry: func(RetryRequest) ([]string, error) { return []string{"a"}, nil }})
	for _, tc := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "/nothing", 404, ""}, {"POST", "/nothing", 404, ""}, {"GET", "/api/v1/", 404, ""}, {"GET", "/api/v1/sets/", 404, ""},
		{"GET", "/../etc/passwd", 404, ""}, {"PUT", "/api/v1/sets", 405, "GET, HEAD"}, {"POST", "/api/v1/status", 405, "GET, HEAD"},
		{"OPTIONS", "/api/v1/retry", 405, "POST"}, {"HEAD", "/api/v1/retry", 405, "POST"}, {"DELETE", "/", 405, "GET, HEAD"},
		{"TRACE", "/healthz", 405, "GET, HEAD"}, {"POST", "/api/v1/retry", 401, ""},
	} {
		t.Run(tc.method+tc.path, func(t *testing.T) {
			response, body := r.respond(t, tc.method, tc.path)
			var refused struct {
				Error struct {
					Status  int
					Message string
				}
			}
			if response.StatusCode != tc.status || response.Header.Get("Allow") != tc.allow || response.Header.Get("Content-Type") != "application/json" {
				t.Errorf("status %d, headers %v", response.StatusCode, response.Header)
			}
			if tc.method == "HEAD" {
				return
			}
			if err := json.Unmarshal(body, &refused); err != nil || refused.Error.Status != tc.status || refused.Error.Message == "" {
				t.Errorf("body %q, %v", body, err)
			}
		})
	}
}

// HEAD says what GET would, without it.
func TestHead(t *testing.T) {
	r := serve(t, &agentStub{})
	for _, path := range []string{"/", "/healthz", "/readyz", "/api/v1/status", "/api/v1/sets", "/api/v1/events", "/api/v1/openapi.yaml"} {
		response, body := r.respond(t, "HEAD", path)
		if response.StatusCode != 200 || len(body) != 0 || response.Header.Get("Content-Type") == "" {
			t.Errorf("%s: status %d, %v, %q", path, response.StatusCode, response.Header, body)
		}
	}
}

func (r *running) respond(t *testing.T, method, path string) (*http.Response, []byte) {
	t.Helper()
	file, err := readAddressFile(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+file.Address, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.URL.Path = path
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, body
}

// Whoever trickles its request, or sends headers without end, is cut off; others are answered meanwhile.
func TestSlowAndEndlessRequestsAreCutOff(t *testing.T) {
	r := serve(t, &agentStub{})
	file, err := readAddressFile(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	for name, begin := range map[string]string{
		"a request line that goes no further": "GET /healthz HT",
		"headers that do not end":             "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A: b\r\n",
		"headers too long":                    "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A: " + strings.Repeat("b", 64<<10) + "\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", file.Address)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			_, _ = io.WriteString(conn, begin) // it may be cut off before the end
			if status, _ := r.request(t, "GET", "/healthz", "", nil); status != http.StatusOK {
				t.Errorf("others are answered %d", status)
			}
			response, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err == nil {
				_ = response.Body.Close()
				if response.StatusCode < 400 {
					t.Errorf("it is answered %d", response.StatusCode)
				}
			} else if errors.Is(err, io.ErrNoProgress) {
				t.Error(err)
			}
		})
	}
}

// Whoever lets the page be seen by others is told so in the log.
func TestListeningToTheNetworkIsSaid(t *testing.T) {
	for listen, open := range map[string]bool{"127.0.0.1:0": false, "localhost:0": false, "[::1]:0": false, "": false, "0.0.0.0:0": true, ":0": true} {
		t.Run(listen, func(t *testing.T) {
			r := serve(t, &agentStub{}, func(o *Options) { o.Listen = listen })
			// It is said before anyone is answered.
			if _, err := r.client(t).Overview(t.Context()); err != nil {
				t.Error(err)
			}
			if said := strings.Contains(r.log.String(), "open to the network"); said != open {
				t.Errorf("said %v: %s", said, r.log)
			}
		})
	}
}
