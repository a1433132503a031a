package upload

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"kurir/agent/journal"
	"kurir/agent/reason"
)

// maxLooked is how many jobs one query looks at for a search: what it has not found among them is for the next page.
const maxLooked = 20_000

// Query selects sets. Empty fields select everything.
type Query struct {
	ID     string // exact
	Inbox  string
	State  string
	Search string        // a part of the id, nomorAju or nomorBlAwb, in any letter case
	After  journal.Place // what a query before has returned
	Limit  int           // 0: no limit
}

// Sets returns the sets that q selects, those that wait in an inbox included, the latest change first, and the place to go
// on from; the zero Place when there are no more. A search may find fewer than Limit although there are more.
func (p *Pipeline) Sets(ctx context.Context, q Query) ([]Status, journal.Place, error) {
	f := journal.Filter{Kind: journal.Xray, ID: q.ID, Inbox: q.Inbox}
	if q.State != "" {
		f.Labels = []string{q.State}
	}
	l := &listing{p: p, q: q, waiting: p.waiting(q)}
	err := journal.Newest(ctx, p.o.Store, f, q.After, func(j journal.Job) bool { return l.add(ctx, j) })
	for err == nil && l.err == nil && len(l.waiting) > 0 && !l.full() {
		l.wait(ctx)
	}
	return l.out, l.next, errors.Join(err, l.err)
}

// listing joins the jobs of the journal and the sets that only wait into one page.
type listing struct {
	p       *Pipeline
	q       Query
	waiting []waiter // those still to come
	out     []Status
	last    journal.Place // of the last one looked at
	next    journal.Place // set when there is more
	looked  int
	err     error
}

// add takes a job, and before it the waiting sets that changed later; false ends the page.
func (l *listing) add(ctx context.Context, j journal.Job) bool {
	place := journal.PlaceOf(j)
	for len(l.waiting) > 0 && l.waiting[0].place().Compare(place) < 0 {
		if l.full() {
			return false
		}
		l.wait(ctx)
	}
	if l.looked++; l.full() || l.q.Search != "" && l.looked > maxLooked {
		l.next = l.last
		return false
	}
	l.last = place
	r, _, err := load(j)
	if err != nil {
		l.err = err
		return false
	}
	if st := l.p.statusOf(j, r); l.q.finds(st.ID, st.NomorAju, st.NomorBlAwb) {
		l.out = append(l.out, st)
	}
	return l.err == nil
}

// wait takes the next waiting set, unless it was taken in at this very moment.
func (l *listing) wait(ctx context.Context) {
	w := l.waiting[0]
	l.waiting, l.last = l.waiting[1:], w.place()
	st := w.in.statusOf(w.key, w.set)
	if l.q.State != "" { // no job is in that state
		l.out = append(l.out, st)
		return
	}
	jobs, err := l.p.o.Store.List(ctx, journal.Filter{Kind: journal.Xray, ID: st.ID})
	if err != nil {
		l.err = err
		return
	}
	if !slices.ContainsFunc(jobs, func(j journal.Job) bool { return j.Updated.After(st.UpdatedAt) }) {
		l.out = append(l.out, st)
	}
}

// full reports whether the page is full, and notes where the next begins.
func (l *listing) full() bool {
	if l.q.Limit == 0 || len(l.out) < l.q.Limit {
		return false
	}
	l.next = l.last
	return true
}

// finds reports whether the searched text is a part of what a set is known by.
func (q Query) finds(known ...string) bool {
	wanted := strings.ToLower(q.Search)
	return wanted == "" || slices.ContainsFunc(known, func(s string) bool {
		return strings.Contains(strings.ToLower(s), wanted)
	})
}

// Retry tries again what failed or waits: a failed set's folder goes back into its inbox, as an operator would move it;
// one that waits for its next attempt is due now. With no ids, all that failed. It returns the ids that are tried again, also
// with an error, which tells of the others. An inbox that is away is waited for by whoever calls: its sets stay in failed/.
func (p *Pipeline) Retry(ctx context.Context, ids []string) ([]string, error) {
	var jobs []journal.Job
	if len(ids) == 0 {
		all := journal.Filter{Kind: journal.Xray, State: journal.Failed}
		err := journal.Newest(ctx, p.o.Store, all, journal.Place{}, func(j journal.Job) bool { jobs = append(jobs, j); return true })
		if err != nil {
			return nil, err
		}
	}
	for _, id := range ids {
		found, err := p.o.Store.List(ctx, journal.Filter{Kind: journal.Xray, ID: id})
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, found...)
	}
	var out []string
	var failed []error
	away := map[string][]string{} // by inbox: sets that cannot be moved there
	patience, cancel := context.WithTimeout(ctx, movePatience)
	defer cancel()
	for _, j := range jobs {
		j, err := p.whenMoved(patience, j)
		again := false
		if err == nil {
			again, err = p.retryJob(ctx, j)
		}
		if errors.Is(err, errAway) {
			away[j.Inbox] = append(away[j.Inbox], j.ID)
			continue
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("retry %s: %w", j.ID, err))
		}
		if again && err == nil {
			out = append(out, j.ID)
		}
	}
	for _, inbox := range slices.Sorted(maps.Keys(away)) {
		stay := reason.Few(away[inbox], p.o.Language)
		failed = append(failed, errors.New(reason.InboxAway.With(inbox, p.inboxes[inbox].in.Root, stay).In(p.o.Language)))
	}
	return out, errors.Join(failed...)
}

// movePatience is how long a call of Retry waits for sets that are refused, but not in failed/ yet.
const movePatience = 5 * time.Second

// whenMoved returns a job once the files of its set have moved to failed/, if it has been refused; as it is then, and at the
// latest when ctx ends.
func (p *Pipeline) whenMoved(ctx context.Context, j journal.Job) (journal.Job, error) {
	if !p.unmoved(j.Key) {
		return j, nil
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for p.unmoved(j.Key) {
		select {
		case <-ctx.Done():
			return j, nil
		case <-tick.C:
		}
	}
	return p.o.Store.Get(context.WithoutCancel(ctx), journal.Xray, j.Key)
}

func (p *Pipeline) retryJob(ctx context.Context, j journal.Job) (bool, error) {
	r, _, err := load(j)
	if err != nil {
		return false, err
	}
	switch {
	case j.State == journal.Failed && p.inboxes[j.Inbox] != nil && !p.unmoved(j.Key):
		in := p.inboxes[j.Inbox]
		if !p.present(in.in, r.Archive) {
			return false, nil // its folder has been taken away, perhaps back into the inbox
		}
		if in.in.away() {
			return false, errAway
		}
		name, err := in.in.moveBack(r)
		if err == nil {
			in.mu.Lock()
			defer in.mu.Unlock()
			in.plan(setKey{name, true}, p.o.Now()) // it may have been seen before all of it was there
		}
		if w, ok := errors.AsType[wrong](err); ok {
			err = errors.New(w.In(p.o.Language))
		}
		return true, err
	case j.State == journal.Active && j.Label == StateRetrying:
		err := p.o.Store.Update(ctx, journal.Xray, j.Key, func(now *journal.Job) error {
			if now.State == journal.Active {
				now.Due = p.o.Now()
			}
			return nil
		})
		if errors.Is(err, journal.ErrHeld) {
			return true, nil // it is being tried right now
		}
		p.nudge()
		return err == nil, err
	}
	return false, nil
}
