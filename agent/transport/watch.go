package transport

import (
	"context"
	"net"
	"sync"
	"syscall"
	"time"
)

// The phases of a request, as a time-out names them.
var (
	phaseConnect = Say("while_connecting", "while connecting")
	phaseSend    = Say("while_sending", "while sending")
	phaseWait    = Say("while_waiting", "while waiting for the answer")
	phaseRead    = Say("while_reading", "while reading the answer")
)

// A watch ends a request that makes no progress for a while. Progress is: a stage of the connection is done, the
// connection takes more of the body, the peer acknowledges bytes that still waited in the system's buffers (where the
// system tells), bytes of the answer arrive. How long all of it takes does not matter. Time that this machine slept, or was
// too busy to look, does not count: what the peer has sent meanwhile still waits to be read.
type watch struct {
	limit time.Duration
	end   context.CancelFunc

	mu      sync.Mutex
	timer   *time.Timer
	due     time.Time // of the next look
	last    time.Time // of the last progress
	phase   *Words
	conn    syscall.RawConn // nil when unknown
	acked   uint64          // bytes the peer had acknowledged at the last look
	stalled bool
	stopped bool
}

// newWatch starts a watch that calls end when nothing moves for limit.
func newWatch(limit time.Duration, end context.CancelFunc) *watch {
	w := &watch{limit: limit, end: end, last: time.Now(), phase: phaseConnect}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer = time.AfterFunc(w.next(), w.look)
	return w
}

// progress notes that something moved.
func (w *watch) progress() {
	w.mu.Lock()
	w.last = time.Now()
	w.mu.Unlock()
}

// enter notes that the request has come to the next phase.
func (w *watch) enter(phase *Words) {
	w.mu.Lock()
	defer w.mu.Unlock()
	late := phase == phaseWait && w.phase == phaseRead // the end of the sending may be reported after the answer
	if !w.stalled && !late {
		w.last, w.phase = time.Now(), phase
	}
}

// follow makes the watch ask c what the peer has acknowledged.
func (w *watch) follow(c net.Conn) {
	for {
		wrapped, ok := c.(interface{ NetConn() net.Conn }) // TLS, once or twice with a proxy
		if !ok {
			break
		}
		c = wrapped.NetConn()
	}
	var raw syscall.RawConn
	if sc, ok := c.(syscall.Conn); ok {
		if r, err := sc.SyscallConn(); err == nil {
			raw = r
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conn, w.acked = raw, 0
	if raw != nil {
		w.acked, _ = acknowledged(raw)
	}
}

// look runs on the timer: it ends the request, or looks again later.
func (w *watch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return
	}
	if w.conn != nil {
		if n, ok := acknowledged(w.conn); ok && n != w.acked {
			w.acked, w.last = n, time.Now()
		}
	}
	now := time.Now()
	if late := now.Sub(w.due); late > 0 {
		w.last = w.last.Add(min(late, now.Sub(w.last)))
	}
	if now.Sub(w.last) >= w.limit {
		w.stalled = true
		w.end()
		return
	}
	w.timer.Reset(w.next())
}

// next sets when the next look is due, and returns how long to wait for it: often enough to see acknowledgements soon after
// they came.
func (w *watch) next() time.Duration {
	pause := min(w.limit/4, max(w.limit-time.Since(w.last), time.Millisecond))
	w.due = time.Now().Add(pause)
	return pause
}

// stop ends the watch. The request is not ended by it later.
func (w *watch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
	w.timer.Stop()
}

// stall returns the time-out as an error when the watch has ended the request, else nil.
func (w *watch) stall() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.stalled {
		return nil
	}
	return &stallError{Say("stalled", "no progress for %v %v", w.limit, w.phase)}
}

// stallError is a request that made no progress.
type stallError struct{ *Words }

// Timeout makes it a time-out for whoever asks by net.Error's method.
func (e *stallError) Timeout() bool { return true }
