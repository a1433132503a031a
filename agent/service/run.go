package service

import (
	"context"
	"errors"
	"io"
	"os"
	"os/user"
	"strconv"
	"sync"
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

// Work is the agent: it works until ctx ends, and says once that it is ready.
type Work func(ctx context.Context, ready func()) error

// Health says whether the agent still does what it should. It must return soon, whatever is wrong.
type Health func(ctx context.Context) error

// Command is any other command of the program, given its arguments, and returns its exit code.
type Command func(ctx context.Context, args []string, stdout, stderr io.Writer) int

// Job is what a process of a service does. Health and Command may be nil.
type Job struct {
	Work    Work
	Health  Health
	Command Command // for an administrator who wants to see what the service sees
}

// Run calls the job's work, and is what stands between it and the service manager, where one has started this process: it
// says when the agent is ready, that it is still well, and when it ends. It returns when work has returned, and at the
// latest some seconds after the service manager has asked for the end. Whoever calls it must end the process with a
// code other than 0 when the error is not nil: that is how the service manager knows that it has to start it again.
// The name is what Windows' service manager has written on the command line; elsewhere it is "".
func Run(ctx context.Context, name string, job Job) error {
	if managed, err := underManager(ctx, name, job); managed {
		return err
	}
	return alone(ctx, job)
}

// alone is Run where the process itself is asked to end by a signal, which ends ctx: in the foreground, under systemd
// and under launchd.
func alone(ctx context.Context, job Job) error {
	n := newNotifier()
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	stopping := sync.OnceFunc(n.stopping)
	defer context.AfterFunc(ctx, stopping)()
	err := job.Work(inner, func() { n.ready(inner, job.Health) })
	if ctx.Err() != nil {
		stopping() // the work may have ended before this was said
	}
	return unasked(ctx, err)
}

// unasked turns an end that nobody asked for into an error.
func unasked(ctx context.Context, err error) error {
	if err == nil && ctx.Err() == nil {
		return ErrEnded
	}
	return err
}
