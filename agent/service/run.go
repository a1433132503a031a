package service

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"time"

	kardianos "github.com/kardianos/service"
)

// Account is the name of the account that this process runs as.
func Account() string {
	u, err := user.Current()
	if err != nil {
		return strconv.Itoa(os.Getuid())
	}
	return u.Username
}

// ErrEnded is returned by Run when the work ended without an error although nobody had asked it to.
var ErrEnded = errors.New("the agent ended by itself")

const (
	readyWithin = 20 * time.Second // a start that takes longer is reported as done; the work goes on
	stopWithin  = 10 * time.Second // what the work has for its end, as in the foreground
)

// Work is the agent: it works until ctx ends, and says once that it is ready.
type Work func(ctx context.Context, ready func()) error

// Health says whether the agent still does what it should. It must return soon, whatever is wrong.
type Health func(ctx context.Context) error

// Run calls work, and is what stands between it and the service manager, where one has started this process: it says
// when the agent is ready, that it is still well, and when it ends. It returns when work has returned, and at the
// latest some seconds after the service manager has asked for the end. Whoever calls it must end the process with a
// code other than 0 when the error is not nil: that is how the service manager knows that it has to start it again.
func Run(ctx context.Context, name string, work Work, health Health) error {
	if !byManager() {
		return alone(ctx, work, health)
	}
	p := &program{ctx: ctx, work: work, ended: make(chan error, 1), ready: make(chan struct{})}
	handle, err := kardianos.New(p, &kardianos.Config{Name: name})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoManager, err)
	}
	loop := make(chan error, 1)
	go func() { loop <- handle.Run() }()
	select {
	case err := <-loop:
		return err
	case err := <-p.ended: // the loop of the service manager waits for that one only, so it is left behind
		return err
	}
}

// alone is Run where the process itself is asked to end by a signal, which ends ctx: in the foreground, under systemd
// and under launchd.
func alone(ctx context.Context, work Work, health Health) error {
	n := newNotifier()
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, n.stopping)()
	err := work(inner, func() { n.ready(inner, health) })
	return unasked(ctx, err)
}

// unasked turns an end that nobody asked for into an error.
func unasked(ctx context.Context, err error) error {
	if err == nil && ctx.Err() == nil {
		return ErrEnded
	}
	return err
}

// program is the agent as kardianos' loop sees it.
type program struct {
	ctx    context.Context
	work   Work
	cancel context.CancelFunc
	ready  chan struct{} // closed once the agent is ready
	ended  chan error    // what the work returned, when nobody had asked it to end
	done   chan struct{} // closed when the work has returned
	err    error         // of the work; only read after done
}

// Start begins the work and returns when it is ready or has failed, and in any case soon.
func (p *program) Start(kardianos.Service) error {
	ctx, cancel := context.WithCancel(p.ctx)
	p.cancel, p.done = cancel, make(chan struct{})
	failed := make(chan error, 1)
	go func() {
		err := p.work(ctx, func() { close(p.ready) })
		p.err = unasked(ctx, err)
		close(p.done)
		failed <- p.err
	}()
	late := time.NewTimer(readyWithin)
	defer late.Stop()
	select {
	case err := <-failed:
		cancel()
		return err
	case <-p.ready:
	case <-late.C:
	}
	go func() {
		<-p.done
		if ctx.Err() == nil {
			p.ended <- p.err
		}
	}()
	return nil
}

// Stop ends the work and waits for it, but not for ever.
func (p *program) Stop(kardianos.Service) error {
	p.cancel()
	late := time.NewTimer(stopWithin)
	defer late.Stop()
	select {
	case <-p.done:
		return p.err
	case <-late.C:
		return errors.New("the agent did not stop within ten seconds")
	}
}
