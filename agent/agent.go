// Package agent assembles kurir: from a configuration it makes the journal, the clients of both APIs, the pipelines,
// a watcher for each inbox and the control address, runs them together and stops them in order.
//
//	files -> watcher -> upload (X-ray sets) -> beacukai -> Bea Cukai
//	                 -> poll   (Aju lists)  -> t2g      -> T2G
//	         both remember in journal, write to outbox, and are seen through control
//
// It holds no rules of its own about sets or documents. Its callers are the commands.
package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"kurir/agent/alarm"
	"kurir/agent/config"
	"kurir/agent/control"
	"kurir/agent/journal/bolt"
	"kurir/agent/logbook"
	"kurir/agent/metrics"
	"kurir/agent/outbox"
	"kurir/agent/poll"
	"kurir/agent/private"
	"kurir/agent/reason"
	"kurir/agent/transport"
	"kurir/agent/upload"
	"kurir/watcher"
)

// Options are what a configuration does not say.
type Options struct {
	Logger   *slog.Logger  // nil: slog.Default
	Version  string        // for the User-Agent and the overview
	Commit   string        // of the program, for the metrics
	Logs     *logbook.Ring // the last lines of Logger, for the page; nil: none
	Check    control.Check // looks whether all is as the agent needs it; nil: it cannot be asked to
	Patience time.Duration // how long an image that breaks off counts as still being written; 0: a minute
}

// Agent is one assembled agent. Make it with New, and Close it in the end whether or not it ran.
type Agent struct {
	cfg      *config.Config
	o        Options
	log      *slog.Logger
	lang     reason.Language
	since    time.Time
	store    *bolt.Store
	disks    *disks
	damage   string // what was wrong with the journal when it was opened
	bc, t2g  *api   // nil when not configured
	upload   *upload.Pipeline
	poll     *poll.Pipeline
	watchers map[string]*watcher.Watcher // by inbox
	server   *control.Server
	running  atomic.Bool
	history  history
	metrics  *metrics.Metrics
	vitals   *vitals
	alarms   *alarm.Keeper
}

// api is one of the two APIs.
type api struct {
	name, url string
	client    *transport.Client
	gate      *transport.Gate
	health    *health
	kept      time.Time // until when the pause lasts that the journal knows of; zero: it knows of none
}

// New opens the journal and assembles the agent. Nothing is watched, sent or served before Run. The journal's own errors
// (held by another process, a newer schema) are wrapped.
func New(cfg *config.Config, o Options) (*Agent, error) {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	a := &Agent{cfg: cfg, o: o, log: o.Logger, lang: reason.Language(cfg.Lang()), since: time.Now(),
		watchers: map[string]*watcher.Watcher{}}
	if err := private.MakeFolder(cfg.DataDir); err != nil {
		return nil, fmt.Errorf("make data_dir: %w", err)
	}
	store, report, err := bolt.Open(JournalPath(cfg), bolt.Options{Logger: o.Logger})
	if err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	a.store = store
	if report.SetAside != "" { // the store has logged it
		a.damage = report.Reason + "; " + report.SetAside
	}
	if err := a.assemble(); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return a, nil
}

// JournalPath is the file that an agent of this configuration keeps its journal in.
func JournalPath(cfg *config.Config) string { return filepath.Join(cfg.DataDir, "journal.db") }

// assemble makes everything but the journal.
func (a *Agent) assemble() error {
	a.assembleMetrics()
	a.vitals = newVitals(a)
	if err := a.assembleDisks(); err != nil {
		return err
	}
	if err := a.assembleUpload(); err != nil {
		return err
	}
	if err := a.assemblePoll(); err != nil {
		return err
	}
	for _, in := range a.cfg.Inboxes {
		w, err := watcher.New(watcher.Options{
			Root: in.Path, Settle: in.Settle.D(), Mode: watcher.Mode(in.Watch), Rescan: in.Rescan.D(), Ignore: in.Ignore,
			Logger: a.log.With("inbox", in.Name),
		}, a.handler(in))
		if err != nil {
			return fmt.Errorf("watch inbox %s: %w", in.Name, err)
		}
		a.watchers[in.Name] = w
	}
	a.assembleAlarms()
	a.server = control.NewServer(control.Options{
		Listen: a.cfg.Dashboard.Listen, DataDir: a.cfg.DataDir, Version: a.o.Version, Language: string(a.lang),
		Source: a, Actions: a, Files: a, Logger: a.log, Metrics: a.metrics.Handler(), Logs: a.o.Logs,
		Check: a.o.Check,
	})
	return nil
}

// handler returns what an inbox's files are offered to.
func (a *Agent) handler(in config.Inbox) watcher.Handler {
	if in.Kind == config.KindAju {
		return a.poll.Handler(in.Name)
	}
	return a.upload.Handler(in.Name, func(paths []string) {
		if w := a.watchers[in.Name]; w != nil {
			w.Forget(paths...)
		}
	})
}

// Run works until ctx ends and everything has stopped; then it returns nil. Any part that ends by itself ends all, with
// its error. Requests under way at the end are cut; what became of them is asked for at the next start.
func (a *Agent) Run(ctx context.Context) error {
	a.running.Store(true)
	defer a.running.Store(false)
	g, gctx := errgroup.WithContext(ctx)
	a.runWork(gctx, g)
	for _, in := range a.cfg.Inboxes {
		w := a.watchers[in.Name]
		g.Go(func() error {
			if err := w.Run(gctx); err != nil && gctx.Err() == nil {
				return fmt.Errorf("watch inbox %s: %w", in.Name, err)
			}
			return nil
		})
	}
	g.Go(func() error { a.vitals.run(gctx); return nil })
	g.Go(func() error { return a.alarms.Run(gctx) })
	g.Go(func() error { a.keepSmall(gctx); return nil })
	g.Go(func() error { return a.server.Run(gctx) })
	return a.ended(ctx, g.Wait())
}

// work runs the pipelines alone, without looking at the inboxes and without a control address: for a command that
// hands them its own work.
func (a *Agent) work(ctx context.Context) error {
	g, gctx := errgroup.WithContext(ctx)
	a.runWork(gctx, g)
	return a.ended(ctx, g.Wait())
}

func (a *Agent) runWork(ctx context.Context, g *errgroup.Group) {
	a.runDisks(ctx, g)
	g.Go(func() error { a.sweep(); return nil })
	for _, x := range []*api{a.bc, a.t2g} {
		if x != nil {
			g.Go(func() error { a.keepPauses(ctx, x); return nil })
		}
	}
	if a.upload != nil {
		g.Go(func() error { return a.upload.Run(ctx) })
	}
	if a.poll != nil {
		g.Go(func() error { return a.poll.Run(ctx) })
	}
}

// sweep removes the temporary files that an earlier process left when it died: in the outboxes, in data_dir, and in the
// inboxes, where it was moving sets back.
func (a *Agent) sweep() {
	swept := map[string]bool{}
	sweep := func(folder string, how func(string, time.Time) error) {
		if swept[folder] {
			return
		}
		swept[folder] = true
		if err := how(folder, a.since); err != nil {
			a.log.Warn("temporary files not removed", "folder", folder, "error", err)
		}
	}
	sweep(a.cfg.DataDir, outbox.SweepTop)
	for _, in := range a.cfg.Inboxes {
		sweep(in.Outbox, outbox.Sweep)
		sweep(in.Path, outbox.SweepTop)
	}
}

// ended returns what ended the work, unless that was only the end of ctx.
func (a *Agent) ended(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		err = nil
	}
	if err == nil {
		a.notePauses()
	}
	return err
}

// Close closes the journal and idle connections. Run must have returned. A second call does nothing.
func (a *Agent) Close() error {
	for _, x := range []*api{a.bc, a.t2g} {
		if x != nil {
			x.client.Close()
		}
	}
	return a.store.Close()
}
