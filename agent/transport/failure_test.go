package transport

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// readRequest reads one request to its end.
func readRequest(conn net.Conn) {
	r, err := http.ReadRequest(bufio.NewReader(conn))
	if err == nil {
		_, _ = io.Copy(io.Discard, r.Body)
	}
}

// answerWith is a server that reads the request and then writes s as it is.
func answerWith(t *testing.T, s string) string {
	return serveRaw(t, func(conn net.Conn) {
		readRequest(conn)
		_, _ = io.WriteString(conn, s)
	})
}

// deadAddress is where nobody listens, and nobody else can: the near end of a connection holds the port.
func deadAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return "http://" + conn.LocalAddr().String()
}

// What never left is known not to have been done; what may have left without an answer is not known; and what only
// asks never matters.
func TestFailuresOnTheWire(t *testing.T) {
	plain := serve(t, func(http.ResponseWriter, *http.Request) {})
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = discardLog()
	secure.StartTLS()
	t.Cleanup(secure.Close)
	const long = "HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n"
	for name, row := range map[string]struct {
		base    string
		kind    Kind
		unknown bool
	}{
		"nobody listens":      {deadAddress(t), Network, false},
		"no such host":        {"http://nosuchhost.invalid", Network, false},
		"speaks no TLS":       {strings.Replace(plain.URL, "http:", "https:", 1), Network, false},
		"unknown authority":   {secure.URL, Network, false},
		"reset in the middle": {serveRaw(t, resetAfter(100)), Network, true},
		"closed after all":    {answerWith(t, ""), Network, true},
		"half a header":       {answerWith(t, "HTTP/1.1 200 OK\r\nContent-"), BadResponse, true},
		"no HTTP":             {answerWith(t, "SSH-2.0-OpenSSH_9.6\r\n\r\n"), BadResponse, true},
		"endless header":      {answerWith(t, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 300<<10)), BadResponse, true},
		"cut body":            {answerWith(t, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"success\":true}"), BadResponse, true},
		"broken chunks":       {answerWith(t, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}"), BadResponse, true},
		"cut chunks":          {answerWith(t, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"), BadResponse, true},
		"announced too long":  {answerWith(t, long), BadResponse, true},
		"too long": {answerWith(t, "HTTP/1.1 200 OK\r\n\r\n"+strings.Repeat(" ", defaultMaxAnswer+1)),
			BadResponse, true},
		"broken compression": {answerWith(t, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd"),
			BadResponse, true},
	} {
		t.Run(name, func(t *testing.T) {
			c := newTestClient(t, row.base, nil)
			e := failed(t, c, post(strings.Repeat("x", 1000)))
			if e.Kind != row.kind || e.Unknown != row.unknown || e.Op != "kirim" {
				t.Errorf("kind %s, unknown %v, want %s, %v: %v", e.Kind, e.Unknown, row.kind, row.unknown, e)
			}
			if e := failed(t, c, get()); e.Kind != row.kind || e.Unknown {
				t.Errorf("GET: kind %s, unknown %v: %v", e.Kind, e.Unknown, e)
			}
			ask := post("{}")
			ask.ReadOnly = true
			if e := failed(t, c, ask); e.Unknown {
				t.Errorf("read-only POST: unknown: %v", e)
			}
		})
	}
}

// resetAfter reads n bytes, then resets the connection.
func resetAfter(n int64) func(net.Conn) {
	return func(conn net.Conn) {
		_, _ = io.CopyN(io.Discard, conn, n)
		_ = conn.(*net.TCPConn).SetLinger(0)
	}
}

// A status of 400 and more is an answer even when its body breaks off.
func TestStatusCountsWithoutItsBody(t *testing.T) {
	base := answerWith(t, "HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\n{\"mess")
	if e := failed(t, newTestClient(t, base, nil), post("x")); e.Kind != Forbidden || e.Unknown {
		t.Errorf("%+v", e)
	}
}

func TestStatuses(t *testing.T) {
	for _, row := range []struct {
		status  int
		body    string
		kind    Kind
		unknown bool
		message string
	}{
		{400, `{"message":"tanggalBlAwb salah"}`, Rejected, false, "tanggalBlAwb salah"},
		{401, ``, Unauthorized, false, ""},
		{403, `{"Exception":"IP not allowed"}`, Forbidden, false, "IP not allowed"},
		{404, `<h1>Not Found</h1>`, BadResponse, false, ""},
		{404, `{"Exception":"no route"}`, BadResponse, false, "no route"},
		{405, ``, BadResponse, false, ""},
		{407, ``, Network, false, ""},
		{408, ``, Timeout, true, ""},
		{409, ``, Conflict, false, ""},
		{413, `<html>`, TooLarge, false, ""},
		{415, ``, Rejected, false, ""},
		{422, ``, Rejected, false, ""},
		{429, ``, Throttled, false, ""},
		{500, `{"error":"boom"}`, Server, true, "boom"},
		{502, `<html>Bad Gateway</html>`, Server, true, ""},
		{503, ``, Unavailable, true, ""},
		{504, ``, Server, true, ""},
		{304, ``, BadResponse, true, ""},
	} {
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(row.status)
			fmt.Fprint(w, row.body)
		})
		c := newTestClient(t, s.URL, nil)
		e := failed(t, c, post("x"))
		if e.Kind != row.kind || e.Unknown != row.unknown || e.Status != row.status || e.Message != row.message {
			t.Errorf("status %d: %+v", row.status, e)
		}
		wantRetry := time.Duration(0)
		if row.status == 429 || row.status == 503 {
			wantRetry = 7 * time.Second
		}
		if e.RetryAfter != wantRetry {
			t.Errorf("status %d: retry after %v", row.status, e.RetryAfter)
		}
		if e := failed(t, c, get()); e.Unknown {
			t.Errorf("status %d of a GET: unknown", row.status)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	at := func(d time.Duration) string { return now.Add(d).Format(http.TimeFormat) }
	for _, row := range []struct {
		value, date string
		want        time.Duration
	}{
		{"", "", 0},
		{"0", "", 0},
		{"120", "", 2 * time.Minute},
		{" 5 ", "", 5 * time.Second},
		{"99999999", "", 24 * time.Hour},
		{"99999999999999999999999", "", 24 * time.Hour},
		{"-5", "", 0},
		{"soon", "", 0},
		{at(time.Minute), "", time.Minute},
		{at(-time.Minute), "", 0},
		{at(48 * time.Hour), "", 24 * time.Hour},
		{at(time.Hour), at(time.Hour - 30*time.Second), 30 * time.Second}, // our clock is an hour behind
		{at(time.Hour), "nonsense", time.Hour},
	} {
		h := http.Header{"Retry-After": {row.value}, "Date": {row.date}}
		if got := retryAfter(h, now); got != row.want {
			t.Errorf("Retry-After %q, Date %q: %v, want %v", row.value, row.date, got, row.want)
		}
	}
}

func TestCallerGivesUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	arrived := make(chan struct{})
	base := serveRaw(t, func(conn net.Conn) {
		readRequest(conn)
		cancel()
		close(arrived)
		_, _ = io.Copy(io.Discard, conn)
	})
	_, err := newTestClient(t, base, nil).Do(ctx, post("x"))
	e, ok := errors.AsType[*Error](err)
	if !ok || !errors.Is(err, context.Canceled) || !e.Unknown {
		t.Errorf("%+v", err)
	}
	<-arrived
	if _, err := newTestClient(t, base, nil).Do(ctx, post("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("before it began: %v", err)
	} else if e, _ := errors.AsType[*Error](err); e.Unknown {
		t.Error("before it began: unknown")
	}
}
