package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"kurir/agent/alarm"
	"kurir/agent/control"
	"kurir/agent/journal"
	"kurir/agent/outbox"
	"kurir/agent/reason"
)

// diskPace is how often the folders that the agent writes to are looked at though nothing is written.
const diskPace = 2 * time.Second

// outboxKind remembers where the outboxes' file systems were mounted, so that an empty mount point is not taken for an
// empty outbox, not even after a restart.
const outboxKind journal.Kind = "outbox"

// errNoJournal is what ends the agent when its memory is gone: without it nothing may be sent.
var errNoJournal = errors.New("the journal is out of reach; nothing is sent without it")

// disks are the folders that the agent writes to: the outboxes, which are waited for, and the data folder, without
// which it can do nothing.
type disks struct {
	data     *outbox.Guard
	home     os.FileInfo              // the data folder as it was when the journal was opened
	outboxes map[string]*outbox.Guard // by folder
	lost     chan error               // one slot: why the journal cannot be used any more
}

// assembleDisks makes the guards. What is remembered of an outbox comes from the journal.
func (a *Agent) assembleDisks() error {
	home, err := os.Stat(a.cfg.DataDir)
	if err != nil {
		return fmt.Errorf("look at data_dir: %w", err)
	}
	a.disks = &disks{
		data: outbox.NewFixedGuard(a.cfg.DataDir), home: home, outboxes: map[string]*outbox.Guard{}, lost: make(chan error, 1),
	}
	for _, in := range a.cfg.Inboxes {
		if a.disks.outboxes[in.Outbox] != nil {
			continue
		}
		mount, err := a.mountOf(context.Background(), in.Outbox)
		if err != nil {
			return err
		}
		a.disks.outboxes[in.Outbox] = outbox.NewGuard(in.Outbox, mount)
	}
	return nil
}

// place is what is remembered of an outbox.
type place struct {
	Mount string `json:"mount"`
}

func (a *Agent) mountOf(ctx context.Context, folder string) (string, error) {
	job, err := a.store.Get(ctx, outboxKind, folder)
	if errors.Is(err, journal.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("look up outbox: %w", err)
	}
	var p place
	if err := json.Unmarshal(job.Data, &p); err != nil {
		return "", nil //nolint:nilerr // it is learnt anew
	}
	return p.Mount, nil
}

// remember keeps where an outbox's file system is mounted.
func (a *Agent) remember(ctx context.Context, folder, mount string) error {
	data, err := json.Marshal(place{mount})
	if err != nil {
		return err
	}
	err = a.store.Put(ctx, journal.Job{Kind: outboxKind, Key: folder, State: journal.Done, Data: data})
	if errors.Is(err, journal.ErrExists) {
		err = a.store.Update(ctx, outboxKind, folder, func(j *journal.Job) error { j.Data = data; return nil })
	}
	return err
}

// runDisks looks at the folders until ctx ends. It returns an error when the journal is out of reach for good.
func (a *Agent) runDisks(ctx context.Context, g *errgroup.Group) {
	g.Go(func() error { return a.watchHome(ctx) })
	g.Go(func() error { a.watchDisk(ctx, a.disks.data, nil); return nil })
	for folder, guard := range a.disks.outboxes {
		g.Go(func() error {
			mount, err := a.mountOf(ctx, folder)
			a.watchDisk(ctx, guard, func() {
				if now := guard.Mount(); now != mount || err != nil {
					if err = a.remember(ctx, folder, now); err == nil {
						mount = now
					}
				}
			})
			return nil
		})
	}
}

// watchDisk looks at one folder now and then, says when it is in trouble and when it is well again, and calls well
// whenever it is well.
func (a *Agent) watchDisk(ctx context.Context, guard *outbox.Guard, well func()) {
	tick := time.NewTicker(diskPace)
	defer tick.Stop()
	said := false
	var since time.Time
	for {
		err := guard.Ready()
		switch {
		case err != nil && !said:
			since, _ = guard.State()
			a.log.Warn("folder cannot be written, its work is paused", "folder", guard.Folder(), "code", reason.Disk, "error", err)
			said = true
			a.tellInboxes(ctx, guard.Folder())
		case err == nil && said:
			a.log.Info("folder can be written again", "folder", guard.Folder(), "duration", time.Since(since).Round(time.Second))
			said = false
			a.tellInboxes(ctx, guard.Folder())
			a.lookAgain(guard.Folder())
		}
		if err == nil && well != nil {
			well()
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// lookAgain has the inboxes scanned whose outbox, or whose journal, is back: what could not be taken is offered again.
func (a *Agent) lookAgain(folder string) {
	for _, in := range a.cfg.Inboxes {
		if in.Outbox == folder || a.cfg.DataDir == folder {
			a.watchers[in.Name].Rescan()
		}
	}
}

// tellInboxes tells whoever listens at the control address that the inboxes of an outbox, or all, are in another state.
func (a *Agent) tellInboxes(ctx context.Context, folder string) {
	o, err := a.Overview(ctx)
	if err != nil {
		return
	}
	for _, in := range o.Inboxes {
		if in.Outbox == folder || a.cfg.DataDir == folder {
			a.publish(control.Event{Type: control.EventInbox, Inbox: &in})
		}
	}
}

// watchHome returns an error when the data folder or the journal in it is not there any more, or is another one: what the
// agent wrote then would be found by nobody after the next start.
func (a *Agent) watchHome(ctx context.Context) error {
	tick := time.NewTicker(diskPace)
	defer tick.Stop()
	missed := 0
	for {
		err := a.disks.atHome(a.cfg.DataDir, JournalPath(a.cfg))
		if err == nil {
			missed = 0
		} else if missed++; missed > 1 { // once may be a moment in which the file is replaced
			return fmt.Errorf("%w: %w", errNoJournal, err)
		}
		select {
		case <-ctx.Done():
			return nil
		case err := <-a.disks.lost:
			return fmt.Errorf("%w: %w", errNoJournal, err)
		case <-tick.C:
		}
	}
}

func (d *disks) atHome(dir, file string) error {
	now, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if !os.SameFile(now, d.home) {
		return fmt.Errorf("data_dir %s is another folder than it was, as if its file system were not mounted any more", dir)
	}
	_, err = os.Stat(file)
	return err
}

// broken are the folders that cannot be written, for alarms.
func (d *disks) broken() []alarm.Broken {
	var out []alarm.Broken
	for _, guard := range append(slices.Collect(maps.Values(d.outboxes)), d.data) {
		if since, trouble := guard.State(); trouble != nil {
			out = append(out, alarm.Broken{Path: guard.Folder(), Since: since, Why: trouble.Error()})
		}
	}
	return out
}

// diskProblems are the folders that cannot be written: for each inbox its outbox, and the data folder.
func (a *Agent) diskProblems(o control.Overview) []control.Problem {
	var out []control.Problem
	say := func(subject string, guard *outbox.Guard) {
		if since, trouble := guard.State(); trouble != nil {
			out = append(out, a.problem(subject, reason.Disk, reason.In(trouble, a.lang), since))
		}
	}
	if !o.Running {
		return nil
	}
	for _, in := range o.Inboxes {
		say("inbox "+in.Name, a.disks.outboxes[in.Outbox])
	}
	say(control.SubjectDataDir, a.disks.data)
	return out
}
