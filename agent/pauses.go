package agent

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"kurir/agent/journal"
)

// pauseKind remembers for how long an API wants to be left alone, so that it is after a restart too.
const pauseKind journal.Kind = "pause"

const (
	pauseKept = time.Minute // a shorter one is not worth keeping
	pauseMost = 24 * time.Hour
	pauseStep = time.Second // by which one that is kept has to grow to be kept anew
)

// A pause is what is kept of it.
type pause struct {
	URL   string    `json:"url"` // of the API: another one has asked for nothing
	Since time.Time `json:"since"`
	At    time.Time `json:"at"` // when this was written
	Until time.Time `json:"until"`
}

// left returns how much of a pause is left. A clock that was set back since makes it no longer than it was when written.
func (p pause) left(url string, now time.Time) time.Duration {
	if p.URL != url {
		return 0
	}
	if now.Before(p.At) {
		now = p.At
	}
	return min(max(p.Until.Sub(now), 0), pauseMost)
}

// resumePause begins with the pause that an earlier process was asked for, if it is not over.
func (a *Agent) resumePause(ctx context.Context, x *api) error {
	job, err := a.store.Get(ctx, pauseKind, x.name)
	if errors.Is(err, journal.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	now := time.Now()
	x.kept = now // it is there, and goes when it is over
	var p pause
	if json.Unmarshal(job.Data, &p) != nil {
		return nil //nolint:nilerr // nobody knows how long it was
	}
	if left := p.left(x.url, now); left > 0 {
		since := p.Since
		if since.After(now) {
			since = now
		}
		x.kept = now.Add(left)
		x.gate.Resume(since, x.kept)
		a.log.Info("api still paused", "api", x.name, "since", since, "until", x.kept)
	}
	return nil
}

// keepPauses keeps the pauses of an API until ctx ends.
func (a *Agent) keepPauses(ctx context.Context, x *api) {
	over := time.NewTimer(0)
	defer over.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-x.gate.Throttled():
		case <-over.C:
		}
		a.notePause(ctx, x)
		if _, until := x.gate.Throttling(); !until.IsZero() {
			over.Reset(time.Until(until))
		}
	}
}

// notePauses notes what a pipeline may have been asked for just before it ended.
func (a *Agent) notePauses() {
	for _, x := range []*api{a.bc, a.t2g} {
		if x != nil {
			a.notePause(context.Background(), x)
		}
	}
}

// notePause brings the journal up to date with the pause that an API has asked for. Only one goroutine calls it at a time.
func (a *Agent) notePause(ctx context.Context, x *api) {
	since, until := x.gate.Throttling()
	now := time.Now()
	var err error
	switch {
	case until.Sub(now) > pauseKept && until.Sub(x.kept) > pauseStep:
		if err = a.writePause(ctx, x.name, pause{URL: x.url, Since: since, At: now, Until: until}); err == nil {
			x.kept = until
		}
	case until.IsZero() && !x.kept.IsZero():
		err = a.store.Update(ctx, pauseKind, x.name, func(*journal.Job) error { return journal.Remove })
		if err == nil {
			x.kept = time.Time{}
		}
	}
	if err != nil && ctx.Err() == nil {
		a.log.Warn("pause not kept for the next start", "api", x.name, "until", until, "error", err)
	}
}

func (a *Agent) writePause(ctx context.Context, name string, p pause) error {
	data, err := json.Marshal(p)
	if err != nil {
		return err
	}
	err = a.store.Put(ctx, journal.Job{Kind: pauseKind, Key: name, State: journal.Done, Data: data})
	if errors.Is(err, journal.ErrExists) {
		err = a.store.Update(ctx, pauseKind, name, func(j *journal.Job) error { j.Data = data; return nil })
	}
	return err
}
