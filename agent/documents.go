package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"kurir/agent/config"
	"kurir/agent/control"
	"kurir/agent/journal"
	"kurir/agent/poll"
	"kurir/agent/t2g"
)

// assemblePoll makes the Aju pipeline, where the configuration has an inbox for it.
func (a *Agent) assemblePoll() error {
	var inboxes []poll.Inbox
	for _, in := range a.cfg.Inboxes {
		if in.Kind != config.KindAju {
			continue
		}
		inboxes = append(inboxes, poll.Inbox{
			Name: in.Name, Root: in.Path, Outbox: in.Outbox, Guard: a.disks.outboxes[in.Outbox], KodeDokumen: in.KodeDokumen,
			Pace: poll.Pace{First: in.Poll.First.D(), Max: in.Poll.Max.D(), Factor: in.Poll.Factor,
				GiveUpAfter: in.Poll.GiveUpAfter.D(), DoneStatus: in.Poll.DoneStatus, TailEvery: in.Poll.TailEvery.D(),
				TailFor: in.Poll.TailFor.D()},
		})
	}
	if len(inboxes) == 0 || a.cfg.T2G == nil {
		return nil
	}
	api, err := a.connect("t2g", a.cfg.T2G.Connection, inboxes[0].Pace.First, inboxes[0].Pace.Max)
	if err != nil {
		return err
	}
	a.t2g = api
	client := t2g.New(api.client, t2g.Options{
		EDINumber: a.cfg.T2G.EDINumber, StatusResponPath: a.cfg.T2G.StatusResponPath, ResponsePaths: a.cfg.T2G.ResponsePaths,
	})
	a.poll = poll.New(poll.Options{
		Store: keeper{a.store, a.disks}, DataDir: a.disks.data,
		Client: client, Gate: api.gate, Inboxes: inboxes, Workers: a.cfg.T2G.Concurrency, Patience: a.o.Patience,
		Language: a.lang, Location: a.cfg.Location(), Logger: a.log, Observe: a.polled, ObserveList: a.listed,
		OnDocument: func(d poll.Document) {
			a.publish(control.Event{Type: control.EventDocument, Document: ptr(documentOf(d))})
		},
	})
	return nil
}

// maxLooked is how many jobs one query looks at for a search: what it has not found among them is for the next page.
const maxLooked = 20_000

// Documents implements control.Source.
func (a *Agent) Documents(ctx context.Context, q control.Query) (control.Documents, error) {
	out := control.Documents{Documents: []control.Document{}}
	after, err := journal.ParsePlace(q.After)
	if err != nil {
		return out, fmt.Errorf("%w: after: %w", control.ErrInvalid, err)
	}
	if a.poll == nil {
		return out, nil
	}
	looked, last := 0, journal.Place{}
	var broken error
	err = journal.Newest(ctx, a.store, filter(journal.Aju, q), after, func(j journal.Job) bool {
		sifts := q.Search != "" || q.List != ""
		if looked++; q.Limit > 0 && len(out.Documents) >= q.Limit || sifts && looked > maxLooked {
			out.Next = last.String()
			return false
		}
		last = journal.PlaceOf(j)
		if q.Search != "" && !contains(j.ID, q.Search) { // the id ends in the car
			return true
		}
		d, err := a.poll.Describe(j, q.ID != "")
		if err != nil {
			broken = err
			return false
		}
		if q.List == "" || slices.Contains(d.Lists, strings.TrimPrefix(q.List, j.Inbox+"/")) {
			out.Documents = append(out.Documents, documentOf(d))
		}
		return true
	})
	return out, errors.Join(err, broken)
}

// contains reports whether part is in text, in any letter case.
func contains(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

// filter is what the store can select of a query.
func filter(kind journal.Kind, q control.Query) journal.Filter {
	f := journal.Filter{Kind: kind, ID: q.ID, Inbox: q.Inbox}
	if q.State != "" {
		f.Labels = []string{q.State}
	}
	return f
}

// Lists implements control.Source.
func (a *Agent) Lists(ctx context.Context, q control.Query) ([]control.List, error) {
	if a.poll == nil {
		return nil, nil
	}
	out := []control.List{}
	var broken error
	err := journal.Newest(ctx, a.store, filter(poll.KindList, q), journal.Place{}, func(j journal.Job) bool {
		l, err := a.poll.DescribeList(j)
		if broken = err; err != nil {
			return false
		}
		out = append(out, control.List{ID: l.ID, Inbox: l.Inbox, List: l.List, File: l.File, Entries: l.Entries,
			Rejected: l.Rejected, Counts: l.Counts, ReadAt: l.ReadAt, Error: (*control.Error)(l.Error)})
		return q.Limit == 0 || len(out) < q.Limit
	})
	return out, errors.Join(err, broken)
}

// Poll implements control.Actions. When the agent does not run, the pipelines work in this process until it returns.
func (a *Agent) Poll(ctx context.Context, inbox string, cars []string, progress func(control.Document)) ([]control.Document, error) {
	inbox, err := a.inboxFor(inbox, config.KindAju)
	if err != nil {
		return nil, err
	}
	var out []control.Document
	err = a.working(ctx, func(ctx context.Context) error {
		for _, car := range cars {
			d, err := a.poll.Poll(ctx, inbox, car, "")
			if errors.Is(err, poll.ErrNumber) {
				return fmt.Errorf("%w: %w", control.ErrInvalid, err)
			}
			if err != nil {
				return err
			}
			out = append(out, documentOf(d))
			if progress != nil {
				progress(documentOf(d))
			}
		}
		return nil
	})
	return out, err
}

// retryDocuments makes documents due now: the named ones, or all that failed or expired.
func (a *Agent) retryDocuments(ctx context.Context, ids []string) ([]string, error) {
	var jobs []journal.Job
	var failed []error
	if len(ids) == 0 {
		all := journal.Filter{Kind: journal.Aju, State: journal.Failed}
		err := journal.Newest(ctx, a.store, all, journal.Place{}, func(j journal.Job) bool { jobs = append(jobs, j); return true })
		failed = append(failed, err)
	}
	for _, id := range ids {
		found, err := a.store.List(ctx, journal.Filter{Kind: journal.Aju, ID: id})
		jobs, failed = append(jobs, found...), append(failed, err)
	}
	var out []string
	for _, j := range jobs {
		if err := a.poll.Retry(ctx, j.Key); err != nil {
			failed = append(failed, err)
			continue
		}
		out = append(out, j.ID)
	}
	return out, errors.Join(failed...)
}

// documentOf translates a document's state for the control address.
func documentOf(d poll.Document) control.Document {
	out := control.Document{
		Schema: d.Schema, Kind: d.Kind, ID: d.ID, Inbox: d.Inbox, Car: d.CAR, KodeDokumen: d.KodeDokumen, Lists: d.Lists,
		State: d.State, Status: d.Status, StatusUraian: d.StatusUraian, NomorDaftar: d.NomorDaftar,
		TanggalDaftar: d.TanggalDaftar, Polls: d.Polls, FirstSeenAt: d.FirstSeenAt, UpdatedAt: d.UpdatedAt,
		NextPollAt: d.NextPollAt, DoneAt: d.DoneAt, Note: d.Note, Error: (*control.Error)(d.Error),
	}
	for _, r := range d.Responses {
		out.Responses = append(out.Responses, control.Response(r))
	}
	for _, s := range d.Statuses {
		out.Statuses = append(out.Statuses, control.Status(s))
	}
	return out
}
