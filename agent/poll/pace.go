package poll

import (
	"slices"
	"time"

	"kurir/agent/journal"
	"kurir/agent/reason"
)

// Pace is how often a document is polled, and for how long.
type Pace struct {
	First       time.Duration // the interval after a change
	Max         time.Duration // the longest interval
	Factor      float64       // by which the interval grows while nothing changes
	GiveUpAfter time.Duration // without an end the document is expired
	DoneStatus  []string      // the statuses that are an end
	TailEvery   time.Duration // the interval after the end
	TailFor     time.Duration // for how long a document is polled after its end
}

// The states of a document, as users see them.
const (
	Polling  = "polling"
	Retrying = "retrying"
	Done     = "done"
	Expired  = "expired"
	Failed   = "failed"
)

// interval returns the time until the next poll, after one that came current after the one before.
func (p Pace) interval(current time.Duration, changed bool) time.Duration {
	if changed || current <= 0 {
		return p.First
	}
	grown := time.Duration(float64(current) * max(p.Factor, 1))
	if grown > p.Max || grown <= 0 {
		grown = p.Max
	}
	return max(grown, p.First)
}

// isDone reports whether a document of this status has come to its end.
func (p Pace) isDone(status string) bool { return slices.Contains(p.DoneStatus, status) }

// result is what one poll has brought.
type result struct {
	changed  bool           // something is new: a status, a response
	complete bool           // every response that statusrespon shows is in the outbox
	err      error          // why it did not succeed; nil when it did
	cause    *journal.Cause // the same, for the journal
	final    bool           // the cause is a refusal that repeating does not mend
	wait     time.Duration  // what the server asked for
	lang     reason.Language
}

// settle decides what follows a poll that ended now, and brings rec up to date with it.
func (p Pace) settle(rec *record, r result, now time.Time) journal.Outcome {
	rec.Busy = time.Time{}
	out := journal.Outcome{State: journal.Active, Cause: r.cause}
	switch {
	case r.cause != nil:
		out.Label = Retrying
	case p.isDone(rec.Status) && r.complete:
		out.Label = Done
		if rec.DoneAt.IsZero() {
			rec.DoneAt = now
		}
	default:
		out.Label = Polling
		if !rec.DoneAt.IsZero() { // it has come back from its end: the time to give up counts anew
			rec.DoneAt, rec.Since = time.Time{}, now
		}
	}
	if rec.DoneAt.IsZero() {
		rec.Interval = p.interval(rec.Interval, r.changed)
		out.Due = now.Add(max(rec.Interval, r.wait))
		p.giveUp(rec, r, &out, now)
		return out
	}
	rec.Interval = p.TailEvery
	out.Due = now.Add(max(rec.Interval, r.wait))
	switch {
	case !now.Before(rec.DoneAt.Add(p.TailFor)):
		out.State, out.Label, out.Cause = journal.Done, Done, nil
	case r.final: // what has ended well does not fail any more
		out.Label = Done
	}
	return out
}

// giveUp makes out final for a document that was refused for good, or whose time is up.
func (p Pace) giveUp(rec *record, r result, out *journal.Outcome, now time.Time) {
	switch {
	case r.final:
		out.State, out.Label = journal.Failed, Failed
	case !now.Before(rec.Since.Add(p.GiveUpAfter)):
		out.State, out.Label = journal.Failed, Expired
		out.Cause = &journal.Cause{Code: string(reason.GaveUp), Message: reason.NoEnd.With(p.GiveUpAfter).In(r.lang)}
		if r.cause != nil {
			out.Cause.Message = reason.NoEndLast.With(p.GiveUpAfter, r.cause.Message).In(r.lang)
			out.Cause.Detail = r.cause.Detail
		}
	}
}
