package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/eventlog"
)

const (
	readyWithin = 20 * time.Second // a start that takes longer is reported as done; the work goes on
	stopWithin  = 10 * time.Second // what the work has for its end, as in the foreground
	startHint   = 30 * time.Second // what Windows is told about both
	stopHint    = 15 * time.Second

	lookEvery  = 30 * time.Second // at how the work is doing, once it is ready
	sickAtMost = 4                // times in a row that it is not well
)

// byManager is whether Windows' service manager has started this process, which is known once the handler runs.
var byManager atomic.Bool

// ByManager reports whether the service manager has started this process.
func ByManager() bool { return byManager.Load() }

// DefaultLog is where a service logs that was given no file: it has no standard error that anyone could read.
func DefaultLog(dataDir string) string {
	if !byManager.Load() {
		return ""
	}
	return LogFile(dataDir)
}

// LogFile is where the service of this data_dir logs unless it is given a file; "" where the system keeps its log.
func LogFile(dataDir string) string { return filepath.Join(dataDir, "kurir.log") }

// LogPlace says where the system keeps why a service has failed.
func LogPlace(name string) string { return "Event Viewer, Windows Logs, Application, source " + name }

// underManager calls work as Windows' service manager wants it, if it was this manager that has started the process,
// which it does with the name on the command line. It answers at once, whatever the work has to do before it is ready.
//
// The loop is our own, not kardianos': that one leaves a worker that has ended by itself unnoticed, has no exit code for
// a start that failed, and is not told of a shutdown before the other services go.
func underManager(ctx context.Context, name string, job Job) (managed bool, err error) {
	if name == "" {
		return false, nil
	}
	h := &handler{ctx: ctx, name: name, job: job}
	switch err := svc.Run(name, h); {
	case errors.Is(err, windows.ERROR_FAILED_SERVICE_CONTROLLER_CONNECT):
		return false, nil // typed into a terminal
	case err != nil:
		return true, fmt.Errorf("answer the service manager: %w", err)
	}
	return true, h.err
}

// handler is the agent as Windows' service manager sees it.
type handler struct {
	ctx  context.Context
	name string
	job  Job
	err  error // why it ended; read once svc.Run has returned

	every time.Duration // between two looks; 0: lookEvery
}

// Execute works until it is asked to end or the work ends by itself, which is a failure: Windows then does what its
// recovery settings say. When it was started for a trial it does that alone.
func (h *handler) Execute(args []string, requests <-chan svc.ChangeRequest, status chan<- svc.Status) (specific bool, code uint32) {
	byManager.Store(true)
	deafen()
	if t, asked := trialOf(args); asked {
		h.try(t, requests, status)
		return false, 0 // whatever it found: the service has not failed
	}
	status <- svc.Status{State: svc.StartPending, WaitHint: millis(startHint)}
	ctx, cancel := context.WithCancel(h.ctx)
	defer cancel()
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		err := h.job.Work(ctx, func() { close(ready) })
		ended <- unasked(ctx, err)
	}()
	late := time.NewTimer(readyWithin)
	defer late.Stop()
	hung := make(chan error, 1)
	asked := false
	for started := ready; ; {
		select {
		case err := <-ended:
			return h.end(err, asked)
		case err := <-hung:
			return h.end(err, asked)
		case <-started:
			started = nil
			late.Stop()
			status <- running
			go h.look(ctx, hung)
		case <-late.C:
			if ctx.Err() != nil {
				return h.end(errLate, asked)
			}
			status <- running
		case r := <-requests:
			switch r.Cmd {
			case svc.Interrogate:
				status <- r.CurrentStatus
			case svc.Stop, svc.Shutdown, svc.PreShutdown:
				status <- svc.Status{State: svc.StopPending, WaitHint: millis(stopHint)}
				asked, started = true, nil
				cancel()
				late.Reset(stopWithin)
			}
		}
	}
}

// look asks how the work is doing until ctx ends, and tells when it hangs: Windows itself does not look. It counts instead of
// measuring time, which passes while a machine sleeps.
func (h *handler) look(ctx context.Context, hung chan<- error) {
	if h.job.Health == nil {
		return
	}
	tick := time.NewTicker(cmp.Or(h.every, lookEvery))
	defer tick.Stop()
	for sick := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := h.job.Health(ctx)
		if err == nil || ctx.Err() != nil {
			sick = 0
			continue
		}
		if sick++; sick >= sickAtMost {
			hung <- fmt.Errorf("%w: %w", errHung, err)
			return
		}
	}
}

// errHung is the end of an agent that no longer answers.
var errHung = errors.New("the agent hangs")

var running = svc.Status{State: svc.Running, Accepts: svc.AcceptStop | svc.AcceptShutdown | svc.AcceptPreShutdown}

var errLate = errors.New("the agent did not stop within ten seconds")

// end is the answer to Windows, and the reason in the event log, where administrators look for it. Windows starts a service
// again that ends with an error, also one that it was asked to stop: who has stopped it would find it at work again.
func (h *handler) end(err error, asked bool) (specific bool, code uint32) {
	h.err = err
	if err == nil {
		return false, 0
	}
	h.report(err)
	if asked {
		return false, 0
	}
	return true, 1
}

// report puts an error into the event log.
func (h *handler) report(err error) {
	if log, opened := eventlog.Open(h.name); opened == nil {
		_ = log.Error(1, err.Error()) // nobody is left to tell
		_ = log.Close()
	}
}

// deafen keeps from the Go runtime what Windows tells every service when any user logs off, which it would take for a
// request to terminate, and the end of the machine, of which Execute hears.
func deafen() {
	const logoff, shutdown = 5, 6
	heard := windows.NewCallback(func(event uint32) uintptr {
		if event == logoff || event == shutdown {
			return 1 // nobody else is asked
		}
		return 0
	})
	_, _, _ = setConsoleCtrlHandler.Call(heard, 1) // without a console there is nothing to hear
}

var setConsoleCtrlHandler = windows.NewLazySystemDLL("kernel32.dll").NewProc("SetConsoleCtrlHandler")

func millis(d time.Duration) uint32 { return uint32(d.Milliseconds()) }
