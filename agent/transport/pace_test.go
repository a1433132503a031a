package transport

import (
	"context"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// In no second are there more calls than the rate, also when one is late and the next ones have waited.
func TestPacer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rate = 10
		p := newPacer(rate)
		var mu sync.Mutex
		var left []time.Time
		call := func() {
			gone, err := p.wait(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			<-time.After(time.Duration(rand.IntN(300)) * time.Millisecond) // a connection is made
			mu.Lock()
			left = append(left, time.Now())
			mu.Unlock()
			gone()
			gone()
		}
		var wg sync.WaitGroup
		for range 25 {
			wg.Go(call)
		}
		wg.Wait()
		<-time.After(5 * time.Second) // a rest saves nothing up
		for range 25 {
			wg.Go(call)
		}
		wg.Wait()
		for i := rate; i < len(left); i++ {
			if d := left[i].Sub(left[i-rate]); d <= time.Second {
				t.Errorf("%d calls within %v", rate+1, d)
			}
		}
		if d := left[24].Sub(left[0]); d > 2700*time.Millisecond+24*300*time.Millisecond {
			t.Errorf("25 calls took %v", d)
		}
	})
}

// A request counts from when it leaves on its connection: while that is being made nobody else has its turn, however long it
// takes.
func TestPaceWaitsForTheConnection(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	far := strings.TrimPrefix(ca.serveTLS(t, time.Now().Add(time.Hour), false), "https://")
	came, shake := make(chan struct{}, 2), make(chan struct{})
	near := serveRaw(t, func(conn net.Conn) {
		came <- struct{}{}
		<-shake
		server, err := net.Dial("tcp", far)
		if err != nil {
			t.Error(err)
			return
		}
		defer server.Close()
		go func() { _, _ = io.Copy(server, conn); _ = server.Close() }()
		_, _ = io.Copy(conn, server)
	})
	c := newTestClient(t, strings.Replace(near, "http:", "https:", 1), func(o *Options) {
		o.Rate, o.Concurrency, o.CAFile, o.Timeout = 1000, 2, ca.file, time.Minute
	})
	var mu sync.Mutex
	var order []string
	note := func(what string) { mu.Lock(); defer mu.Unlock(); order = append(order, what) }
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		GetConn: func(string) { note("turn") }, GotConn: func(httptrace.GotConnInfo) { note("connection") },
	})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			if _, err := c.Do(ctx, get()); err != nil {
				t.Error(err)
			}
		})
	}
	<-came
	<-time.After(100 * time.Millisecond) // a hundred turns, if the handshake did not count
	close(shake)
	wg.Wait()
	if want := []string{"turn", "connection", "turn", "connection"}; !slices.Equal(order, want) {
		t.Errorf("in the order %q", order)
	}
}

// What a process that was killed had sent counts for the one that takes its place.
func TestPacerBeginsWhereAKilledOneEnded(t *testing.T) {
	for _, rate := range []float64{10, 1, 0.1} {
		synctest.Test(t, func(t *testing.T) {
			begun := time.Now()
			var left []time.Time
			for range 3 {
				p := newPacer(rate)
				for range max(1, int(rate)) {
					gone, err := p.wait(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					gone()
					left = append(left, time.Now())
				}
			}
			share := max(1, int(rate))
			for i := share; i < len(left); i++ {
				if d := left[i].Sub(left[i-share]); d < time.Second {
					t.Errorf("%v a second: %d calls within %v", rate, share+1, d)
				}
			}
			if d := left[0].Sub(begun); d > 1100*time.Millisecond {
				t.Errorf("%v a second: the first call waited for %v", rate, d)
			}
		})
	}
}

func TestPacerGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(0.001)
		gone, err := p.wait(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		gone()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var wg sync.WaitGroup
		for range 2 { // one whose turn it is, one behind it
			wg.Go(func() {
				if _, err := p.wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%v", err)
				}
			})
		}
		wg.Wait()
	})
	if _, err := newPacer(0).wait(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestBackoff(t *testing.T) {
	almostOne := math.Nextafter(1, 0)
	for _, row := range []struct {
		rnd     float64
		attempt int
		want    time.Duration
	}{
		{0, 1, 500 * time.Millisecond}, {0, 100, 500 * time.Millisecond}, {0, 0, 500 * time.Millisecond},
		{almostOne, 1, 5 * time.Second}, {almostOne, 2, 10 * time.Second}, {almostOne, 3, 20 * time.Second},
		{almostOne, 8, 10*time.Minute + 40*time.Second}, {almostOne, 9, 15 * time.Minute}, {almostOne, math.MaxInt, 15 * time.Minute},
	} {
		got := Backoff(5*time.Second, 15*time.Minute, func() float64 { return row.rnd })(row.attempt)
		if d := got - row.want; d < -time.Millisecond || d > 0 {
			t.Errorf("rnd %v, attempt %d: %v, want %v", row.rnd, row.attempt, got, row.want)
		}
	}
	if d := Backoff(math.MaxInt64/2, math.MaxInt64, func() float64 { return almostOne })(60); d <= 0 {
		t.Errorf("overflow: %v", d)
	}
	if d := Backoff(time.Hour, time.Minute, func() float64 { return almostOne })(1); d > time.Minute {
		t.Errorf("first above max: %v", d)
	}
	pace := Backoff(time.Second, time.Minute, nil)
	for i := range 1000 {
		if d := pace(i); d < 100*time.Millisecond || d > time.Minute {
			t.Fatalf("%v", d)
		}
	}
}
