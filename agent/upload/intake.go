package upload

import (
	"container/heap"
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"kurir/watcher"
)

const (
	// acceptors is how many sets of one inbox are judged and taken into the journal at the same time. Most of them wait for
	// the journal, which makes what comes together durable together.
	acceptors = 16
	// hashers is how many of them read images at the same time.
	hashers = 4
)

// lookCost times the number of files in a set is how long news of the set may gather before it is looked at, so that a
// folder of ten thousand images is not judged ten thousand times while it fills.
const lookCost = 20 * time.Microsecond

// intake takes what the watcher of one inbox sees and turns complete sets into jobs.
type intake struct {
	p    *Pipeline
	in   Inbox
	wake chan struct{} // one slot
	read chan struct{} // held by those who hash

	mu      sync.Mutex
	idx     *index
	looks   map[string]cached    // by path: what was found in a file that has not changed since
	agenda  agenda               // when to look at which set
	at      map[setKey]time.Time // the valid entry of the agenda
	busy    map[setKey]bool      // being judged now; true: look again afterwards
	moved   map[setKey]bool      // of busy: files of it have been moved away meanwhile
	taken   map[setKey]string    // the fingerprint of what was accepted
	waiting map[setKey]Status    // what is not in the journal: for lists and status files
	shown   map[setKey]bool      // of waiting: there is a status file
	alone   map[setKey]bool      // reported as waiting for its partner
	forget  func(paths []string)
}

// cached is what was found in a file as it was at Changed.
type cached struct {
	size    int64
	changed time.Time
	look    look
	side    *sidecar
	sideErr error
}

func newIntake(p *Pipeline, in Inbox) *intake {
	return &intake{
		p: p, in: in, wake: make(chan struct{}, 1), read: make(chan struct{}, hashers), idx: newIndex(in.DoneMarker), looks: map[string]cached{},
		at: map[setKey]time.Time{}, busy: map[setKey]bool{}, moved: map[setKey]bool{}, taken: map[setKey]string{},
		waiting: map[setKey]Status{}, shown: map[setKey]bool{}, alone: map[setKey]bool{}, forget: func([]string) {},
	}
}

// Handler returns what an inbox's watcher reports to. It is nil for an inbox that is not of this pipeline. forget is
// called with the paths that the pipeline has moved away, so that the watcher offers them anew if they come back.
func (p *Pipeline) Handler(inbox string, forget func(paths []string)) watcher.Handler {
	in, ok := p.inboxes[inbox]
	if !ok {
		return nil
	}
	if forget != nil {
		in.forget = forget
	}
	return in
}

// Handle implements watcher.Handler. It only takes note, and never fails.
func (in *intake) Handle(_ context.Context, files []watcher.File) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.heed(files)
	return nil
}

// heed takes note of files, has the sets that they touch looked at, and returns these. Callers hold mu.
func (in *intake) heed(files []watcher.File) map[setKey]bool {
	now := in.p.o.Now()
	for _, f := range files {
		if f.State == watcher.Gone {
			delete(in.looks, f.Path)
		}
	}
	touched := in.idx.apply(files, now)
	for k := range touched {
		in.plan(k, now.Add(time.Duration(in.idx.size(k))*lookCost))
	}
	return touched
}

// plan has a set looked at, at a time. Callers hold mu.
func (in *intake) plan(k setKey, at time.Time) {
	if _, ok := in.busy[k]; ok {
		in.busy[k] = true
		return
	}
	if old, ok := in.at[k]; ok && !at.Before(old) {
		return
	}
	in.at[k] = at
	heap.Push(&in.agenda, entry{k, at})
	select {
	case in.wake <- struct{}{}:
	default:
	}
}

// run judges sets as they fall due, until ctx ends.
func (in *intake) run(ctx context.Context) error {
	work := make(chan setKey)
	g, ctx := errgroup.WithContext(ctx)
	for range acceptors {
		g.Go(func() error {
			for {
				select {
				case <-ctx.Done():
					return ctx.Err()
				case k := <-work:
					again := in.consider(ctx, k)
					in.finish(k, again)
				}
			}
		})
	}
	g.Go(func() error { return in.dispatch(ctx, work) })
	return g.Wait()
}

// dispatch hands due sets to the acceptors.
func (in *intake) dispatch(ctx context.Context, work chan<- setKey) error {
	t := time.NewTimer(time.Hour)
	defer t.Stop()
	for {
		k, wait, ok := in.due()
		if ok {
			select {
			case work <- k:
				continue
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		t.Reset(wait)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-in.wake:
		case <-t.C:
		}
	}
}

// due takes the next due set off the agenda, or says how long there is none.
func (in *intake) due() (setKey, time.Duration, bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for len(in.agenda) > 0 {
		e := in.agenda[0]
		if at, ok := in.at[e.key]; !ok || !at.Equal(e.at) {
			heap.Pop(&in.agenda) // a newer entry stands for it
			continue
		}
		if wait := e.at.Sub(in.p.o.Now()); wait > 0 {
			return setKey{}, wait, false
		}
		heap.Pop(&in.agenda)
		delete(in.at, e.key)
		in.busy[e.key] = false
		return e.key, 0, true
	}
	return setKey{}, time.Hour, false
}

// finish ends a look at a set.
func (in *intake) finish(k setKey, again time.Time) {
	in.mu.Lock()
	defer in.mu.Unlock()
	dirty := in.busy[k]
	delete(in.busy, k)
	delete(in.moved, k)
	switch {
	case dirty:
		in.plan(k, in.p.o.Now())
	case !again.IsZero():
		in.plan(k, again)
	}
}

// lookAt inspects a file, or remembers what it found when it did.
func (in *intake) lookAt(f watcher.File) (look, error) {
	if c, ok := in.cachedOf(f); ok && c.side == nil && c.sideErr == nil {
		return c.look, nil
	}
	l, err := inspect(in.path(f.Path), f)
	if err != nil {
		return l, err
	}
	in.keep(f, cached{look: l})
	return l, nil
}

// sidecarOf reads a sidecar, or remembers what it said.
func (in *intake) sidecarOf(f watcher.File) (sidecar, error) {
	if c, ok := in.cachedOf(f); ok && c.side != nil {
		return *c.side, c.sideErr
	}
	s, err := readSidecar(in.path(f.Path), f, in.in)
	if _, bad := errors.AsType[*sidecarError](err); err == nil || bad || errors.Is(err, errBrokenOff) {
		in.keep(f, cached{side: &s, sideErr: err})
	}
	return s, err
}

func (in *intake) cachedOf(f watcher.File) (cached, bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	c, ok := in.looks[f.Path]
	return c, ok && c.size == f.Size && c.changed.Equal(f.Changed)
}

func (in *intake) keep(f watcher.File, c cached) {
	c.size, c.changed = f.Size, f.Changed
	in.mu.Lock()
	defer in.mu.Unlock()
	in.looks[f.Path] = c
}

// path returns where a file of the inbox lies.
func (in *intake) path(rel string) string { return (&Record{Root: in.in.Root}).path(rel) }

// entry is one date of the agenda.
type entry struct {
	key setKey
	at  time.Time
}

// agenda is a heap of dates, the earliest first.
type agenda []entry

// Len implements heap.Interface.
func (a agenda) Len() int { return len(a) }

// Less implements heap.Interface.
func (a agenda) Less(i, j int) bool { return a[i].at.Before(a[j].at) }

// Swap implements heap.Interface.
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }

// Push implements heap.Interface.
func (a *agenda) Push(x any) { *a = append(*a, x.(entry)) }

// Pop implements heap.Interface.
func (a *agenda) Pop() any {
	old := *a
	e := old[len(old)-1]
	*a = old[:len(old)-1]
	return e
}
