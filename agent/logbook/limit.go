package logbook

import (
	"context"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	window     = time.Minute
	mostOfOne  = 1     // identical warnings or errors that are written in a window
	mostOfKind = 100   // that differ in their attributes, with one message
	mostKinds  = 10000 // that are told apart at a time; what is beyond is written
)

// Repeated is the key of the number of lines that one line stands for.
const Repeated = "repeated"

// volatile are the keys by which lines differ that say the same.
var volatile = map[string]bool{
	"next_attempt_at": true, "no_login_before": true, "duration": true, "overflows": true,
	"attempts": true,
}

// Limiter is a handler that writes a warning or an error that repeats itself once, and then once a minute how often it
// has come since, until it stops: that last line says so too. Of one message with different attributes it writes a
// hundred a minute. Everything below a warning passes.
type Limiter struct {
	next  slog.Handler
	with  string // the attributes that next has been given
	state *limits
}

// limits are shared by all handlers that come from one Limiter.
type limits struct {
	mu     sync.Mutex
	kinds  map[string]*kind
	closed bool
}

// kind is what is known of lines that say the same.
type kind struct {
	most   int // that may pass in a window
	passed int // in this window
	held   int
	last   slog.Record // the last that was held
	next   slog.Handler
	timer  *time.Timer
}

// Limit returns a Limiter before next.
func Limit(next slog.Handler) *Limiter {
	return &Limiter{next: next, state: &limits{kinds: map[string]*kind{}}}
}

// Close writes what is held back. Later lines pass as they are.
func (l *Limiter) Close() {
	s := l.state
	s.mu.Lock()
	s.closed = true
	var held []*kind
	for _, k := range s.kinds {
		k.timer.Stop()
		if k.held > 0 {
			held = append(held, k)
		}
	}
	s.kinds = map[string]*kind{}
	s.mu.Unlock()
	for _, k := range held {
		write(k.next, k.last, k.held)
	}
}

// Enabled implements slog.Handler.
func (l *Limiter) Enabled(ctx context.Context, level slog.Level) bool {
	return l.next.Enabled(ctx, level)
}

// Handle implements slog.Handler.
func (l *Limiter) Handle(ctx context.Context, rec slog.Record) error {
	if rec.Level >= slog.LevelWarn && (l.hold(l.identity(rec), mostOfOne, rec) || l.hold(rec.Level.String()+rec.Message, mostOfKind, rec)) {
		return nil
	}
	return l.next.Handle(ctx, rec)
}

// WithAttrs implements slog.Handler.
func (l *Limiter) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *l
	c.next = l.next.WithAttrs(attrs)
	for _, a := range attrs {
		c.with += a.String() + "\x00"
	}
	return &c
}

// WithGroup implements slog.Handler.
func (l *Limiter) WithGroup(name string) slog.Handler {
	c := *l
	c.next, c.with = l.next.WithGroup(name), l.with+name+"\x01"
	return &c
}

// identity is equal for lines that say the same.
func (l *Limiter) identity(rec slog.Record) string {
	var b strings.Builder
	b.WriteString(strconv.Itoa(int(rec.Level)))
	b.WriteString("\x00" + rec.Message + "\x00" + l.with)
	rec.Attrs(func(a slog.Attr) bool {
		if !volatile[a.Key] {
			b.WriteString(a.String() + "\x00")
		}
		return true
	})
	return b.String()
}

// hold reports whether a line is held back because enough of its kind have passed, and counts it either way.
func (l *Limiter) hold(id string, most int, rec slog.Record) bool {
	s := l.state
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.kinds[id]
	if k == nil {
		if s.closed || len(s.kinds) >= mostKinds {
			return false
		}
		k = &kind{most: most}
		s.kinds[id] = k
		k.timer = time.AfterFunc(window, func() { s.turn(id, k) })
	}
	if k.passed < k.most {
		k.passed++
		return false
	}
	k.held++
	k.last, k.next = rec.Clone(), l.next
	return true
}

// turn ends a window: what was held is written as one line, and a kind of which nothing was held is forgotten.
func (s *limits) turn(id string, k *kind) {
	s.mu.Lock()
	if s.closed || s.kinds[id] != k {
		s.mu.Unlock()
		return
	}
	held, last, next := k.held, k.last, k.next
	if held == 0 {
		delete(s.kinds, id)
	} else {
		k.held, k.passed = 0, 1 // the line that is written now
		k.timer.Reset(window)
	}
	s.mu.Unlock()
	if held > 0 {
		write(next, last, held)
	}
}

// write writes one line for those that were held back.
func write(next slog.Handler, rec slog.Record, held int) {
	if held > 1 {
		rec.AddAttrs(slog.Int(Repeated, held))
	}
	_ = next.Handle(context.Background(), rec) // as with any line, there is nowhere to say that it cannot be written
}
