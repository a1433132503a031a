package poll

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"kurir/agent/journal"
)

// Event is one poll that was settled, for those who count: metrics and alarms.
type Event struct {
	ID        string
	Inbox     string
	Before    string // the document's state before the poll; Done when it had come to its end
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
		if !before.DoneAt.IsZero() {
			e.Before = Done // a failed poll behind its end does not take that back
		}
	}
	return e
}

// ListEvent is a list that was read, or that could not be, for those who count.
type ListEvent struct {
	ID      string // INBOX/FOLDER, the folder being the one under lists/
	Inbox   string
	Name    string // LIST: a list that replaces one that could not be read has the same
	Refused bool
	At      time.Time
}

// event describes a list's job.
func (r listRecord) event(j journal.Job, at time.Time) ListEvent {
	return ListEvent{ID: j.ID, Inbox: j.Inbox, Name: strings.TrimSuffix(r.File, filepath.Ext(r.File)), Refused: j.Label == ListFailed, At: at}
}

// RefusedLists returns the lists that were refused since a time, but those that one of the same name has replaced. Its cost
// grows with the number of lists in the journal that have changed since.
func (p *Pipeline) RefusedLists(ctx context.Context, since time.Time) ([]ListEvent, error) {
	type name struct{ inbox, list string }
	replaced := map[name]time.Time{}
	var refused []ListEvent
	var broken error
	err := journal.Newest(ctx, p.o.Store, journal.Filter{Kind: KindList}, journal.Place{}, func(j journal.Job) bool {
		if !j.Updated.After(since) {
			return false
		}
		rec, err := decodeList(j)
		if err != nil {
			broken = err
			return true
		}
		switch e := rec.event(j, j.Updated); j.Label {
		case ListFailed:
			refused = append(refused, e)
		case ListTracked: // its job changes with its documents: when it came counts
			if at := replaced[name{e.Inbox, e.Name}]; j.Created.After(at) {
				replaced[name{e.Inbox, e.Name}] = j.Created
			}
		}
		return true
	})
	refused = slices.DeleteFunc(refused, func(e ListEvent) bool { return replaced[name{e.Inbox, e.Name}].After(e.At) })
	return refused, errors.Join(err, broken)
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
