package agent

import (
	"context"
	"time"

	"kurir/agent/alarm"
	"kurir/agent/journal"
	"kurir/agent/journal/bolt"
	"kurir/agent/poll"
	"kurir/agent/reason"
	"kurir/agent/upload"
)

// newsFor is how long after it a bad end is remembered.
const newsFor = 24 * time.Hour

// badEnds is what has come to a bad end within a day, by inbox and by the alarm that tells of it.
type badEnds struct {
	jobs  map[string]map[alarm.Code]alarm.Ended // sets and documents; how many there are is the journal's to say
	lists map[string]map[string]poll.ListEvent  // by the name of the list: those refused that none has replaced
}

func newBadEnds() badEnds {
	return badEnds{jobs: map[string]map[alarm.Code]alarm.Ended{}, lists: map[string]map[string]poll.ListEvent{}}
}

// add notes one that ended.
func (e badEnds) add(code alarm.Code, inbox, id, why string, at time.Time) {
	if e.jobs[inbox] == nil {
		e.jobs[inbox] = map[alarm.Code]alarm.Ended{}
	}
	x := e.jobs[inbox][code]
	if x.First.IsZero() || at.Sub(x.Last) > newsFor || at.Before(x.First) && x.Last.Sub(at) < newsFor {
		x.First = at
	}
	if at.After(x.Last) {
		x.Last, x.ID, x.Code = at, id, reason.Code(why)
	}
	e.jobs[inbox][code] = x
}

// addList notes a list that was refused, or one that could be read and so replaces what was refused under its name.
func (e badEnds) addList(l poll.ListEvent) {
	if !l.Refused {
		delete(e.lists[l.Inbox], l.Name)
		return
	}
	if e.lists[l.Inbox] == nil {
		e.lists[l.Inbox] = map[string]poll.ListEvent{}
	}
	e.lists[l.Inbox][l.Name] = l
}

// refused are the lists of an inbox that were refused within a day. What is older is forgotten.
func (e badEnds) refused(inbox string, now time.Time) alarm.Ended {
	x := alarm.Ended{Code: reason.ListInvalid}
	for name, l := range e.lists[inbox] {
		if now.Sub(l.At) >= newsFor {
			delete(e.lists[inbox], name)
			continue
		}
		x.N++
		if x.First.IsZero() || l.At.Before(x.First) {
			x.First = l.At
		}
		if l.At.After(x.Last) {
			x.Last, x.ID = l.At, l.ID
		}
	}
	return x
}

// badEnd notes that a set or document has just come to a bad end.
func (a *Agent) badEnd(code alarm.Code, inbox, id, why string) {
	a.vitals.mu.Lock()
	a.vitals.ends.add(code, inbox, id, why, time.Now())
	a.vitals.mu.Unlock()
	a.alarms.Nudge()
}

// listed notes that a list was read, or could not be.
func (v *vitals) listed(l poll.ListEvent) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.ends.addList(l)
}

// endedBadly fills in what has come to a bad end in an inbox.
func (v *vitals) endedBadly(in *alarm.Inbox, kind string, counts map[bolt.CountKey]int, now time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	in.Failed, in.Expired = v.ends.jobs[in.Name][alarm.Failures], v.ends.jobs[in.Name][alarm.Expired]
	in.Refused = v.ends.refused(in.Name, now)
	for k, n := range counts {
		switch {
		case k.Inbox != in.Name || string(k.Kind) != kind:
		case k.Label == upload.StateFailed: // a document's is the same
			in.Failed.N += n
		case k.Label == poll.Expired:
			in.Expired.N += n
		}
	}
}

// recallBadEnds learns from the journal what has come to a bad end within a day. An error is reported where the work is done.
func (v *vitals) recallBadEnds(ctx context.Context) {
	since := time.Now().Add(-newsFor)
	for label, code := range map[string]alarm.Code{upload.StateFailed: alarm.Failures, poll.Expired: alarm.Expired} {
		for _, kind := range []journal.Kind{journal.Xray, journal.Aju} {
			f := journal.Filter{Kind: kind, State: journal.Failed, Labels: []string{label}}
			_ = journal.Newest(ctx, v.a.store, f, journal.Place{}, func(j journal.Job) bool {
				if !j.Updated.After(since) {
					return false
				}
				if j.Cause != nil {
					v.mu.Lock()
					v.ends.add(code, j.Inbox, j.ID, j.Cause.Code, j.Updated)
					v.mu.Unlock()
				}
				return true
			})
		}
	}
	if v.a.poll == nil {
		return
	}
	lists, _ := v.a.poll.RefusedLists(ctx, since)
	for _, l := range lists {
		v.listed(l)
	}
}
