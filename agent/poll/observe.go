package poll

import (
	"context"
	"time"

	"kurir/agent/journal"
)

// Event is one poll that was settled, for those who count: metrics and alarms.
type Event struct {
	ID        string
	Inbox     string
	Before    string // the document's state before the poll
	State     string // and after it
	Code      string // why it did not succeed: an error code of the contract; "" when it did
	Responses int    // that are new in the outbox
}

// event describes the poll that has ended with job.
func (t *task) event(job journal.Job) Event {
	e := Event{ID: job.ID, Inbox: job.Inbox, Before: t.job.Label, State: job.Label}
	if t.result.cause != nil {
		e.Code = t.result.cause.Code
	} else if job.State == journal.Failed && job.Cause != nil {
		e.Code = job.Cause.Code
	}
	if before, err := decodeRecord(t.job); err == nil {
		e.Responses = max(0, len(t.rec.Delivered)-len(before.Delivered))
	}
	return e
}

// Retrying returns, by inbox, since when the document is tried again in vain that has been for longest. Its cost grows
// with their number.
func (p *Pipeline) Retrying(ctx context.Context) (map[string]time.Time, error) {
	oldest := map[string]time.Time{}
	f := journal.Filter{Kind: journal.Aju, State: journal.Active, Labels: []string{Retrying}}
	err := journal.Newest(ctx, p.o.Store, f, journal.Place{}, func(j journal.Job) bool {
		rec, err := decodeRecord(j)
		if err != nil {
			return true // it fails when it is polled next
		}
		since := rec.Changed
		if since.IsZero() {
			since = rec.Since
		}
		if first, known := oldest[j.Inbox]; !known || since.Before(first) {
			oldest[j.Inbox] = since
		}
		return true
	})
	return oldest, err
}
