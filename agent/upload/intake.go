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
	agenda  agenda                 // when to look at which set
	at      map[setKey]*entry      // the entries of the agenda
	busy    map[setKey]bool        // being judged now; true: look again afterwards
	moved   map[setKey]bool        // of busy: files of it have been moved away meanwhile
	taken   map[setKey]string      // the fingerprint of what was accepted
	waiting map[setKey]*waitingSet // what is not in the journal: for lists and status files
	shown   map[setKey]bool        // of waiting: there is a status file
	alone   map[setKey]bool        // reported as waiting for its partner
	kinds   map[cached]*cached     // what was found in files that are no sidecars, once each
	forget  func(paths []string)
}

// cached is what was found in a file.
type cached struct {
	state imageState
	mime  string
	side  *sidecarFound // of a sidecar; else the above hold
}

// sidecarFound is what a sidecar says, or what is wrong with it.
type sidecarFound struct {
	side sidecar
	err  error
}

func newIntake(p *Pipeline, in Inbox) *intake {
	return &intake{
		p: p, in: in, wake: make(chan struct{}, 1), read: make(chan struct{}, hashers), idx: newIndex(in.DoneMarker),
		at: map[setKey]*entry{}, busy: map[setKey]bool{}, moved: map[setKey]bool{}, taken: map[setKey]string{},
		waiting: map[setKey]*waitingSet{}, shown: map[setKey]bool{}, alone: map[setKey]bool{}, kinds: map[cached]*cached{},
		forget: func([]string) {},
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
	switch e := in.at[k]; {
	case e == nil:
		e = &entry{key: k, at: at}
		in.at[k] = e
		heap.Push(&in.agenda, e)
	case at.Before(e.at):
		e.at = at
		heap.Fix(&in.agenda, e.place)
	default:
		return
	}
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
	if len(in.agenda) == 0 {
		return setKey{}, time.Hour, false
	}
	e := in.agenda[0]
	if wait := e.at.Sub(in.p.o.Now()); wait > 0 {
		return setKey{}, wait, false
	}
	heap.Pop(&in.agenda)
	delete(in.at, e.key)
	in.busy[e.key] = false
	return e.key, 0, true
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
	if c := in.cachedOf(f); c != nil && c.side == nil {
		return look{state: c.state, mime: c.mime}, nil
	}
	l, err := inspect(in.path(f.Path), f)
	if err != nil {
		return l, err
	}
	in.keep(f, cached{state: l.state, mime: l.mime})
	return l, nil
}

// sidecarOf reads a sidecar, or remembers what it said.
func (in *intake) sidecarOf(f watcher.File) (sidecar, error) {
	if c := in.cachedOf(f); c != nil && c.side != nil {
		return c.side.side, c.side.err
	}
	s, err := readSidecar(in.path(f.Path), f, in.in)
	if _, bad := errors.AsType[*sidecarError](err); err == nil || bad || errors.Is(err, errBrokenOff) {
		in.keep(f, cached{side: &sidecarFound{s, err}})
	}
	return s, err
}

// cachedOf returns what was found in a file as it is, nil when nobody has looked. It is not written to again.
func (in *intake) cachedOf(f watcher.File) *cached {
	in.mu.Lock()
	defer in.mu.Unlock()
	if m := in.idx.find(f.Path); m != nil && m.Size == f.Size && m.Changed.Equal(f.Changed) {
		return m.seen
	}
	return nil
}

// keep remembers what was found in a file, unless the file has changed meanwhile.
func (in *intake) keep(f watcher.File, c cached) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if m := in.idx.find(f.Path); m != nil && m.Size == f.Size && m.Changed.Equal(f.Changed) {
		if c.side == nil { // there are few kinds
			if in.kinds[c] == nil {
				in.kinds[c] = &c
			}
			m.seen = in.kinds[c]
			return
		}
		m.seen = &c
	}
}

// path returns where a file of the inbox lies.
func (in *intake) path(rel string) string { return (&Record{Root: in.in.Root}).path(rel) }

// entry is one date of the agenda.
type entry struct {
	key   setKey
	at    time.Time
	place int // in the agenda
}

// agenda is a heap of dates, the earliest first; there is one for each set that is to be looked at.
type agenda []*entry

// Len implements heap.Interface.
func (a agenda) Len() int { return len(a) }

// Less implements heap.Interface.
func (a agenda) Less(i, j int) bool { return a[i].at.Before(a[j].at) }

// Swap implements heap.Interface.
func (a agenda) Swap(i, j int) {
	a[i], a[j] = a[j], a[i]
	a[i].place, a[j].place = i, j
}

// Push implements heap.Interface.
func (a *agenda) Push(x any) {
	e := x.(*entry)
	e.place = len(*a)
	*a = append(*a, e)
}

// Pop implements heap.Interface.
func (a *agenda) Pop() any {
	old := *a
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*a = old[:len(old)-1]
	return e
}
