// Package logbook is what the program does with its log besides writing it: it keeps the last lines in memory for the
// page, and keeps repeated errors from filling the file.
//
// It imports nothing of ours. Its callers are the commands, which build the log, and control, which shows it.
package logbook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// Lines is how many lines a Ring keeps unless it is told otherwise.
const Lines = 1000

// mostText bounds a value in a kept line: a thousand lines must not become a burden.
const mostText = 1 << 10

// Line is one line of the log.
type Line struct {
	Seq     uint64 // counts from 1; no line is missing between two that were kept one after the other
	Time    time.Time
	Level   slog.Level
	Message string
	Attrs   map[string]any // text, numbers and truth values only
}

// Ring keeps the last lines. It is safe for concurrent use.
type Ring struct {
	mu    sync.Mutex
	lines []Line // the oldest at next, once it is full
	next  int
	seq   uint64
}

// NewRing returns a ring of n lines.
func NewRing(n int) *Ring { return &Ring{lines: make([]Line, 0, n)} }

// Handler returns a handler that keeps lines of this level and above.
func (r *Ring) Handler(level slog.Leveler) slog.Handler { return &keeper{ring: r, level: level} }

// Since returns the lines after seq of this level and above, the oldest first; when there are more than limit, the
// latest of them. Nil has none.
func (r *Ring) Since(seq uint64, level slog.Level, limit int) []Line {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []Line
	for i := range r.lines {
		l := r.lines[(r.next+i)%len(r.lines)]
		if l.Seq > seq && l.Level >= level {
			out = append(out, l)
		}
	}
	return out[max(0, len(out)-limit):]
}

func (r *Ring) add(l Line) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seq++
	l.Seq = r.seq
	if len(r.lines) < cap(r.lines) {
		r.lines = append(r.lines, l)
		return
	}
	r.lines[r.next] = l
	r.next = (r.next + 1) % len(r.lines)
}

// keeper is the handler of a ring.
type keeper struct {
	ring  *Ring
	level slog.Leveler
	attrs []slog.Attr
	group string
}

// Enabled implements slog.Handler.
func (k *keeper) Enabled(_ context.Context, level slog.Level) bool { return level >= k.level.Level() }

// Handle implements slog.Handler.
func (k *keeper) Handle(_ context.Context, rec slog.Record) error {
	l := Line{Time: rec.Time, Level: rec.Level, Message: rec.Message, Attrs: map[string]any{}}
	for _, a := range k.attrs {
		put(l.Attrs, "", a)
	}
	rec.Attrs(func(a slog.Attr) bool { put(l.Attrs, k.group, a); return true })
	k.ring.add(l)
	return nil
}

// WithAttrs implements slog.Handler.
func (k *keeper) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *k
	c.attrs = slices.Clip(c.attrs)
	for _, a := range attrs {
		a.Key = k.group + a.Key
		c.attrs = append(c.attrs, a)
	}
	return &c
}

// WithGroup implements slog.Handler.
func (k *keeper) WithGroup(name string) slog.Handler {
	c := *k
	if name != "" {
		c.group += name + "."
	}
	return &c
}

// put writes an attribute in a form that can be shown.
func put(to map[string]any, group string, a slog.Attr) {
	v := a.Value.Resolve()
	switch v.Kind() {
	case slog.KindGroup:
		for _, inner := range v.Group() {
			put(to, group+a.Key+".", inner)
		}
	case slog.KindBool, slog.KindInt64, slog.KindUint64:
		to[group+a.Key] = v.Any()
	case slog.KindTime:
		to[group+a.Key] = v.Time().Format(time.RFC3339)
	default:
		text := v.String()
		if err, ok := v.Any().(error); ok {
			text = err.Error()
		}
		if len(text) > mostText {
			text = fmt.Sprintf("%.*s…", mostText, text)
		}
		to[group+a.Key] = text
	}
}

// Both returns a handler that hands every line to both handlers, each as it is enabled.
func Both(a, b slog.Handler) slog.Handler { return both{a, b} }

type both struct{ a, b slog.Handler }

// Enabled implements slog.Handler.
func (h both) Enabled(ctx context.Context, level slog.Level) bool {
	return h.a.Enabled(ctx, level) || h.b.Enabled(ctx, level)
}

// Handle implements slog.Handler.
func (h both) Handle(ctx context.Context, rec slog.Record) error {
	var errs []error
	for _, x := range []slog.Handler{h.a, h.b} {
		if x.Enabled(ctx, rec.Level) {
			errs = append(errs, x.Handle(ctx, rec.Clone()))
		}
	}
	return errors.Join(errs...)
}

// WithAttrs implements slog.Handler.
func (h both) WithAttrs(attrs []slog.Attr) slog.Handler {
	return both{h.a.WithAttrs(attrs), h.b.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (h both) WithGroup(name string) slog.Handler {
	return both{h.a.WithGroup(name), h.b.WithGroup(name)}
}
