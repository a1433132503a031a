package transport

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// stall is long for a test and short for a time-out: what stalls is meant to be noticed after it. patience is for what must
// not be taken for a stall: longer than a busy machine holds up a server that is slow on purpose.
const (
	stall    = time.Second
	patience = 4 * time.Second
)

func withStall(o *Options)    { o.Timeout = stall }
func withPatience(o *Options) { o.Timeout = patience }

// block keeps the connection open and silent until the client is gone.
func block(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

func TestStalls(t *testing.T) {
	t.Parallel()
	quit := make(chan struct{})
	neverReads := serveRaw(t, func(net.Conn) { <-quit })
	t.Cleanup(func() { close(quit) })
	tests := map[string]struct {
		base    string
		size    int64
		phase   *Words
		unknown bool
	}{
		"the handshake":   {strings.Replace(serveRaw(t, block), "http:", "https:", 1), 10, nil, false}, // whichever notices first
		"the upload":      {neverReads, 64 << 20, phaseSend, true},
		"the answer":      {serveRaw(t, block), 10, phaseWait, true},
		"half a header":   {answerAndBlock(t, "HTTP/1.1 200 OK\r\nContent-Le"), 10, phaseWait, true},
		"half the answer": {answerAndBlock(t, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"), 10, phaseRead, true},
	}
	for name, row := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := post("")
			r.Length = row.size
			r.Body = func() (io.ReadCloser, error) { return newPattern(row.size), nil }
			e := failed(t, newTestClient(t, row.base, withStall), r)
			if e.Kind != Timeout || e.Unknown != row.unknown || row.phase != nil && !strings.Contains(e.Error(), row.phase.Error()) {
				t.Errorf("%+v", e)
			}
		})
	}
}

func answerAndBlock(t *testing.T, s string) string {
	return serveRaw(t, func(conn net.Conn) {
		readRequest(conn)
		_, _ = io.WriteString(conn, s)
		block(conn)
	})
}

// slowReader reads from conn at a pace that needs several time-outs for n bytes.
func slowReader(conn net.Conn, n int64, step time.Duration) io.Reader {
	tick := time.NewTicker(step)
	return readerFunc(func(b []byte) (int, error) {
		<-tick.C
		if n <= 0 {
			tick.Stop()
		}
		m, err := conn.Read(b[:min(len(b), 64<<10)])
		n -= int64(m)
		return m, err
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// An upload that takes several time-outs is fine as long as bytes flow, and so is the time that the system's own
// buffers take to drain after the last byte has been handed over.
func TestSlowUploadIsNoStall(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs the system to tell what the peer has acknowledged")
	}
	t.Parallel()
	const size = 5 << 20
	took := make(chan time.Duration, 1)
	base := serveRaw(t, func(conn net.Conn) {
		_ = conn.(*net.TCPConn).SetReadBuffer(64 << 10)
		start := time.Now()
		r, err := http.ReadRequest(bufio.NewReaderSize(slowReader(conn, size, patience/36), 64<<10))
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		took <- time.Since(start)
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
	})
	r := post("")
	r.Length = size
	r.Body = func() (io.ReadCloser, error) { return newPattern(size), nil }
	if _, err := newTestClient(t, base, withPatience).Do(t.Context(), r); err != nil {
		t.Fatalf("%v", err)
	}
	if d := <-took; d < 2*patience {
		t.Errorf("the upload took %v: too fast to show anything", d)
	}
}

func TestSlowAnswerIsNoStall(t *testing.T) {
	t.Parallel()
	base := serveRaw(t, func(conn net.Conn) {
		readRequest(conn)
		const pieces = 12
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", pieces)
		tick := time.NewTicker(patience / 6)
		defer tick.Stop()
		for range pieces {
			<-tick.C
			_, _ = io.WriteString(conn, "1")
		}
	})
	ans, err := newTestClient(t, base, withPatience).Do(t.Context(), get())
	if err != nil || len(ans.Body) != 12 {
		t.Fatalf("%v, %v", ans, err)
	}
}

// Waiting for a slot or for the rate is no stall.
func TestWaitingOurTurnIsNoStall(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{}`) })
	c := newTestClient(t, s.URL, func(o *Options) { o.Timeout, o.Rate = patience, 0.9/patience.Seconds() })
	for range 2 {
		if _, err := c.Do(t.Context(), get()); err != nil {
			t.Fatal(err)
		}
	}
}

// A machine that slept, or had no time to look, does not take that for the server's silence; what is silent after it is.
func TestSleepIsNoStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		w := newWatch(time.Minute, cancel)
		defer w.stop()
		w.timer.Stop()
		<-time.After(10 * time.Hour)
		w.look()
		if w.stall() != nil || ctx.Err() != nil {
			t.Fatalf("ten hours of sleep: %v", w.stall())
		}
		<-time.After(44 * time.Second) // of the minute, a quarter had passed before
		synctest.Wait()
		if w.stall() != nil {
			t.Fatalf("too early: %v", w.stall())
		}
		<-time.After(time.Second)
		synctest.Wait()
		if w.stall() == nil || ctx.Err() == nil {
			t.Error("a minute of silence was not noticed")
		}
	})
}

func TestStallIsATimeout(t *testing.T) {
	t.Parallel()
	e := failed(t, newTestClient(t, serveRaw(t, block), withStall), get())
	var timeout interface{ Timeout() bool }
	if !errors.As(e, &timeout) || !timeout.Timeout() {
		t.Errorf("%v is no time-out", e)
	}
}
