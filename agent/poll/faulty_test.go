package poll

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"net/http/httptrace"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kurir/agent/simulator"
	"kurir/agent/t2g"
	"kurir/agent/transport"
)

// Many numbers over a faulty T2G, the agent killed now and then: everything that the simulator brings is in the outbox
// once and right, the pace and the rate hold.
func TestFaultyT2G(t *testing.T) {
	t.Parallel()
	const numbers, rate = 60, 100
	faults := []simulator.Rule{
		{Op: simulator.StatusRespon, Probability: 0.05, Do: simulator.DoCut},
		{Op: simulator.GetResByCar, Probability: 0.1, Do: simulator.DoCut, When: simulator.WhenAnswer},
		{Probability: 0.05, Do: simulator.DoHTML},
		{Probability: 0.05, Do: simulator.DoTruncate},
		{Probability: 0.05, Do: simulator.DoStatus, Status: 500},
		{Op: simulator.StatusRespon, Nth: 40, Count: 2, Do: simulator.DoStatus, Status: 503, RetryAfter: time.Second},
	}
	sim := simulator.New(simulator.Options{Token: "secret", Faults: faults, Speed: 40, Seed: 7})
	t.Cleanup(func() { _ = sim.Close() })

	r := newRig(t)
	var h *httptest.Server
	live := func() { h = httptest.NewServer(sim); r.conn.BaseURL = h.URL; r.start() }
	die := func() { r.kill(); h.Close() } // what was under way has arrived before the next life, or never does
	turns := &turns{}
	r.conn = transport.Options{Rate: rate, Concurrency: 4}
	r.in.Pace.First, r.in.Pace.Max, r.in.Pace.TailEvery = 100*time.Millisecond, 400*time.Millisecond, 200*time.Millisecond
	r.edit = func(o *Options) { // all of it in real time, or a pause that the server asks for would never end
		o.Now, o.Gate = nil, transport.NewGate(func(int) time.Duration { return 100 * time.Millisecond }, nil)
		o.Client = turns.of(o.Client)
	}
	var list strings.Builder
	for i := range numbers {
		fmt.Fprintln(&list, number(i))
	}
	live()
	if err := r.drop("a.txt", list.String()); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		<-time.After(time.Duration(200+rand.IntN(200)) * time.Millisecond) // lives go on; the moment of the kill is chance
		die()
		live()
	}
	for i := range numbers {
		r.await(number(i), "all responses", func(d Document) bool { return d.State == Done && complete(sim, d) })
	}
	die()
	checkSimulated(t, r, sim, numbers)
	requests := sim.Requests()
	turns.check(t, rate, len(requests))
	slices.SortFunc(requests, func(a, b simulator.Request) int { return a.At.Compare(b.At) })
	last := map[string]time.Time{}
	for _, q := range requests {
		if q.Op != simulator.StatusRespon {
			continue
		}
		if d := q.At.Sub(last[q.Aju]); !last[q.Aju].IsZero() && d < r.in.Pace.First {
			t.Errorf("%s was asked again after %v", q.Aju, d)
		}
		last[q.Aju] = q.At
	}
}

// turns are the moments at which requests had their turn, before they left. How long a busy machine takes from there to
// the server's record of them is not the agent's doing.
type turns struct {
	mu sync.Mutex
	at []time.Time
}

// of is a client that notes its requests' turns.
func (n *turns) of(c Client) Client { return turning{c, n} }

// check checks that no second had more turns than the rate allows, and that no request came without one.
func (n *turns) check(t *testing.T, rate, requests int) {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	t.Logf("%d turns, %d requests came", len(n.at), requests)
	if len(n.at) < requests || len(n.at) < 2*rate {
		t.Errorf("%d requests came in %d turns", requests, len(n.at))
	}
	for i := rate; i < len(n.at); i++ {
		if d := n.at[i].Sub(n.at[i-rate]); d < time.Second {
			t.Errorf("%d requests in %v", rate+1, d)
		}
	}
}

// turning is a client whose requests' turns are noted.
type turning struct {
	Client

	n *turns
}

func (c turning) StatusRespon(ctx context.Context, car, kode string) (t2g.StatusAnswer, error) {
	return c.Client.StatusRespon(c.noting(ctx), car, kode)
}

func (c turning) GetResByCar(ctx context.Context, car, kode string) (t2g.ResponseAnswer, error) {
	return c.Client.GetResByCar(c.noting(ctx), car, kode)
}

// noting has the first look for a connection noted: another one is made only for a request of which nothing has left.
func (c turning) noting(ctx context.Context) context.Context {
	note := sync.OnceFunc(func() {
		c.n.mu.Lock()
		defer c.n.mu.Unlock()
		c.n.at = append(c.n.at, time.Now())
	})
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GetConn: func(string) { note() }})
}

// complete reports whether a document has ended in the simulator, with what d shows.
func complete(_ *simulator.Server, d Document) bool {
	late := map[string]int{"800": 3, "120": 2, "900": 2}
	return len(d.Responses) == late[d.Status]
}

// checkSimulated checks that each response is there once, and each PDF whole.
func checkSimulated(t *testing.T, r *rig, _ *simulator.Server, numbers int) {
	t.Helper()
	for i := range numbers {
		doc := r.doc(number(i))
		folder := r.path("documents", number(i))
		want := 0
		for _, resp := range doc.Responses {
			if resp.File == "" || strings.Contains(resp.File, "~") {
				t.Errorf("%s: response %s is in %q", number(i), resp.KodeRespon, resp.File)
				continue
			}
			want++
			if resp.PDF == "" {
				continue
			}
			var c pdfCheck
			_, _ = c.Write([]byte(read(t, filepath.Join(folder, filepath.FromSlash(resp.PDF)))))
			if !c.isPDF() {
				t.Errorf("%s: %s is no PDF", number(i), resp.PDF)
			}
		}
		got := 0
		for _, f := range files(t, filepath.Join(folder, responFolder)) {
			if strings.HasSuffix(f, ".json") && !strings.HasSuffix(f, ".res.json") {
				got++
			}
			if strings.Contains(f, "~") || strings.HasPrefix(f, ".") {
				t.Errorf("%s: %s", number(i), f)
			}
		}
		if got != want {
			t.Errorf("%s: %d responses in the outbox, %d shown", number(i), got, want)
		}
	}
}
