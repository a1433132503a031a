package journaltest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"kurir/agent/journal"
)

func testList(e *env) {
	add := func(key, id, group, inbox, label string, state journal.State) {
		e.put(journal.Job{Kind: kind, Key: key, ID: id, Group: group, Inbox: inbox, Label: label, State: state, Due: t0})
	}
	add("b", "id-1", "g", "one", "ready", journal.Active)
	add("a", "id-1", "g", "two", "sent", journal.Done)
	add("d", "id-2", "g", "one", "failed", journal.Failed)
	add("c", "id-12", "g2", "one", "sent", journal.Done)
	e.put(journal.Job{Kind: other, Key: "x", ID: "id-1", Group: "g", Inbox: "one"})
	tests := []struct {
		name   string
		filter journal.Filter
		want   []string
	}{
		{"everything", journal.Filter{}, []string{"a", "b", "c", "d"}},
		{"inbox", journal.Filter{Inbox: "one"}, []string{"b", "c", "d"}},
		{"ID", journal.Filter{ID: "id-1"}, []string{"a", "b"}},
		{"no such ID", journal.Filter{ID: "id"}, []string{}},
		{"group", journal.Filter{Group: "g"}, []string{"a", "b", "d"}},
		{"no such group", journal.Filter{Group: "G"}, []string{}},
		{"ID and group", journal.Filter{ID: "id-2", Group: "g"}, []string{"d"}},
		{"ID of another group", journal.Filter{ID: "id-12", Group: "g"}, []string{}},
		{"state", journal.Filter{State: journal.Done}, []string{"a", "c"}},
		{"label", journal.Filter{Labels: []string{"sent"}}, []string{"a", "c"}},
		{"labels", journal.Filter{Labels: []string{"sent", "failed", "none"}}, []string{"a", "c", "d"}},
		{"all at once", journal.Filter{Inbox: "one", ID: "id-1", Group: "g", Labels: []string{"ready"}, State: journal.Active}, []string{"b"}},
		{"after", journal.Filter{After: "b"}, []string{"c", "d"}},
		{"after what is not there", journal.Filter{After: "bb"}, []string{"c", "d"}},
		{"after the last", journal.Filter{After: "d"}, []string{}},
		{"limit", journal.Filter{Limit: 2}, []string{"a", "b"}},
		{"after and limit", journal.Filter{After: "a", Limit: 2}, []string{"b", "c"}},
		{"ID, after", journal.Filter{ID: "id-1", After: "a"}, []string{"b"}},
		{"group, after, limit", journal.Filter{Group: "g", After: "a", Limit: 1}, []string{"b"}},
		{"limit counts what is selected", journal.Filter{State: journal.Done, Limit: 2}, []string{"a", "c"}},
	}
	for _, tt := range tests {
		tt.filter.Kind = kind
		if got := e.keys(tt.filter); !slices.Equal(got, tt.want) {
			e.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	if got := e.keys(journal.Filter{Kind: "unknown"}); len(got) != 0 {
		e.Errorf("jobs of an unknown kind: %q", got)
	}
}

func testListPages(e *env) {
	const n = 2345
	want := make([]string, n)
	e.parallel(64, func(worker int) {
		for i := worker; i < n; i += 64 {
			j := journal.Job{Kind: kind, Key: fmt.Sprintf("job-%05d", i), ID: "same", Group: "same", Due: t0, State: journal.Done}
			if i%2 == 0 {
				j.Label = "even"
			}
			want[i] = j.Key
			if err := e.store.Put(context.Background(), j); err != nil {
				e.Errorf("put: %v", err)
			}
		}
	})
	for name, f := range map[string]journal.Filter{"all": {Kind: kind}, "ID": {Kind: kind, ID: "same"}, "group": {Kind: kind, Group: "same"}} {
		if got := e.keys(f); !slices.Equal(got, want) {
			e.Errorf("%s: %d jobs, want %d in order", name, len(got), n)
		}
		var paged []string
		for f.Limit = 501; ; f.After = paged[len(paged)-1] {
			page := e.keys(f)
			if paged = append(paged, page...); len(page) < f.Limit {
				break
			}
		}
		if !slices.Equal(paged, want) {
			e.Errorf("%s: %d jobs in pages, want %d in order", name, len(paged), n)
		}
	}
	if got := e.keys(journal.Filter{Kind: kind, Labels: []string{"even"}}); len(got) != (n+1)/2 {
		e.Errorf("%d even jobs", len(got))
	}
}

func testListFollowsChanges(e *env) {
	j := job("k", t0)
	j.Group = "g"
	e.put(j)
	e.update("k", func(j *journal.Job) error { j.ID, j.Group = "new-id", "new-g"; return nil })
	for _, f := range []journal.Filter{{Kind: kind, ID: j.ID}, {Kind: kind, Group: "g"}} {
		if got := e.keys(f); len(got) != 0 {
			e.Errorf("%+v selects %q", f, got)
		}
	}
	for _, f := range []journal.Filter{{Kind: kind, ID: "new-id"}, {Kind: kind, Group: "new-g"}} {
		if got := e.keys(f); !slices.Equal(got, []string{"k"}) {
			e.Errorf("%+v selects %q", f, got)
		}
	}
	c := e.claim("k", t0)
	e.step(c, journal.Step{Name: "s", Label: "sending"})
	if got := e.keys(journal.Filter{Kind: kind, Labels: []string{"sending"}}); len(got) != 1 {
		e.Errorf("the label of a step is not listed: %q", got)
	}
}

// testDurable reopens after each kind of change: what was answered for is there.
func testDurable(e *env) {
	e.put(job("k", t0))
	e.store = e.reopen(e.T, e.store)
	c := e.claim("k", t0)
	e.step(c, journal.Step{Name: "one", At: t0})
	e.store = e.reopen(e.T, e.store)
	c = e.claim("k", t0)
	e.step(c, journal.Step{Name: "two", At: t0, Label: "sent"})
	e.settle(c, journal.Outcome{State: journal.Active, Due: t0.Add(time.Hour)})
	e.store = e.reopen(e.T, e.store)
	e.none(t0, t0.Add(time.Hour))
	e.update("k", func(j *journal.Job) error { j.Due = t0; return nil })
	e.store = e.reopen(e.T, e.store)
	c = e.claim("k", t0)
	e.sameSteps(c.Job().Steps, []journal.Step{{Name: "one", At: t0}, {Name: "two", At: t0}})
	e.settle(c, journal.Outcome{State: journal.Done})
	e.store = e.reopen(e.T, e.store)
	e.update("k", func(*journal.Job) error { return journal.Remove })
	e.store = e.reopen(e.T, e.store)
	if got := e.keys(journal.Filter{Kind: kind}); len(got) != 0 {
		e.Errorf("jobs: %q", got)
	}
}

func testClose(e *env) {
	ctx := context.Background()
	e.put(job("a", t0), job("b", t0.Add(1)))
	c := e.claim("a", t0)
	if err := e.store.Close(); err != nil {
		e.Fatalf("close: %v", err)
	}
	if c.Context().Err() == nil {
		e.Error("the claim's context has not ended")
	}
	for name, err := range map[string]error{
		"step": c.Step(journal.Step{Name: "s"}), "settle": c.Settle(journal.Outcome{State: journal.Done}),
	} {
		e.wantErr(name, err, journal.ErrLost)
		e.wantErr(name, err, journal.ErrClosed)
	}
	_, claimErr := e.store.Claim(ctx, kind, t0)
	_, getErr := e.store.Get(ctx, kind, "a")
	_, listErr := e.store.List(ctx, journal.Filter{Kind: kind})
	_, recentErr := e.store.Recent(ctx, journal.Filter{Kind: kind}, journal.Place{})
	for name, err := range map[string]error{
		"put":    e.store.Put(ctx, job("c", t0)),
		"update": e.store.Update(ctx, kind, "a", func(*journal.Job) error { return errors.New("called") }),
		"claim":  claimErr, "get": getErr, "list": listErr, "recent": recentErr, "second close": e.store.Close(),
	} {
		e.wantErr(name, err, journal.ErrClosed)
	}
	if got := c.Job().Key; got != "a" {
		e.Errorf("a lost claim has forgotten its job: %q", got)
	}
}
