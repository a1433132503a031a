package watcher

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// The defaults of Options.
const (
	defaultSettle = 2 * time.Second
	defaultRescan = time.Minute
)

// endGrace is how long Run waits at its end for a call to the file system that does not return.
const endGrace = 2 * time.Second

// Watcher watches one folder tree. Run does the work; the other methods may be called from any goroutine, before,
// during and after Run.
type Watcher struct {
	opts    Options
	root    string // as the system's calls are given it
	handler Handler
	log     *slog.Logger
	sys     system
	started atomic.Bool
	again   chan struct{} // one slot: look again
	drops   chan struct{} // one slot: there is something in dropped

	mu      sync.Mutex
	status  Status   // a copy of the loop's, for others; guarded by mu
	dropped []string // what Forget was given; guarded by mu

	// All below belongs to Run's loop; no other goroutine touches it.
	eye      *eye
	tree     *tree
	rule     rule
	base     base
	source   *source // nil while polling or offline
	scan     *scan   // the full scan in progress, or nil
	reading  *reading
	reads    []*folder // folders to be read
	looks    []target  // paths to be looked at
	glances  []glance  // room for the next looks; the eye has it while it is busy with looks
	chunk    []found   // room for what is read next of a folder; the eye has it while it is busy reading
	forgets  []watched // folders whose watches are to be ended
	turn     bool      // looks and readings take turns
	nextScan time.Time
	nextDeep bool      // the next scan must not trust versions
	deepDue  time.Time // every scan from then on must not
	retry    time.Time // when to try events again; zero: not
	report   report
	skips    map[string]string // what is left alone, and why
	skipped  []Skip            // examples of it
	stale    bool              // skipped does not show skips
	closing  sync.WaitGroup    // sources and readings that are being closed
	now      Status            // Status in the making
}

// system is what a Watcher needs of the operating system. Tests replace what they cannot make happen.
type system struct {
	lstat    func(path string) (info, error)
	writer   func(path string, share bool) (writer, error)
	shareOf  func(path string) (share, error)
	notifier func(root string) (notifier, error)
}

// New returns a Watcher of o.Root that tells h; it does not look at the folder yet. A zero Settle is 2 s, a zero
// Rescan one minute. It is an error if the root is not absolute, a pattern is malformed, the mode is unknown or a
// duration is negative.
func New(o Options, h Handler) (*Watcher, error) {
	if h == nil {
		return nil, errors.New("new watcher: no handler")
	}
	if !filepath.IsAbs(o.Root) {
		return nil, fmt.Errorf("new watcher: root %q is not absolute", o.Root)
	}
	if o.Settle < 0 || o.Rescan < 0 {
		return nil, fmt.Errorf("new watcher: negative settle %v or rescan %v", o.Settle, o.Rescan)
	}
	for _, pattern := range o.Ignore {
		if _, err := path.Match(pattern, ""); err != nil {
			return nil, fmt.Errorf("new watcher: ignore %q: %w", pattern, err)
		}
	}
	if o.Mode == "" {
		o.Mode = Auto
	}
	if !slices.Contains([]Mode{Auto, Events, Poll}, o.Mode) {
		return nil, fmt.Errorf("new watcher: unknown mode %q", o.Mode)
	}
	if o.Settle == 0 {
		o.Settle = defaultSettle
	}
	if o.Rescan == 0 {
		o.Rescan = defaultRescan
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	w := &Watcher{
		opts:    o,
		root:    systemPath(filepath.Clean(o.Root)),
		handler: h,
		log:     o.Logger.With("root", o.Root),
		sys:     system{lstat: lstat, writer: checkWriter, shareOf: shareOf, notifier: newNotifier},
		again:   make(chan struct{}, 1),
		drops:   make(chan struct{}, 1),
		tree:    newTree(),
		rule:    rule{settle: o.Settle},
		skips:   make(map[string]string),
	}
	w.now.Mode = Events
	if o.Mode == Poll {
		w.now.Mode = Poll
	}
	w.status = w.now
	return w, nil
}

// Status tells how the Watcher is doing. It never waits for the disk.
func (w *Watcher) Status() Status {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.status
	s.Skipped = slices.Clone(s.Skipped)
	return s
}

// Rescan asks for a full scan soon. It never blocks; requests that come before the scan begins are one.
func (w *Watcher) Rescan() {
	select {
	case w.again <- struct{}{}:
	default:
	}
}

// Run watches until ctx ends and then returns nil, when all its goroutines have ended. One that hangs in a call to
// a share that does not answer is waited for 2 s and then left behind; it ends when the call returns, and touches
// nothing of the Watcher. Run works once; a second call is an error.
func (w *Watcher) Run(ctx context.Context) error {
	if !w.started.CompareAndSwap(false, true) {
		return errors.New("run watcher: called twice")
	}
	w.eye = openEye()
	defer w.end()
	w.nextScan = time.Now()
	alarm := time.NewTimer(0)
	defer alarm.Stop()
	for ctx.Err() == nil {
		w.step(ctx)
		alarm.Reset(time.Until(w.wake()))
		select {
		case <-ctx.Done():
		case <-alarm.C:
		case apply := <-w.eye.results:
			w.eye.busy = false
			apply(!w.eye.stale)
		case h := <-w.hints():
			w.hinted(h)
		case <-w.drops:
			w.forgetFiles()
		case <-w.again:
			w.scanBy(time.Now(), true)
		}
	}
	return nil
}

// step does what is due: the next job, telling the Handler, the Status.
func (w *Watcher) step(ctx context.Context) {
	now := time.Now()
	if !w.eye.stale && w.eye.stuck(now) {
		w.offline(fmt.Sprintf("the folder does not answer for %v", stuckAfter), now)
	}
	if !w.eye.busy {
		if j := w.nextJob(now); j != nil {
			w.eye.begin(w.forgetting(j), now)
		}
	}
	if w.reading == nil && w.report.due(now, w.idle()) { // never half of what came to a folder together
		w.deliver(ctx)
	}
	w.publish()
}

// wake is when step must be called though nothing came in.
func (w *Watcher) wake() time.Time {
	wake := w.nextScan
	if w.eye.busy {
		wake = time.Now().Add(stuckAfter / 6)
	}
	if len(w.report.pending) > 0 && w.reading == nil {
		if due := w.report.oldest.Add(reportWait); due.Before(wake) {
			wake = due
		}
	}
	if !w.eye.busy && w.now.Offline.IsZero() && len(w.tree.agenda) > 0 {
		if next := w.tree.agenda[0].awaited.next; next.Before(wake) {
			wake = next
		}
	}
	return wake
}

// hints is where hints come from, nil while there are none.
func (w *Watcher) hints() <-chan hints {
	if w.source == nil {
		return nil
	}
	return w.source.out
}

// publish makes the loop's Status everybody's.
func (w *Watcher) publish() {
	w.now.Files, w.now.Unsettled = w.tree.files, w.tree.unsettled
	w.now.Skipped, w.now.SkippedN = w.examples(), len(w.skips)
	w.mu.Lock()
	w.status = w.now
	w.mu.Unlock()
}

// end ends what Run began.
func (w *Watcher) end() {
	close(w.eye.jobs)
	w.closeSource()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		<-w.eye.ended
		if len(w.eye.results) > 0 {
			(<-w.eye.results)(false)
		}
		if w.reading != nil {
			w.reading.close()
		}
		w.closing.Wait()
	}()
	select {
	case <-ended:
	case <-time.After(endGrace):
		w.log.Warn("file system call left behind", "duration", endGrace)
	}
}
