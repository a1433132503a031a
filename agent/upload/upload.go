// Package upload is the X-ray pipeline: it groups the files of an inbox into sets, accepts each complete set into the
// journal once, sends its photos to Bea Cukai exactly once whatever happens in between, and moves the originals to
// the outbox with a receipt or a reason.
//
// It flows in three parts. Accept (intake.go): files at rest are grouped (index.go), read (sidecar.go, image.go),
// judged (ready.go) and put into the journal. Work (work.go): a due job is claimed, and what is missing at the server is
// sent, every request framed by an intent and an answer in the journal; an unknown outcome is settled by asking the
// server (reconcile.go) before anything is sent again. Settle (archive.go, outcome.go): originals move last, and moving is
// repeatable.
//
// It never decides that a photo has arrived without the server's word, never sends a photo whose last outcome is
// unknown, and never deletes an original unless its inbox says so. Its caller is the agent.
package upload

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"kurir/agent/beacukai"
	"kurir/agent/journal"
	"kurir/agent/outbox"
	"kurir/agent/reason"
	"kurir/agent/transport"
)

// Client is what the pipeline needs of the X-ray photo API. Errors are *transport.Error.
type Client interface {
	Kirim(ctx context.Context, d beacukai.Declaration, images []beacukai.Image) (beacukai.Answer, error)
	Add(ctx context.Context, d beacukai.Declaration, images []beacukai.Image) (beacukai.Answer, error)
	Get(ctx context.Context, d beacukai.Declaration) (beacukai.Listing, error)
}

// Retry is the pace of a set that did not go through.
type Retry struct {
	First       time.Duration // the first pause
	Max         time.Duration // the longest pause
	GiveUpAfter time.Duration // after the first failed try; pauses of the whole API do not count
	NotFoundFor time.Duration // how long a declaration may be unknown to the server
}

// Inbox is one inbox of kind xray; the fields are those of the configuration.
type Inbox struct {
	Name       string
	Root       string        // absolute
	Outbox     string        // absolute
	Guard      *outbox.Guard // of the outbox: nothing is sent while it cannot be written; nil: no one looks
	Offline    func() bool   // whether the inbox itself is away, so that its files are not gone; nil: never
	Settle     time.Duration
	Ignore     []string
	Defaults   map[string]string
	Fields     map[string]string
	DoneMarker string
	MinImages  int
	MaxImages  int   // per request
	MaxBytes   int64 // per request
	Delete     bool  // on_sent: delete
	Keep       time.Duration
	Retry      Retry
}

// Options configure a Pipeline.
type Options struct {
	Store    journal.Store
	DataDir  *outbox.Guard // of the journal's folder: nothing is begun while it cannot be written; nil: no one looks
	Client   Client
	Gate     *transport.Gate // pauses all sends together after a refusal of the API as a whole
	Inboxes  []Inbox
	Requests int           // the client's: requests in flight at the same time
	Timeout  time.Duration // the client's: how long the server may still work on a request nobody waits for any more
	Patience time.Duration // how long an empty or broken-off file counts as still being written; 0: a minute
	Language reason.Language
	Location *time.Location // of dates in the outbox; nil: UTC
	Logger   *slog.Logger   // nil: slog.Default
	Now      func() time.Time
	Changed  func(Status) // told of every new state, from any goroutine; must not block; may be nil
	Observe  func(Event)  // told of what happens, once each, from any goroutine; must not block; may be nil
}

// Pipeline runs the X-ray inboxes. Make it with New, feed it with Handler, run it with Run.
type Pipeline struct {
	o       Options
	log     *slog.Logger
	started time.Time // by the steady clock, whatever the other is set to
	inboxes map[string]*intake
	disks   outbox.Disks
	status  *statusWriter
	places  *places
	births  map[string]time.Time // by inbox: since when the journal remembers; written before anything runs
	wake    chan struct{}        // one slot: a job may be due

	mu      sync.Mutex
	done    map[string][]chan struct{} // by job key: who waits for it to be settled
	refused map[string]bool            // keys of refused sets that have not moved to failed/ yet
	ahead   map[int64]time.Time        // by the time of a lost request that the clock is back before: since when that is known
}

// workersPerRequest is how many sets are worked on for each request that the client lets through at a time, so that the
// disk's part of one set passes while another is on the line.
const workersPerRequest = 6

// New returns a pipeline that does nothing until Run.
func New(o Options) *Pipeline {
	if o.Now == nil {
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
	if o.Changed == nil {
		o.Changed = func(Status) {}
	}
	if o.Observe == nil {
		o.Observe = func(Event) {}
	}
	o.Requests = max(o.Requests, 1)
	log := o.Logger.With("component", "upload")
	p := &Pipeline{
		o: o, log: log, started: time.Now(),
		inboxes: make(map[string]*intake), status: newStatusWriter(o.Changed, log), places: newPlaces(),
		births: make(map[string]time.Time),
		wake:   make(chan struct{}, 1), done: make(map[string][]chan struct{}), refused: make(map[string]bool),
		ahead: make(map[int64]time.Time),
	}
	p.disks.Journal = o.DataDir
	p.status.guards = make(map[string]*outbox.Guard)
	for _, in := range o.Inboxes {
		p.disks.Outboxes = append(p.disks.Outboxes, in.Guard)
		p.status.guards[in.Outbox] = in.Guard
		p.inboxes[in.Name] = newIntake(p, in)
	}
	return p
}

// Run rebuilds what a lost journal knew, then accepts and sends until ctx ends and everything has stopped. Requests
// under way at the end are cut; their outcome is asked for at the next start. It may be called once.
func (p *Pipeline) Run(ctx context.Context) error {
	for _, in := range p.inboxes {
		if err := p.rebuild(ctx, in.in); err != nil {
			return err
		}
	}
	if err := p.resume(ctx); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return p.status.run(ctx) })
	g.Go(func() error { return journal.WatchClock(ctx, p.o.Store, journal.Xray, p.o.Now, p.nudge) })
	g.Go(func() error { return p.moveRefused(ctx) })
	g.Go(func() error { return p.tidyStatuses(ctx) })
	g.Go(func() error { return p.retain(ctx) })
	for _, in := range p.inboxes {
		g.Go(func() error { return in.run(ctx) })
	}
	for range p.o.Requests * workersPerRequest {
		g.Go(func() error { return p.worker(ctx) })
	}
	err := g.Wait()
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// worker claims due jobs, one at a time, and works on them.
func (p *Pipeline) worker(ctx context.Context) error {
	for {
		if err := p.disks.Wait(ctx); err != nil {
			return err
		}
		pass, err := p.o.Gate.Enter(ctx)
		if err != nil {
			return err
		}
		claim, err := p.o.Store.Claim(ctx, journal.Xray, p.o.Now())
		if err == nil {
			p.nudge() // another worker may find more
			p.work(ctx, pass, claim)
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

// nudge tells the workers that a job may be due. It never blocks.
func (p *Pipeline) nudge() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// backoff is the pause before try n (from 1), with full jitter.
func (r Retry) backoff(n int) time.Duration {
	return transport.Backoff(r.First, r.Max, rand.Float64)(n)
}

// inbox returns the settings a record was made under; a record of an inbox that the configuration has lost keeps
// the rest of its own.
func (p *Pipeline) inbox(name string) (Inbox, bool) {
	in, ok := p.inboxes[name]
	if !ok {
		return Inbox{}, false
	}
	return in.in, true
}
