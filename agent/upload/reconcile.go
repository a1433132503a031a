package upload

import (
	"context"
	"errors"
	"slices"
	"time"

	"kurir/agent/reason"
	"kurir/agent/transport"
)

// maxGrace bounds how long a server is given to finish a request that nobody waits for any more.
const maxGrace = time.Minute

// errGrace is a lost add request that the server may still be working on.
var errGrace error = wrong{words: reason.StillWorking.With()}

// reconcile asks the server which photos of the declaration it has, and settles the open intent by it.
//
// A second kirim is refused by the server itself (409) when the first one has arrived after all; a second add is not.
// So photos of a lost add that are not listed yet are taken for lost only when the server has had time to finish.
func (t *task) reconcile(ctx context.Context) error {
	t.planned = false
	listing, err := t.p.o.Client.Get(ctx, t.r.Declaration)
	t.reached(err)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	te, isAPI := errors.AsType[*transport.Error](err)
	if isAPI && te.Kind == transport.NotFound {
		t.pass.Leave(transport.OK)
		if t.graceEnds(false) || t.othersGraceEnds(nil) {
			return errGrace
		}
		t.has = ptr(false)
		t.mem.maybe = nil
		return t.step(stepVoid, note{Op: viaGet, Status: te.Status, Raw: raw(te), Why: "the server has none"}, "", nil)
	}
	if err != nil {
		return err
	}
	t.pass.Leave(transport.OK)
	there := make(map[string]bool, len(listing.Names))
	for _, n := range listing.Names {
		there[foldName(n)] = true
	}
	found, missing := t.compare(there)
	if listing.Total > len(listing.Names) && len(found.Images) < len(t.r.pending()) {
		return &transport.Error{Kind: transport.BadResponse, Op: viaGet, Raw: listing.Raw, Err: transport.Say("listing_short",
			"the server names %d of its %d photos, so nobody knows what is missing", len(listing.Names), listing.Total)}
	}
	if missing && t.graceEnds(len(there) > 0) || t.othersGraceEnds(there) {
		return errGrace
	}
	t.recall(there)
	found.Raw = listing.Raw
	t.has, t.mem.maybe = ptr(true), nil
	return t.confirm(stepListing, found)
}

// compare finds the set's photos among the names that the server has. missing: one of the open intent is not there.
func (t *task) compare(there map[string]bool) (found note, missing bool) {
	found.Op = viaGet
	for i, im := range t.r.Images {
		mine := t.open != nil && slices.Contains(t.open.Images, i)
		name := im.Name
		switch {
		case !mine && (im.State != imageWaiting || !im.Here):
			continue
		case !mine:
			name = t.arrivedAs(i, there)
		case !there[foldName(name)]:
			name, missing = "", true
		}
		if name != "" {
			found.Images, found.Names = append(found.Images, i), append(found.Names, name)
		}
	}
	return found, missing
}

// arrivedAs is the name under which a photo that no open request has carried is at the server; "" when that has none of it. It
// is told by its name alone, as the server tells nothing else, unless what has that name is known to be another photo.
func (t *task) arrivedAs(i int, there map[string]bool) string {
	for _, name := range t.r.tried[i] {
		if there[foldName(name)] && !t.mem.names[foldName(name)] {
			return name
		}
	}
	name := t.r.Images[i].Name
	if !there[foldName(name)] || t.triedForAnother(i) {
		return ""
	}
	return name
}

// triedForAnother reports whether a lost request has carried another photo under the name of this one: of another set, or of this
// before its file was replaced.
func (t *task) triedForAnother(i int) bool {
	im := t.r.Images[i]
	same := func(name string) bool { return foldName(name) == foldName(im.Name) }
	for sha, name := range t.mem.tried {
		if sha != im.SHA256 && same(name) {
			return true
		}
	}
	for k, names := range t.r.tried {
		if t.r.Images[k].SHA256 != im.SHA256 && slices.ContainsFunc(names, same) {
			return true
		}
	}
	return false
}

// recall learns from the names that the server has what other sets of the declaration have brought there, and that all of them
// are taken.
func (t *task) recall(there map[string]bool) {
	for sha, g := range t.mem.maybe {
		if there[foldName(g.name)] {
			t.mem.sent[sha], t.mem.any = g.name, true
		}
	}
	for sha, name := range t.mem.tried {
		if _, known := t.mem.sent[sha]; !known && there[foldName(name)] && !t.mem.names[foldName(name)] {
			t.mem.sent[sha], t.mem.any = name, true
		}
	}
	if t.olderThanJournal() {
		for sha, name := range t.mem.guess { // what a lost journal knew
			if there[foldName(name)] {
				t.mem.sent[sha] = name
			}
		}
	}
	for name := range there {
		t.mem.names[name] = true
	}
}

// graceEnds reports whether a lost request may still be under way, and sets when it cannot be any more. A lost kirim may
// be only while the server has some of the declaration's photos: before that, and once it is whole, a second kirim is
// refused.
func (t *task) graceEnds(some bool) bool {
	if t.open == nil || t.open.Op != viaAdd && !some {
		return false
	}
	return t.stillUnderWay(t.open)
}

// othersGraceEnds is the same for the lost requests of other sets that carried a photo of this one.
func (t *task) othersGraceEnds(there map[string]bool) bool {
	for _, i := range t.r.pending() {
		g, ok := t.mem.maybe[t.r.Images[i].SHA256]
		if ok && !there[foldName(g.name)] && (g.by.Op == viaAdd || len(there) > 0) && t.stillUnderWay(g.by) {
			return true
		}
	}
	return false
}

func (t *task) stillUnderWay(i *intent) bool {
	if i.at.IsZero() {
		return false // it was answered
	}
	now := t.p.o.Now()
	end := t.p.lastUnderWay(i.at, now).Add(min(t.p.o.Timeout, maxGrace))
	if end.After(now) {
		t.notNow = end
		return true
	}
	return false
}

// lastUnderWay is when a request of that time was under way at the latest, by the clock of now. An earlier process may have been
// sending it until it died. Where the clock was set back since, and nobody knows how far, it is when that was first seen.
func (p *Pipeline) lastUnderWay(at, now time.Time) time.Time {
	if started := now.Add(-time.Since(p.started)); at.Before(started) {
		return started
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !at.After(now) {
		delete(p.ahead, at.UnixNano())
		return at
	}
	seen, ok := p.ahead[at.UnixNano()]
	if !ok {
		seen = time.Now()
		p.ahead[at.UnixNano()] = seen
	}
	return now.Add(-time.Since(seen))
}
