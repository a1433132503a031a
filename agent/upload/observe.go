package upload

import (
	"context"
	"time"

	"kurir/agent/journal"
)

// Happening is a kind of Event.
type Happening string

// What happens to a set.
const (
	Arrived   Happening = "arrived"   // it, or something new of it, was accepted or refused: the scanner has delivered
	Sent      Happening = "sent"      // all its photos are confirmed and its originals are in sent/
	Postponed Happening = "postponed" // it is tried again later
	Failed    Happening = "failed"    // it is in failed/ with its reason
)

// Event is one thing that has happened to a set, for those who count: metrics and alarms. After a crash the last one of
// a set may come again.
type Event struct {
	What       Happening
	ID         string
	Inbox      string
	Code       string        // of Postponed and Failed: an error code of the contract
	Images     int           // of Sent: photos that the server has confirmed in this round
	Duplicates int           // of Sent: photos that it had before
	Bytes      int64         // of Sent: of Images
	Took       time.Duration // of Sent: since the set was first seen, or taken up again
}

// begun is when the present round of a set began.
func (r *Record) begun() time.Time {
	if r.Round > 0 {
		return r.Accepted
	}
	return r.FirstSeen
}

// Oldest returns, by inbox, since when the set waits that has been waiting longest of those that were accepted and are
// not sent. Its cost grows with their number.
func (p *Pipeline) Oldest(ctx context.Context) (map[string]time.Time, error) {
	oldest := map[string]time.Time{}
	err := p.each(ctx, journal.Filter{
		Kind: journal.Xray, State: journal.Active, Labels: []string{StateReady, StateSending, StateRetrying}, Limit: 500,
	}, func(j journal.Job) {
		r, _, err := load(j)
		if err != nil {
			return // it is reported where it is worked on
		}
		if since, known := oldest[j.Inbox]; !known || r.begun().Before(since) {
			oldest[j.Inbox] = r.begun()
		}
	})
	return oldest, err
}

// LastArrival returns when the last set arrived in an inbox that the journal remembers; zero when it remembers none. Its
// cost grows with the number of sets: it is for the start.
func (p *Pipeline) LastArrival(ctx context.Context, inbox string) (time.Time, error) {
	var last time.Time
	err := p.each(ctx, journal.Filter{Kind: journal.Xray, Inbox: inbox, Limit: 500}, func(j journal.Job) {
		r, _, err := load(j)
		if err != nil {
			return
		}
		at := r.Accepted
		if at.IsZero() { // rebuilt from a receipt
			at = r.FirstSeen
		}
		if at.After(last) {
			last = at
		}
	})
	return last, err
}

// each calls visit with all jobs that f selects, a page at a time.
func (p *Pipeline) each(ctx context.Context, f journal.Filter, visit func(journal.Job)) error {
	for ctx.Err() == nil {
		jobs, err := p.o.Store.List(ctx, f)
		if err != nil {
			return err
		}
		for _, j := range jobs {
			f.After = j.Key
			visit(j)
		}
		if len(jobs) < f.Limit {
			return nil
		}
	}
	return ctx.Err()
}
