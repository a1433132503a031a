package upload

import (
	"path"
	"slices"
	"time"

	"kurir/agent/beacukai"
	"kurir/agent/journal"
)

// waitingSet is a set that waits in the inbox, as lists and status files show it. It does not change once it is noted. There
// may be one for each file: it is kept small.
type waitingSet struct {
	first, updated time.Time
	images         []waitingPhoto
	wants          *wants // nil: its sidecar
}

// wants is what a set waits for that has its sidecar.
type wants struct {
	decl       beacukai.Declaration // as far as it is known
	waitingFor []string
	note       string
	trouble    *Failure
}

// same reports whether two sets want the same.
func (w *wants) same(v *wants) bool {
	if w == nil || v == nil {
		return w == v
	}
	return slices.Equal(w.waitingFor, v.waitingFor) && w.note == v.note
}

// waitingPhoto is a photo of such a set.
type waitingPhoto struct {
	name  string
	bytes int64
}

// note remembers that a set waits, for the lists, and whether that is news.
func (in *intake) note(s snapshot, v verdict) (*waitingSet, bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	var now *wants
	if !v.orphan || v.trouble != nil {
		now = &wants{decl: v.side.decl, waitingFor: v.waitingFor, note: v.note, trouble: in.p.failure(v.trouble)}
	}
	w := in.waiting[s.key]
	if w != nil && w.wants.same(now) && len(w.images) == len(v.images) {
		return w, !in.shown[s.key]
	}
	w = &waitingSet{
		first: in.p.local(s.first), updated: in.p.local(in.p.o.Now()), wants: now, images: make([]waitingPhoto, len(v.images)),
	}
	for i, f := range v.images {
		w.images[i] = waitingPhoto{path.Base(f.Path), f.Size}
	}
	in.waiting[s.key] = w
	return w, true
}

// statusOf describes a waiting set to its users.
func (in *intake) statusOf(k setKey, w *waitingSet) Status {
	st := Status{
		Schema: 1, Kind: "xray", ID: id(in.in.Name, k.name), Inbox: in.in.Name, Set: k.name, State: StateWaiting,
		FirstSeenAt: w.first, UpdatedAt: w.updated,
	}
	if d := w.wants; d != nil {
		st.WaitingFor, st.Note, st.Error = d.waitingFor, d.note, d.trouble
		st.NomorAju, st.NomorBlAwb, st.TanggalBlAwb, st.KodeKantor =
			d.decl.NomorAju, d.decl.NomorBlAwb, d.decl.TanggalBlAwb, d.decl.KodeKantor
	} else {
		st.WaitingFor, st.Note = in.sidecarWanted(k)
	}
	if len(w.images) > 0 {
		st.Images = make([]ImageInfo, 0, len(w.images))
	}
	for _, im := range w.images {
		st.Images = append(st.Images, ImageInfo{Name: im.name, Bytes: im.bytes, State: imageWaiting})
	}
	return st
}

// waiter is a waiting set that a query selects.
type waiter struct {
	in  *intake
	key setKey
	set *waitingSet
}

func (w waiter) id() string { return id(w.in.in.Name, w.key.name) }

// place is where it stands in a listing by latest change.
func (w waiter) place() journal.Place { return journal.Place{At: w.set.updated, Key: w.id()} }

// selects reports whether a query selects a waiting set.
func (q Query) selects(w waiter) bool {
	known := []string{w.id()}
	if d := w.set.wants; d != nil {
		known = append(known, d.decl.NomorAju, d.decl.NomorBlAwb)
	}
	return (q.ID == "" || q.ID == w.id()) && q.finds(known...) && q.After.Holds(w.place())
}

// waiting returns the sets that are not complete yet and that q selects from its place on.
func (p *Pipeline) waiting(q Query) []waiter {
	if q.State != "" && q.State != StateWaiting {
		return nil
	}
	var out []waiter
	for name, in := range p.inboxes {
		if q.Inbox != "" && q.Inbox != name {
			continue
		}
		in.mu.Lock()
		for k, set := range in.waiting {
			if w := (waiter{in, k, set}); q.selects(w) {
				out = append(out, w)
			}
		}
		in.mu.Unlock()
	}
	slices.SortFunc(out, func(a, b waiter) int { return a.place().Compare(b.place()) })
	return out
}

// Waiting returns how many sets of an inbox are not complete, and since when the oldest is there.
func (p *Pipeline) Waiting(inbox string) (n int, oldest time.Time) {
	in, ok := p.inboxes[inbox]
	if !ok {
		return 0, time.Time{}
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, w := range in.waiting {
		if oldest.IsZero() || w.first.Before(oldest) {
			oldest = w.first
		}
	}
	return len(in.waiting), oldest
}
