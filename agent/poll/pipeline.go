package poll

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"kurir/agent/journal"
	"kurir/agent/outbox"
	"kurir/agent/reason"
	"kurir/agent/t2g"
	"kurir/agent/transport"
)

// KindList is the journal's kind for lists: what was read, so that it is found again. Nobody claims it.
const KindList journal.Kind = "list"

// Client asks T2G. Its errors are *transport.Error, or t2g.ErrNoPath wrapped.
type Client interface {
	StatusRespon(ctx context.Context, car, kodeDokumen string) (t2g.StatusAnswer, error)
	GetResByCar(ctx context.Context, car, kodeDokumen string) (t2g.ResponseAnswer, error)
}

var _ Client = (*t2g.Client)(nil)

// Inbox is one inbox of kind aju; the fields are those of the configuration.
type Inbox struct {
	Name        string
	Root        string        // absolute
	Outbox      string        // absolute
	Guard       *outbox.Guard // of the outbox: nothing is asked while it cannot be written; nil: no one looks
	KodeDokumen string        // for lists that carry none
	Pace        Pace
}

// Options configure a Pipeline.
type Options struct {
	Store    journal.Store
	DataDir  *outbox.Guard // of the journal's folder: nothing is begun while it cannot be written; nil: no one looks
	Client   Client
	Gate     *transport.Gate // pauses all polls together after a refusal of the API as a whole
	Inboxes  []Inbox
	Workers  int           // documents polled at the same time
	Patience time.Duration // how long an empty or broken-off list counts as still being written; 0: a minute
	Language reason.Language
	Location *time.Location // of times in the outbox; nil: UTC
	Logger   *slog.Logger   // nil: slog.Default
	Now      func() time.Time

	// OnDocument, if set, is told of a document's new state after each poll. It is called from the workers' goroutines.
	OnDocument func(Document)

	// Observe, if set, is told of what happens, once each, from any goroutine. It must not block.
	Observe func(Event)

	// ObserveList, if set, is told of each list that was read or refused, in the same way.
	ObserveList func(ListEvent)
}

// Pipeline runs the Aju inboxes. Make it with New, feed it with Handler, run it with Run.
type Pipeline struct {
	o         Options
	log       *slog.Logger
	inboxes   map[string]Inbox
	disks     outbox.Disks
	summaries *summaries
	reported  reported
	wake      chan struct{} // one slot: a document may be due
	reread    time.Duration // until an outbox that could not be read is tried again
	ownClock  bool          // the clock is the system's, which the journal goes by too

	naming  sync.Mutex                      // held while a list or a document chooses its folder
	folders map[string]string               // of documents that have chosen one and have no status file there yet: their ids
	mu      sync.Mutex                      // guards waiting and untaken
	waiting map[string][]chan journal.Job   // by job key: who waits for the next poll to be settled
	untaken map[string]map[string]time.Time // by inbox and path: lists that are there and have not been taken, and since when
}

// New returns a pipeline that does nothing until Run.
func New(o Options) *Pipeline {
	own := o.Now == nil
	if own {
		o.Now = time.Now
	}
	if o.Patience == 0 {
		o.Patience = time.Minute
	}
	if o.Location == nil {
		o.Location = time.UTC
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Observe == nil {
		o.Observe = func(Event) {}
	}
	if o.ObserveList == nil {
		o.ObserveList = func(ListEvent) {}
	}
	o.Workers = max(o.Workers, 1)
	p := &Pipeline{
		o: o, log: o.Logger.With("component", "poll"), inboxes: make(map[string]Inbox),
		wake: make(chan struct{}, 1), folders: make(map[string]string), waiting: make(map[string][]chan journal.Job),
		untaken: make(map[string]map[string]time.Time),
	}
	p.ownClock, p.reread = own, rereadFirst
	p.summaries = newSummaries(p)
	p.disks.Journal = o.DataDir
	for _, in := range o.Inboxes {
		p.disks.Outboxes = append(p.disks.Outboxes, in.Guard)
		p.inboxes[in.Name] = in
	}
	return p
}

// Run rebuilds what a lost journal knew, then polls until ctx ends and everything has stopped. Requests under way at
// the end are cut, and asked again at their pace. It may be called once.
func (p *Pipeline) Run(ctx context.Context) error {
	whole, err := p.rebuild(ctx)
	if err != nil {
		return ignoreEnd(ctx, err)
	}
	for _, in := range p.o.Inboxes {
		if err := p.resumeLists(ctx, in); err != nil {
			return ignoreEnd(ctx, err)
		}
	}
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return p.summaries.run(gctx) })
	g.Go(func() error { return p.rebuildLater(gctx, whole) })
	if p.ownClock {
		g.Go(func() error { return journal.WatchClock(gctx, p.o.Store, journal.Aju, p.o.Now, p.Wake) })
	}
	for range p.o.Workers {
		g.Go(func() error { return p.worker(gctx) })
	}
	return ignoreEnd(ctx, g.Wait())
}

// ignoreEnd returns err unless it only says that ctx has ended.
func ignoreEnd(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Cause(ctx)) || errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// worker claims due documents, one at a time, and polls them. While the API is paused nothing is claimed.
func (p *Pipeline) worker(ctx context.Context) error {
	for {
		// Nothing is asked for whose answer could not be kept.
		if err := p.disks.Wait(ctx); err != nil {
			return err
		}
		pass, err := p.o.Gate.Enter(ctx)
		if err != nil {
			return err
		}
		claim, err := p.o.Store.Claim(ctx, journal.Aju, p.o.Now())
		if err == nil {
			p.Wake() // another worker may find more
			p.work(ctx, claim, pass)
			continue
		}
		pass.Leave(transport.Neutral)
		if !errors.Is(err, journal.ErrNone) && ctx.Err() == nil {
			p.log.Error("claim failed", "error", err)
		}
		if err := journal.Wait(ctx, err, p.wake, p.o.Now()); err != nil {
			return err
		}
	}
}

// Wake tells the workers that a document may be due. It never blocks.
func (p *Pipeline) Wake() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// reported remembers what was reported, so that it is reported once in a process.
type reported struct {
	mu   sync.Mutex
	seen map[string]bool
}

const maxReported = 1000

// first reports whether what comes for the first time.
func (r *reported) first(what string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen == nil {
		r.seen = make(map[string]bool)
	}
	if r.seen[what] || len(r.seen) >= maxReported {
		return false
	}
	r.seen[what] = true
	return true
}
