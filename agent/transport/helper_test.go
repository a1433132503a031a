package transport

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// newTestClient returns a client of base with the options that change sets.
func newTestClient(t *testing.T, base string, change func(*Options)) *Client {
	t.Helper()
	o := Options{BaseURL: base, Token: "fixed-token-1", Timeout: 10 * time.Second, UserAgent: "kurir/test"}
	if change != nil {
		change(&o)
	}
	c, err := New(o)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	t.Cleanup(c.Close)
	return c
}

// serve starts a server that ends with the test.
func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

// serveRaw starts a listener that hands each connection to handle, and closes it afterwards.
func serveRaw(t *testing.T, handle func(net.Conn)) (base string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer conn.Close()
				handle(conn)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		wg.Wait()
	})
	return "http://" + l.Addr().String()
}

// post is a request with a body.
func post(body string) Request {
	return Request{
		Op: "kirim", Method: http.MethodPost, Path: "/x", Length: int64(len(body)),
		Body: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(body)), nil },
	}
}

func get() Request { return Request{Op: "get", Method: http.MethodGet, Path: "/x"} }

// failed makes a request that must fail, and returns its error.
func failed(t *testing.T, c *Client, r Request) *Error {
	t.Helper()
	_, err := c.Do(t.Context(), r)
	if err == nil {
		t.Fatal("the request succeeded")
	}
	e, ok := err.(*Error) //nolint:errorlint // the promise is the type itself
	if !ok {
		t.Fatalf("error %T, not *Error: %v", err, err)
	}
	return e
}

// pattern is a body of n bytes that is never in memory.
type pattern struct {
	left  int64
	chunk []byte
}

func newPattern(n int64) io.ReadCloser {
	return io.NopCloser(&pattern{n, bytes.Repeat([]byte("kurir"), 1<<12)})
}

func (p *pattern) Read(b []byte) (int, error) {
	if p.left == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(int64(len(b)), p.left)], p.chunk)
	p.left -= int64(n)
	return n, nil
}

// clock is a wall clock that a test sets.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}
