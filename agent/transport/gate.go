package transport

import (
	"context"
	"errors"
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
	throttled time.Time // the end of the longest pause by throttling
	probing   bool      // a probe is on its way
	attempt   int       // refusals in a row
	refusals  int       // times the gate went from open to refused: tells old passes from new
	throttles int       // pauses begun by throttling: likewise
	strain    int       // throttlings in a row without a length of their own
	doubts    int       // passes in doubt: nobody goes until their holders have said what follows

	asked chan struct{} // one slot: throttled has changed
}

// NewGate returns an open gate. pace gives the wait after the nth refusal in a row; a nil now is time.Now.
func NewGate(pace func(attempt int) time.Duration, now func() time.Time) *Gate {
	if now == nil {
		now = time.Now
	}
	return &Gate{pace: pace, now: now, changed: make(chan struct{}), asked: make(chan struct{}, 1)}
}

// Pass is the leave to make one request.
type Pass struct {
	g         *Gate
	probe     bool
	refusals  int // as they were when the pass was given
	throttles int

	// Guarded by g.mu.
	used     bool // it was left
	again    bool // with OK
	doubtful bool
}

// Enter blocks until the caller may make a request, or ctx ends. Whoever gets a Pass must Leave with it.
func (g *Gate) Enter(ctx context.Context) (*Pass, error) {
	for {
		g.mu.Lock()
		wait := g.until.Sub(g.now())
		if wait <= 0 && !g.probing && g.doubts == 0 {
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

// doubt keeps all others waiting until the pass is left: its request has met a refusal of whoever asks, and its holder has
// yet to say what follows.
func (p *Pass) doubt() {
	p.g.mu.Lock()
	defer p.g.mu.Unlock()
	if !p.doubtful {
		p.doubtful = true
		p.g.doubts++
	}
}

// overtaken reports whether the API has refused or throttled whoever asks since the pass was given: a request made now would
// come in the middle of the pause.
func (p *Pass) overtaken() bool {
	g := p.g
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.until.After(g.now()) || g.refused && !p.probe || g.doubts > 0 && !p.doubtful
}

type passKey struct{}

// WithPass returns a context for requests that are made with p. Such a request waits for its turn as any other; when the API
// has refused or throttled whoever asks by then it is not made, and ends with an *Error of kind Paused. When it meets such
// a refusal itself, nobody else's request is made until p is left.
func WithPass(ctx context.Context, p *Pass) context.Context {
	return context.WithValue(ctx, passKey{}, p)
}

// paused returns why a request must not be made, nil when it may.
func paused(ctx context.Context, op string) *Error {
	if p, ok := ctx.Value(passKey{}).(*Pass); ok && p.overtaken() {
		return &Error{Kind: Paused, Op: op, Err: errPaused}
	}
	return nil
}

// doubted puts the pass of a request in doubt that ended with err, if that is a refusal of whoever asks.
func doubted(ctx context.Context, err error) {
	p, hasPass := ctx.Value(passKey{}).(*Pass)
	e, failed := errors.AsType[*Error](err)
	if !hasPass || !failed {
		return
	}
	switch e.Kind {
	case Unauthorized, LoginRefused, Forbidden, Throttled, Unavailable:
		p.doubt()
	}
}

var errPaused = Say("left_alone", "the service wants to be left alone for a while")

// Leave reports the outcome. A request that began before the gate was refused neither opens it nor makes the pause
// longer. After OK the pass may be used for more requests, of which the first refusal counts; otherwise the second call does
// nothing. So Leave(Neutral) can be deferred.
func (p *Pass) Leave(v Verdict) {
	g := p.g
	g.mu.Lock()
	defer g.mu.Unlock()
	news := p.doubtful
	if p.doubtful {
		p.doubtful = false
		g.doubts--
	}
	if !p.used || p.again && v.kind != neutral && v.kind != accepted {
		news = p.report(v) || news
	}
	if news {
		close(g.changed)
		g.changed = make(chan struct{})
	}
}

// report takes in an outcome, and tells whether it may have changed the gate. Called with g.mu held.
func (p *Pass) report(v Verdict) bool {
	g, probe := p.g, p.probe
	if probe {
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
	p.used, p.again = true, v.kind == accepted
	if p.again { // what comes now is news, and no probe's
		p.probe, p.refusals, p.throttles = false, g.refusals, g.throttles
	}
	return probe || v.kind != neutral
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
	g.throttled = later(g.throttled, now.Add(d))
	select {
	case g.asked <- struct{}{}:
	default:
	}
}

// Resume begins with a pause that an earlier process was asked for by throttling. It is called before the first Enter.
func (g *Gate) Resume(since, until time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.since, g.until, g.throttled = since, until, until
}

// Throttling returns since when and until when the API wants no request, by throttling alone; zero when it does not.
func (g *Gate) Throttling() (since, until time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.throttled.After(g.now()) {
		return time.Time{}, time.Time{}
	}
	return g.since, g.throttled
}

// Throttled returns a channel, always the same, that says that what Throttling returns may have changed: once for all changes
// since it was last heard. The end of a pause says nothing.
func (g *Gate) Throttled() <-chan struct{} { return g.asked }

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
