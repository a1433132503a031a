package control

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"
)

// agentStub is a Source and Actions made of values and functions.
type agentStub struct {
	overview  Overview
	sets      []Set
	documents []Document
	lists     []List
	history   History
	next      string
	err       error

	mu    sync.Mutex
	query Query // the last one asked

	retry func(RetryRequest) ([]string, error)
	send  func(ctx context.Context, inbox string, paths []string, tell func(Set)) ([]Set, error)
	poll  func(ctx context.Context, inbox string, cars []string, tell func(Document)) ([]Document, error)
}

func (a *agentStub) Overview(context.Context) (Overview, error) { return a.overview, a.err }

func (a *agentStub) Sets(_ context.Context, q Query) (Sets, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.query = q
	return Sets{Sets: a.sets, Next: a.next}, a.err
}

func (a *agentStub) Documents(context.Context, Query) (Documents, error) {
	return Documents{Documents: a.documents, Next: a.next}, a.err
}
func (a *agentStub) Lists(context.Context, Query) ([]List, error) { return a.lists, a.err }
func (a *agentStub) History(context.Context) (History, error)     { return a.history, a.err }

func (a *agentStub) Retry(_ context.Context, r RetryRequest) ([]string, error) { return a.retry(r) }

func (a *agentStub) Send(ctx context.Context, inbox string, paths []string, tell func(Set)) ([]Set, error) {
	return a.send(ctx, inbox, paths, tell)
}

func (a *agentStub) Poll(ctx context.Context, inbox string, cars []string, tell func(Document)) ([]Document, error) {
	return a.poll(ctx, inbox, cars, tell)
}

// running is a server that runs until stop or the test's end.
type running struct {
	*Server
	dir  string
	log  *syncBuffer
	stop func() error // ends Run and returns its error
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func serve(t *testing.T, a *agentStub, change ...func(*Options)) *running {
	t.Helper()
	log := &syncBuffer{}
	o := Options{Listen: anyPort, DataDir: t.TempDir(), Version: "1.2.3", Source: a, Actions: a,
		Logger: slog.New(slog.NewTextHandler(log, nil))}
	for _, c := range change {
		c(&o)
	}
	s := NewServer(o)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	stop := sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	r := &running{Server: s, dir: o.DataDir, log: log, stop: stop}
	eventually(t, "control.json is there", func() bool {
		_, err := readAddressFile(r.dir)
		return err == nil
	})
	return r
}

func (r *running) client(t *testing.T) *Client {
	t.Helper()
	c, err := Dial(t.Context(), r.dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.http.CloseIdleConnections)
	return c
}

// request is a raw request to the server; change may alter it.
func (r *running) request(t *testing.T, method, path, body string, change func(*http.Request)) (int, string) {
	t.Helper()
	return r.requestWith(t, method, path, body, change, nil)
}

// requestWith is request for those who want to see the answer's headers too.
func (r *running) requestWith(t *testing.T, method, path, body string, change func(*http.Request), see func(*http.Response)) (int, string) {
	t.Helper()
	file, err := readAddressFile(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+file.Address+path, bytes.NewBufferString(body))
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(request)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if see != nil {
		see(response)
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(response.Body); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, b.String()
}

// eventually waits until the condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(3 * time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline.C:
			t.Fatalf("not so after three minutes: %s", what)
		case <-tick.C:
		}
	}
}
