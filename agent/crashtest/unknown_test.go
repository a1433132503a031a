//go:build linux

package crashtest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"kurir/agent/simulator"
)

// patience is the configured timeout of a request, long enough for the server on a busy machine: one that stores a photo after
// it was given up stores it twice. shortTime is how long a fault of the line lasts.
const (
	patience  = 3 * time.Second
	shortTime = 4500 * time.Millisecond
)

// trouble is what befalls one request on a real line: before the server has read it, or when its work is done.
type trouble struct {
	name   string
	before string // a toxic, in toxiproxy's words
	after  string // the same
	lie    bool   // the work is done, and the answer is a 500
	down   bool   // the work is done, and nobody answers at the address for a while
}

var troubles = []trouble{
	{name: "cut before it has arrived", before: `{"type":"reset_peer","stream":"STREAM","attributes":{"timeout":0}}`},
	{name: "cut when it is done", after: `{"type":"reset_peer","stream":"downstream","attributes":{"timeout":0}}`},
	{name: "stalled before it has arrived", before: `{"type":"timeout","stream":"STREAM","attributes":{"timeout":0}}`},
	{name: "stalled when it is done", after: `{"type":"timeout","stream":"downstream","attributes":{"timeout":0}}`},
	{name: "answered after the time-out", after: `{"type":"latency","stream":"downstream","attributes":{"latency":6000}}`},
	{name: "half answered", after: `{"type":"limit_data","stream":"downstream","attributes":{"bytes":60}}`},
	{name: "answered with 500 when it is done", lie: true},
	{name: "nobody there any more", down: true},
}

// TestUnknownOutcomes lets each kind of trouble befall each operation once, over a real TCP line, and checks that nothing is
// sent twice, nothing is lost, and nothing fails that need not.
func TestUnknownOutcomes(t *testing.T) {
	b := theBinaries(t)
	var g errgroup.Group
	g.SetLimit(8)
	for _, op := range []string{"kirim", "add", "get", "login", "refresh", "statusrespon", "getresbycar"} {
		for _, what := range troubles {
			dir := t.TempDir()
			g.Go(func() error {
				w := &world{dir: dir}
				if err := suffer(t.Context(), w, b.plain, op, what); err != nil {
					t.Errorf("%s %s: %v\n%s", op, what.name, err, w.log.String())
				}
				return nil
			})
		}
	}
	_ = g.Wait() // each says for itself what is wrong
}

// suffer sends two sets and polls one document over a line where trouble meets one request.
func suffer(ctx context.Context, w *world, bin, op string, what trouble) error {
	l, stop, err := newLine(op, what)
	defer stop()
	if err != nil {
		return err
	}
	if err := w.prepareLine(l, patience); err != nil {
		return err
	}
	l.armed.Store(op != "refresh")
	a, err := w.start(ctx, bin)
	if err != nil {
		return err
	}
	defer a.kill()
	if err := w.settle(ctx, a, func() string { return w.missingSet(sufferers[0]) }); err != nil {
		return err
	}
	l.sim.ExpireTokens()
	l.armed.Store(!l.met.Load())
	if err := w.dropLarge(sufferers[1]); err != nil {
		return err
	}
	missing := func() string { return w.missingSet(sufferers[1]) + w.missingCars([]string{simulator.PublishedCar}) }
	if err := w.settle(ctx, a, missing); err != nil {
		return err
	}
	if err := a.stop(ctx); err != nil {
		return err
	}
	if !l.met.Load() {
		return fmt.Errorf("%s was never asked", op)
	}
	return errors.Join(w.checkSuffered(l, sufferers...), l.checkAsked(op))
}

// checkAsked checks that the trouble was met as it should be: by asking what has arrived, where photos may have, and by asking
// again elsewhere. A refresh that brings nothing is followed by another, or by a login.
func (l *line) checkAsked(op string) error {
	got, want := l.called(op), 2
	switch op {
	case "kirim", "add":
		got, want = l.called("get"), 1
	case "refresh":
		got, want = l.called("refresh")+l.called("login"), 3
	}
	if got < want {
		return fmt.Errorf("%d requests after the trouble, must be at least %d", got, want)
	}
	return nil
}
