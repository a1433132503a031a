package transport

import (
	"context"
	"time"
)

// slack keeps the pace a little below the limit, so that requests which are delayed unevenly on their way do not
// arrive faster than they may.
const slack = 1.02

// A pacer lets callers through one by one, at least interval apart. The interval counts from when the last one really
// left, not from when it was planned to: one that was late never makes the next one early, so that no second ever sees
// more than its share. That is why it is no token bucket.
type pacer struct {
	interval time.Duration
	turn     chan struct{} // holds one: who has it may touch last
	last     time.Time
}

// newPacer returns a pacer for rate calls a second; nil, which never waits, for 0.
func newPacer(rate float64) *pacer {
	if rate <= 0 {
		return nil
	}
	return &pacer{
		interval: time.Duration(slack / rate * float64(time.Second)),
		turn:     make(chan struct{}, 1),
	}
}

// wait blocks until it is the caller's turn.
func (p *pacer) wait(ctx context.Context) error {
	if p == nil {
		return nil
	}
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if !p.last.IsZero() {
		if err := sleep(ctx, p.interval-time.Since(p.last)); err != nil {
			return err
		}
	}
	p.last = time.Now()
	return nil
}

// sleep waits for d or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
