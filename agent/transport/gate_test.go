package transport

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// doubling is a pace of 1 s, 2 s, 4 s, ...
func doubling(attempt int) time.Duration { return time.Second << (attempt - 1) }

func enter(t *testing.T, g *Gate) *Pass {
	t.Helper()
	p, err := g.Enter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// refuse makes g refuse.
func refuse(t *testing.T, g *Gate) {
	t.Helper()
	enter(t, g).Leave(RefusedFor("unauthorized"))
}

// waiters start n callers of Enter that send their pass.
func waiters(t *testing.T, g *Gate, n int) <-chan *Pass {
	passes := make(chan *Pass, n)
	for range n {
		go func() {
			if p, err := g.Enter(t.Context()); err == nil {
				passes <- p
			}
		}()
	}
	synctest.Wait()
	return passes
}

func TestGateOneProbeAtAGrowingPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(doubling, nil)
		start := time.Now()
		refuse(t, g)
		if s := g.State(); !s.Paused || s.Code != "unauthorized" || !s.Since.Equal(start) || !s.Until.Equal(start.Add(time.Second)) {
			t.Errorf("state %+v", s)
		}
		passes := waiters(t, g, 10)
		for _, at := range []time.Duration{1 * time.Second, 3 * time.Second, 7 * time.Second} { // after 1, 2, 4 more
			probe := <-passes
			synctest.Wait()
			if d := time.Since(start); d != at || len(passes) != 0 || !probe.Probe() {
				t.Fatalf("after %v: %d more passes, probe %v", d, len(passes), probe.Probe())
			}
			probe.Leave(RefusedFor("forbidden"))
		}
		if s := g.State(); s.Code != "forbidden" || !s.Since.Equal(start) {
			t.Errorf("state %+v", s)
		}
		probe := <-passes
		<-time.After(time.Hour) // the outcome takes its time: nobody else goes
		if len(passes) != 0 {
			t.Fatal("a second one went while the probe was under way")
		}
		probe.Leave(OK)
		synctest.Wait()
		if len(passes) != 6 || g.State().Paused {
			t.Errorf("%d of 6 went after the probe, state %+v", len(passes), g.State())
		}
		// The next refusal begins with the first pause again.
		refuse(t, g)
		if d := time.Until(g.State().Until); d != time.Second {
			t.Errorf("pause %v", d)
		}
	})
}

func TestGateIgnoresWhatBeganBeforeTheRefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(doubling, nil)
		early := []*Pass{enter(t, g), enter(t, g), enter(t, g), enter(t, g)}
		refuse(t, g)
		early[0].Leave(OK)
		if !g.State().Paused {
			t.Error("a late success opened the gate")
		}
		early[1].Leave(RefusedFor("unauthorized"))
		if d := time.Until(g.State().Until); d != time.Second {
			t.Errorf("a late refusal made the pause %v", d)
		}
		enter(t, g).Leave(OK) // the probe
		early[2].Leave(RefusedFor("unauthorized"))
		if g.State().Paused {
			t.Error("a refusal from before closed the gate that a probe had opened")
		}
		early[3].Leave(ThrottledFor(time.Minute))
		if s := g.State(); !s.Paused || s.Code != "throttled" {
			t.Errorf("throttling is news whenever it comes: %+v", s)
		}
	})
}

func TestGateHandsTheProbeOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(doubling, nil)
		start := time.Now()
		refuse(t, g)
		passes := waiters(t, g, 3)
		(<-passes).Leave(Neutral)
		next := <-passes
		if d := time.Since(start); d != time.Second || !next.Probe() {
			t.Errorf("the next probe went after %v", d)
		}
		next.Leave(OK)
		next.Leave(Neutral) // the second call does nothing
		synctest.Wait()
		if len(passes) != 1 || g.State().Paused {
			t.Errorf("%d passes, %+v", len(passes), g.State())
		}
	})
}

// A pass may be used for more requests once the first went well; what befalls them counts, unless it is known.
func TestGateRefusedAfterOK(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(doubling, nil)
		a, b := enter(t, g), enter(t, g)
		a.Leave(OK)
		b.Leave(OK)
		a.Leave(RefusedFor("forbidden"))
		until := g.State().Until
		if d := time.Until(until); d != time.Second {
			t.Fatalf("%+v", g.State())
		}
		b.Leave(RefusedFor("forbidden")) // it began before the refusal that is known
		if !g.State().Until.Equal(until) {
			t.Errorf("the pause has become longer: %+v", g.State())
		}
		probe := <-waiters(t, g, 1)
		probe.Leave(OK)
		probe.Leave(ThrottledFor(time.Minute))
		if d := time.Until(g.State().Until); d != time.Minute {
			t.Errorf("pause %v, %+v", d, g.State())
		}
	})
}

// While the holder of a pass has yet to say what follows from a refusal, nobody goes, and whoever has a pass keeps it.
func TestGateInDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(doubling, nil)
		early, refused := enter(t, g), enter(t, g)
		if early.overtaken() {
			t.Error("overtaken by nobody")
		}
		refused.doubt()
		passes := waiters(t, g, 2)
		if len(passes) != 0 || !early.overtaken() || refused.overtaken() {
			t.Errorf("%d went, overtaken %v, %v", len(passes), early.overtaken(), refused.overtaken())
		}
		refused.Leave(ThrottledFor(time.Minute))
		synctest.Wait()
		if len(passes) != 0 || !early.overtaken() {
			t.Errorf("%d went, overtaken %v", len(passes), early.overtaken())
		}
		start := time.Now()
		<-passes
		if d := time.Since(start); d != time.Minute || early.overtaken() {
			t.Errorf("after %v, overtaken %v", d, early.overtaken())
		}
		harmless := enter(t, g)
		harmless.doubt()
		passes = waiters(t, g, 1)
		harmless.Leave(Neutral)
		<-passes
	})
}

func TestGateThrottled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(doubling, nil)
		start := time.Now()
		a, b := enter(t, g), enter(t, g)
		a.Leave(ThrottledFor(10 * time.Second))
		b.Leave(ThrottledFor(5 * time.Second)) // shorter: changes nothing
		if s := g.State(); !s.Paused || s.Code != "throttled" || !s.Until.Equal(start.Add(10*time.Second)) || !s.Since.Equal(start) {
			t.Errorf("state %+v", s)
		}
		passes := waiters(t, g, 5)
		<-passes
		synctest.Wait()
		if d := time.Since(start); d != 10*time.Second || len(passes) != 4 {
			t.Errorf("after %v: %d of 4 more", d, len(passes))
		}
	})
}

func TestGateThrottledWithoutALength(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(doubling, nil)
		for _, want := range []time.Duration{1 * time.Second, 2 * time.Second, 4 * time.Second} {
			burst := []*Pass{enter(t, g), enter(t, g), enter(t, g)}
			for _, p := range burst { // one pause for all of them
				p.Leave(ThrottledFor(0))
			}
			if d := time.Until(g.State().Until); d != want {
				t.Errorf("pause %v, want %v", d, want)
			}
		}
		enter(t, g).Leave(OK)
		enter(t, g).Leave(ThrottledFor(0))
		if d := time.Until(g.State().Until); d != time.Second {
			t.Errorf("pause after a success %v", d)
		}
	})
}

func TestGateProbeIsThrottled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(doubling, nil)
		refuse(t, g)
		passes := waiters(t, g, 3)
		(<-passes).Leave(ThrottledFor(time.Minute))
		at := time.Now()
		if s := g.State(); s.Code != "unauthorized" || !s.Until.Equal(at.Add(time.Minute)) {
			t.Errorf("state %+v", s)
		}
		probe := <-passes
		synctest.Wait()
		if time.Since(at) != time.Minute || !probe.Probe() || len(passes) != 0 {
			t.Errorf("after %v, %d more", time.Since(at), len(passes))
		}
		probe.Leave(OK)
	})
}

func TestGateContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(doubling, nil)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := g.Enter(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("open gate: %v", err)
		}
		refuse(t, g)
		probe := enter(t, g)
		ctx, cancel = context.WithCancel(t.Context())
		done := make(chan error)
		go func() { _, err := g.Enter(ctx); done <- err }()
		synctest.Wait()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("while waiting for the probe: %v", err)
		}
		probe.Leave(OK)
	})
}

func TestGateChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(doubling, nil)
		changed := g.Changed()
		enter(t, g).Leave(Neutral)
		select {
		case <-changed:
			t.Error("changed by nothing")
		default:
		}
		refuse(t, g)
		<-changed
	})
}

func TestGateUnderLoad(t *testing.T) {
	g := NewGate(func(int) time.Duration { return time.Millisecond }, nil)
	var probes, bad atomic.Int32
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for j := range 50 {
				p, err := g.Enter(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				if p.Probe() && probes.Add(1) > 1 {
					bad.Add(1)
				}
				if p.Probe() {
					probes.Add(-1)
				}
				p.Leave([]Verdict{OK, OK, Neutral, RefusedFor("x"), ThrottledFor(time.Millisecond)}[(i*7+j)%5])
			}
		})
	}
	wg.Wait()
	if bad.Load() != 0 {
		t.Errorf("two probes at once, %d times", bad.Load())
	}
}

// A request that waits for the rate is not made either when another meets a refusal meanwhile.
func TestGateHoldsWhatWaitsForTheRate(t *testing.T) {
	t.Parallel()
	var seen atomic.Int64
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		seen.Add(1)
		w.WriteHeader(http.StatusTooManyRequests)
	})
	c := newTestClient(t, s.URL, func(o *Options) { o.Rate, o.Concurrency = 0.2, 2 })
	g := NewGate(doubling, nil)
	var wg sync.WaitGroup
	var kinds sync.Map
	for range 2 {
		p := enter(t, g)
		wg.Go(func() {
			_, err := c.Do(WithPass(t.Context(), p), get())
			e, _ := errors.AsType[*Error](err)
			kinds.Store(e.Kind, true)
		})
	}
	wg.Wait()
	_, throttled := kinds.Load(Throttled)
	_, paused := kinds.Load(Paused)
	if seen.Load() != 1 || !throttled || !paused {
		t.Errorf("%d requests, throttled %v, paused %v", seen.Load(), throttled, paused)
	}
}

// A pause by throttling is told of, apart from refusals, and can be begun with.
func TestGateTellsOfThrottling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := func(g *Gate) bool {
			select {
			case <-g.Throttled():
				return true
			default:
				return false
			}
		}
		g := NewGate(doubling, nil)
		early := enter(t, g)
		refuse(t, g)
		if since, until := g.Throttling(); told(g) || !since.IsZero() || !until.IsZero() {
			t.Errorf("a refusal is no throttling: %v, %v", since, until)
		}
		start := time.Now()
		early.Leave(ThrottledFor(time.Hour))
		since, until := g.Throttling()
		if !told(g) || told(g) || !since.Equal(start) || !until.Equal(start.Add(time.Hour)) {
			t.Errorf("throttling since %v until %v", since, until)
		}
		next := NewGate(doubling, nil)
		next.Resume(since, until)
		if s := next.State(); !s.Paused || s.Code != string(Throttled) || !s.Since.Equal(since) || !s.Until.Equal(until) {
			t.Errorf("resumed as %+v", s)
		}
		first := enter(t, next)
		if d := time.Since(start); d != time.Hour || first.Probe() {
			t.Errorf("the first went after %v, as a probe: %v", d, first.Probe())
		}
		if since, until := next.Throttling(); !since.IsZero() || !until.IsZero() || next.State().Paused {
			t.Errorf("over, and throttling since %v until %v", since, until)
		}
	})
}
