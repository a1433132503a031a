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
	f := journal.Filter{Kind: journal.Xray, State: journal.Active, Labels: []string{StateReady, StateSending, StateRetrying}}
	err := journal.Newest(ctx, p.o.Store, f, journal.Place{}, func(j journal.Job) bool {
		r, _, err := load(j)
		if err != nil {
			return true // it is reported where it is worked on
		}
		if since, known := oldest[j.Inbox]; !known || r.begun().Before(since) {
			oldest[j.Inbox] = r.begun()
		}
		return true
	})
	return oldest, err
}

// LastArrival returns when the last set arrived in an inbox that the journal remembers; zero when it remembers none.
func (p *Pipeline) LastArrival(ctx context.Context, inbox string) (time.Time, error) {
	var last time.Time
	f := journal.Filter{Kind: journal.Xray, Inbox: inbox}
	err := journal.Newest(ctx, p.o.Store, f, journal.Place{}, func(j journal.Job) bool {
		r, _, err := load(j)
		if err != nil {
			return true
		}
		at := r.Accepted
		if at.IsZero() { // rebuilt from a receipt
			at = r.FirstSeen
		}
		if at.After(last) {
			last = at
		}
		return last.Before(j.Updated) // what changed before that has not arrived later
	})
	return last, err
}
