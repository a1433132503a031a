package transport

import (
	"context"
	"sync"
	"time"
)

// Verdict is what a request that went through a Gate says about the API as a whole.
type Verdict struct {
	kind  verdictKind
	code  string
	pause time.Duration
}

type verdictKind int

const (
	neutral verdictKind = iota
	accepted
	refusedAll
	throttledAll
)

// Neutral says nothing about the API as a whole: a network error, a request that was never made.
var Neutral = Verdict{kind: neutral}

// OK says that the API took the credentials: any answer that is no refusal of them.
var OK = Verdict{kind: accepted}

// RefusedFor says that the API refused whoever asks: 401, 403 or a refused login. code names it for State.
func RefusedFor(code string) Verdict { return Verdict{kind: refusedAll, code: code} }

// ThrottledFor says that the API wants no request for d: 429 or 503. With 0 the gate's own pace decides.
func ThrottledFor(d time.Duration) Verdict { return Verdict{kind: throttledAll, pause: d} }

// GateState is what a Gate tells about itself.
type GateState struct {
	Paused bool      // callers of Enter wait
	Until  time.Time // when the pause is over: for all when throttled, for one probe when refused
	Since  time.Time // of the refusal or the first throttling of this pause
	Code   string    // of RefusedFor; "throttled" when throttled
}

// A Gate makes all callers of an API wait out a refusal together. Open, it lets everyone through. When it is refused,
// everyone waits, and each time the pause is over exactly one caller is let through, the probe: if the probe is
// accepted the gate opens, if it is refused the next pause, a longer one, begins. When throttled, all wait and then all
// go. It is safe for concurrent use and needs no goroutine of its own.
type Gate struct {
	pace func(attempt int) time.Duration
	now  func() time.Time

	mu        sync.Mutex
	changed   chan struct{} // closed at every change, then replaced
	refused   bool
	code      string
	since     time.Time
	until     time.Time // nobody goes before
	probing   bool      // a probe is on its way
	attempt   int       // refusals in a row
	refusals  int       // times the gate went from open to refused: tells old passes from new
	throttles int       // pauses begun by throttling: likewise
	strain    int       // throttlings in a row without a length of their own
}

// NewGate returns an open gate. pace gives the wait after the nth refusal in a row; a nil now is time.Now.
func NewGate(pace func(attempt int) time.Duration, now func() time.Time) *Gate {
	if now == nil {
		now = time.Now
	}
	return &Gate{pace: pace, now: now, changed: make(chan struct{})}
}

// Pass is the leave to make one request.
type Pass struct {
	g         *Gate
	probe     bool
	refusals  int // as they were when the pass was given
	throttles int
	used      bool // guarded by g.mu
}

// Enter blocks until the caller may make a request, or ctx ends. Whoever gets a Pass must Leave with it.
func (g *Gate) Enter(ctx context.Context) (*Pass, error) {
	for {
		g.mu.Lock()
		wait := g.until.Sub(g.now())
		if wait <= 0 && !g.probing {
			defer g.mu.Unlock()
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			g.probing = g.refused
			return &Pass{g: g, probe: g.refused, refusals: g.refusals, throttles: g.throttles}, nil
		}
		changed := g.changed
		g.mu.Unlock()
		if err := waitFor(ctx, changed, wait); err != nil {
			return nil, err
		}
	}
}

// waitFor waits until changed is closed, d is over (0 or less is for ever), or ctx ends.
func waitFor(ctx context.Context, changed <-chan struct{}, d time.Duration) error {
	var over <-chan time.Time
	if d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		over = t.C
	}
	select {
	case <-changed:
	case <-over:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// Probe reports whether this pass is the one whose outcome all others wait for.
func (p *Pass) Probe() bool { return p.probe }

// Leave reports the outcome. A request that began before the gate was refused neither opens it nor makes the pause
// longer. The second call does nothing, so that Leave(Neutral) can be deferred.
func (p *Pass) Leave(v Verdict) {
	g := p.g
	g.mu.Lock()
	defer g.mu.Unlock()
	if p.used {
		return
	}
	p.used = true
	if p.probe {
		g.probing = false
	}
	switch v.kind {
	case accepted:
		g.accept(p)
	case refusedAll:
		g.refuse(p, v.code)
	case throttledAll:
		g.throttle(p, v.pause)
	case neutral:
	}
	if p.probe || v.kind != neutral {
		close(g.changed)
		g.changed = make(chan struct{})
	}
}

// accept opens the gate if p is the probe. Called with g.mu held, like the next two.
func (g *Gate) accept(p *Pass) {
	if p.throttles == g.throttles {
		g.strain = 0
	}
	if !p.probe {
		return
	}
	g.refused, g.attempt, g.code = false, 0, ""
}

func (g *Gate) refuse(p *Pass, code string) {
	if g.refused && !p.probe || p.refusals != g.refusals {
		return // it began before the refusal that is already known
	}
	now := g.now()
	if !g.refused {
		g.refused, g.since = true, now
		g.refusals++
	}
	g.code = code
	g.attempt++
	g.until = later(g.until, now.Add(g.pace(g.attempt)))
}

func (g *Gate) throttle(p *Pass, d time.Duration) {
	now := g.now()
	fresh := p.throttles == g.throttles
	if d <= 0 {
		if !fresh {
			return // the pause that this asks for has begun already
		}
		g.strain++
		d = g.pace(g.strain)
	}
	if !g.refused && !g.until.After(now) {
		g.since = now
	}
	if fresh {
		g.throttles++
	}
	g.until = later(g.until, now.Add(d))
}

// State returns how the gate stands.
func (g *Gate) State() GateState {
	g.mu.Lock()
	defer g.mu.Unlock()
	waiting := g.until.After(g.now())
	switch {
	case g.refused:
		return GateState{Paused: true, Until: g.until, Since: g.since, Code: g.code}
	case waiting:
		return GateState{Paused: true, Until: g.until, Since: g.since, Code: string(Throttled)}
	}
	return GateState{}
}

// Changed returns a channel that is closed when a request next changes the gate or reports to it. The end of a pause
// closes nothing.
func (g *Gate) Changed() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.changed
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
