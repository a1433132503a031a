package upload

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"kurir/agent/journal"
	"kurir/agent/outbox"
)

// Query selects sets. Empty fields select everything.
type Query struct {
	ID    string // exact
	Inbox string
	State string
	Limit int // 0: no limit
}

// Sets returns the sets that q selects, those that wait in an inbox included, the latest change first.
func (p *Pipeline) Sets(ctx context.Context, q Query) ([]Status, error) {
	f := journal.Filter{Kind: journal.Xray, ID: q.ID, Inbox: q.Inbox}
	if q.State != "" {
		f.Labels = []string{q.State}
	}
	jobs, err := p.o.Store.List(ctx, f)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(jobs, func(a, b journal.Job) int { return b.Updated.Compare(a.Updated) })
	var out []Status
	if q.State == "" || q.State == StateWaiting {
		out = slices.DeleteFunc(p.waiting(q), func(st Status) bool { // taken in at this very moment
			return slices.ContainsFunc(jobs, func(j journal.Job) bool { return j.ID == st.ID && j.Updated.After(st.UpdatedAt) })
		})
	}
	for _, j := range jobs {
		if q.Limit > 0 && len(out) >= q.Limit {
			break
		}
		r, _, err := load(j)
		if err != nil {
			return nil, err
		}
		out = append(out, p.statusOf(j, r))
	}
	if q.Limit > 0 && len(out) > q.Limit {
		out = out[:q.Limit]
	}
	return out, nil
}

// waiting returns the sets that are not complete yet.
func (p *Pipeline) waiting(q Query) []Status {
	var out []Status
	for name, in := range p.inboxes {
		if q.Inbox != "" && q.Inbox != name {
			continue
		}
		in.mu.Lock()
		for _, st := range in.waiting {
			if q.ID == "" || q.ID == st.ID {
				out = append(out, st)
			}
		}
		in.mu.Unlock()
	}
	slices.SortFunc(out, func(a, b Status) int {
		return cmp.Or(b.UpdatedAt.Compare(a.UpdatedAt), cmp.Compare(a.ID, b.ID))
	})
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
	for _, st := range in.waiting {
		if oldest.IsZero() || st.FirstSeenAt.Before(oldest) {
			oldest = st.FirstSeenAt
		}
	}
	return len(in.waiting), oldest
}

// Retry tries again what failed or waits: a failed set's folder goes back into its inbox, as an operator would move it;
// one that waits for its next attempt is due now. With no ids, all that failed. It returns the ids that are tried again.
func (p *Pipeline) Retry(ctx context.Context, ids []string) ([]string, error) {
	var jobs []journal.Job
	if len(ids) == 0 {
		all, err := p.o.Store.List(ctx, journal.Filter{Kind: journal.Xray, State: journal.Failed})
		if err != nil {
			return nil, err
		}
		jobs = all
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
	for _, j := range jobs {
		again, err := p.retryJob(ctx, j)
		if err != nil {
			failed = append(failed, fmt.Errorf("retry %s: %w", j.ID, err))
		}
		if again && err == nil {
			out = append(out, j.ID)
		}
	}
	return out, errors.Join(failed...)
}

func (p *Pipeline) retryJob(ctx context.Context, j journal.Job) (bool, error) {
	r, _, err := load(j)
	if err != nil {
		return false, err
	}
	switch {
	case j.State == journal.Failed && p.inboxes[j.Inbox] != nil && !p.unmoved(j.Key):
		in := p.inboxes[j.Inbox].in
		if !p.present(in, r.Archive) {
			return false, nil // its folder has been taken away, perhaps back into the inbox
		}
		back := filepath.Join(in.Root, outbox.FreeFolder(r.Set, func(n string) bool {
			return exists(in.Root, n)
		}))
		return true, outbox.Move(filepath.Join(in.Outbox, filepath.FromSlash(r.Archive)), back)
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
