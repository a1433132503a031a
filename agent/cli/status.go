package cli

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kurir/agent/config"
	"kurir/agent/control"
)

func (a *app) statusCommand() *cobra.Command {
	var page bool
	cmd := a.withJSON(a.withConfig(&cobra.Command{
		Use:     "status",
		GroupID: "see",
		Short:   "How the agent, its folders and the services are doing",
		Long: `Shows on one screen whether kurir works, what needs attention and who must act, its folders and services, what waits and
since when, what failed, and when it is tried next.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if page {
				return a.showPage(cmd.Context())
			}
			return a.reading(cmd.Context(), func(r *reached) error { return a.status(cmd.Context(), r) })
		},
	}))
	cmd.Flags().BoolVar(&page, "page", false, "print the page's address with the token for trying again, instead")
	return cmd
}

func (a *app) status(ctx context.Context, r backend) error {
	o, err := r.Overview(ctx)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(o)
	}
	pending, err := a.pending(ctx, r, o)
	if err != nil {
		return err
	}
	return a.lines(a.overview(o, pending))
}

// How many are looked at and shown of what has not ended well.
const (
	lookAtMost = 500
	showFailed = 3
	showOthers = 2
)

// item is a set or document that has not ended well, as the overview shows it.
type item struct {
	id, state, why, who string
	at                  time.Time // when it failed, when it is tried next, or since when it waits
}

// pending is what is not through: what failed, the latest first; what is tried again, the next first; what waits, the
// longest first.
type pending struct {
	failed, retrying, waiting []item

	nFailed, nRetrying, nWaiting int // of all there are
}

// pending asks for what is not through, as far as the counts say that there is any.
func (a *app) pending(ctx context.Context, r backend, o control.Overview) (pending, error) {
	n := map[string]int{} // by kind and state
	for _, in := range o.Inboxes {
		for state, count := range in.Counts {
			n[in.Kind+state] += count
		}
	}
	const xray, aju = config.KindXray, config.KindAju
	var p pending
	p.nFailed = n[xray+"failed"] + n[aju+"failed"] + n[aju+"expired"]
	p.nRetrying = n[xray+"retrying"] + n[aju+"retrying"]
	p.nWaiting = n[xray+"waiting"]
	for _, ask := range []struct {
		kind, state string
		limit       int
		to          *[]item
	}{
		{xray, "failed", showFailed, &p.failed}, {aju, "failed", showFailed, &p.failed}, {aju, "expired", showFailed, &p.failed},
		{xray, "retrying", lookAtMost, &p.retrying}, {aju, "retrying", lookAtMost, &p.retrying},
		{xray, "waiting", lookAtMost, &p.waiting},
	} {
		if n[ask.kind+ask.state] == 0 {
			continue
		}
		f, err := find(ctx, r, ask.kind, control.Query{State: ask.state, Limit: ask.limit})
		if err != nil {
			return p, err
		}
		*ask.to = append(*ask.to, a.items(f)...)
	}
	slices.SortStableFunc(p.failed, func(x, y item) int { return y.at.Compare(x.at) })
	slices.SortStableFunc(p.retrying, func(x, y item) int { return x.at.Compare(y.at) })
	slices.SortStableFunc(p.waiting, func(x, y item) int { return x.at.Compare(y.at) })
	return p, nil
}

func (a *app) items(f found) []item {
	out := make([]item, 0, f.len())
	for _, s := range f.Sets {
		i := item{id: s.ID, state: s.State, why: setWhy(s), at: map[string]time.Time{
			"waiting": s.FirstSeenAt, "retrying": s.NextAttemptAt}[s.State]}
		out = append(out, i.with(s.Error, s.UpdatedAt))
	}
	for _, d := range f.Documents {
		i := item{id: d.ID, state: d.State, why: documentWhy(d)}
		if d.State == "retrying" {
			i.at = d.NextPollAt
		}
		out = append(out, i.with(d.Error, d.UpdatedAt))
	}
	return out
}

func (i item) with(e *control.Error, updated time.Time) item {
	if i.at.IsZero() {
		i.at = updated
	}
	if e != nil {
		i.who, i.why = e.WhoActs, strings.TrimPrefix(i.why, e.Code+": ")
	}
	return i
}
