package agent

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"kurir/agent/config"
	"kurir/agent/journal"
	"kurir/agent/outbox"
	"kurir/agent/poll"
	"kurir/agent/upload"
)

const (
	lookEvery  = 15 * time.Second
	spaceEvery = time.Minute
	// What costs the more the more there is in the journal is asked again only after so many times what it took: it never
	// takes more than a third of a hundredth of a processor.
	restPerWork = 300
)

// vitals are measurements that may take long to make, and what is remembered of what happened: whoever asks for them
// gets the last ones at once.
type vitals struct {
	a *Agent

	mu       sync.Mutex
	disks    []disk
	oldest   map[string]time.Time // by inbox: since when something waits, as last measured
	arrived  map[string]time.Time // by inbox: when a set last arrived
	ends     badEnds
	recalled bool // what the journal remembers is known
}

// disk is the space on the disk of a folder, as last measured.
type disk struct {
	role, path string
	space      outbox.Space
	known      bool // it could be measured
	busy       bool // it is being measured, perhaps for ever: a share that is gone does not answer
}

func newVitals(a *Agent) *vitals {
	v := &vitals{a: a, oldest: map[string]time.Time{}, arrived: map[string]time.Time{}, ends: newBadEnds()}
	add := func(role, path string) {
		if !slices.ContainsFunc(v.disks, func(d disk) bool { return d.role == role && d.path == path }) {
			v.disks = append(v.disks, disk{role: role, path: path})
		}
	}
	add("data_dir", a.cfg.DataDir)
	for _, in := range a.cfg.Inboxes {
		add("inbox", in.Path)
		add("outbox", in.Outbox)
	}
	if a.cfg.Log.File != "" {
		add("log", filepath.Dir(a.cfg.Log.File))
	}
	return v
}

// run measures until ctx ends. It leaves calls behind that the system does not let go.
func (v *vitals) run(ctx context.Context) {
	v.recall(ctx)
	look, space := time.NewTicker(lookEvery), time.NewTicker(spaceEvery)
	defer look.Stop()
	defer space.Stop()
	v.measureSpace()
	var next time.Time
	for {
		if now := time.Now(); !now.Before(next) {
			v.measureWaiting(ctx)
			next = now.Add(restPerWork * time.Since(now))
		}
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		case <-space.C:
			v.measureSpace()
		}
	}
}

// measureSpace asks for the space on all disks at once.
func (v *vitals) measureSpace() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for i, d := range v.disks {
		if d.busy {
			continue
		}
		v.disks[i].busy = true
		go func() {
			space, err := outbox.SpaceOf(d.path)
			v.mu.Lock()
			defer v.mu.Unlock()
			v.disks[i].busy, v.disks[i].known, v.disks[i].space = false, err == nil, space
		}()
	}
}

// measureWaiting looks for what has waited longest. A journal that cannot be read says so elsewhere.
func (v *vitals) measureWaiting(ctx context.Context) {
	found := map[string]time.Time{}
	if v.a.upload != nil && v.any(journal.Xray, upload.StateReady, upload.StateSending, upload.StateRetrying) {
		oldest, _ := v.a.upload.Oldest(ctx)
		maps.Copy(found, oldest)
	}
	if v.a.poll != nil && v.any(journal.Aju, poll.Retrying) {
		oldest, _ := v.a.poll.Retrying(ctx)
		maps.Copy(found, oldest)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.oldest = found
}

// any reports whether there is a job of a kind in one of these states. It costs nothing.
func (v *vitals) any(kind journal.Kind, labels ...string) bool {
	for k, n := range v.a.store.Counts() {
		if k.Kind == kind && n > 0 && slices.Contains(labels, k.Label) {
			return true
		}
	}
	return false
}

// recall learns from the journal when a set last arrived in the inboxes whose silence matters, and what has come to a bad
// end within a day.
func (v *vitals) recall(ctx context.Context) {
	for _, in := range v.a.cfg.Inboxes {
		if in.Kind != config.KindXray || in.Expect == nil || v.a.upload == nil {
			continue
		}
		at, err := v.a.upload.LastArrival(ctx, in.Name)
		if err != nil && !errors.Is(err, context.Canceled) {
			v.a.log.Warn("last arrival not found", "inbox", in.Name, "error", err)
		}
		v.arrival(in.Name, at)
	}
	v.recallBadEnds(ctx)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.recalled = ctx.Err() == nil
}

// arrival notes that a set arrived.
func (v *vitals) arrival(inbox string, at time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if at.After(v.arrived[inbox]) {
		v.arrived[inbox] = at
	}
}

// lastArrival returns when a set last arrived in an inbox; zero when that is not known.
func (v *vitals) lastArrival(inbox string) time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.arrived[inbox]
}

// remembers reports whether lastArrival knows what was before the start.
func (v *vitals) remembers() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.recalled
}

// waiting returns since when something accepted waits in an inbox; zero when nothing does.
func (v *vitals) waiting(inbox string) time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.oldest[inbox]
}

// measured returns the disks whose space is known.
func (v *vitals) measured() []disk {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(v.disks), func(d disk) bool { return !d.known })
}
