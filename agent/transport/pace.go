package transport

import (
	"context"
	"sync"
	"time"
)

// slack keeps the pace below the limit: a second's share of requests spans a tenth of a second more, so that requests which
// are delayed unevenly on their way, by that much, do not arrive faster than they may.
const slack = 1.1

// A pacer lets requests through one by one, at least interval apart. The interval counts from when the last one really left,
// on a connection that may first have had to be made: one that was late never makes the next one early, so that no second ever
// sees more than its share. That is why it is no token bucket. The first caller waits as well, up to a second: nobody knows
// what a process that was killed a moment ago had sent.
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
	interval := time.Duration(slack / rate * float64(time.Second))
	return &pacer{interval: interval, turn: make(chan struct{}, 1), last: time.Now().Add(min(interval, time.Second) - interval)}
}

// wait blocks until it is the caller's turn, and returns what it has to call once its request has left, or will not leave:
// until then the next one waits. A second call does nothing.
func (p *pacer) wait(ctx context.Context) (left func(), err error) {
	if p == nil {
		return func() {}, nil
	}
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err := sleep(ctx, p.interval-time.Since(p.last)); err != nil {
		<-p.turn
		return nil, err
	}
	return sync.OnceFunc(func() {
		p.last = time.Now()
		<-p.turn
	}), nil
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
