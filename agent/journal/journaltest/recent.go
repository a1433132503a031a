package journaltest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"kurir/agent/journal"
)

// recent returns the keys of what one call of Recent returns, and the place of the last.
func (e *env) recent(f journal.Filter, from journal.Place) (keys []string, last journal.Place) {
	e.Helper()
	f.Kind = kind
	jobs, err := e.store.Recent(context.Background(), f, from)
	if err != nil {
		e.Fatalf("recent %+v: %v", f, err)
	}
	keys = []string{}
	for _, j := range jobs {
		if j.Steps != nil {
			e.Errorf("job %q of a page has steps", j.Key)
		}
		keys, last = append(keys, j.Key), journal.PlaceOf(j)
	}
	return keys, last
}

// pages returns the keys of all pages of f.Limit jobs.
func (e *env) pages(f journal.Filter) []string {
	e.Helper()
	all := []string{}
	for from := (journal.Place{}); ; {
		keys, last := e.recent(f, from)
		if len(keys) > journal.MaxPage || len(keys) > f.Limit && f.Limit > 0 {
			e.Fatalf("a page of %d jobs, with a limit of %d", len(keys), f.Limit)
		}
		if len(keys) == 0 {
			return all
		}
		all, from = append(all, keys...), last
	}
}

func testRecent(e *env) {
	add := func(key, inbox, label, group string, state journal.State) {
		e.put(journal.Job{Kind: kind, Key: key, ID: "id-" + label, Group: group, Inbox: inbox, Label: label, State: state, Due: t0})
	}
	add("e", "one", "ready", "g", journal.Active)
	add("a", "two", "sent", "g", journal.Done)
	add("d", "one", "failed", "", journal.Failed)
	add("c", "one", "sent", "g", journal.Done)
	add("b", "one\x00", "sent", "", journal.Done)
	add("f", "", "", "", journal.Active)
	e.put(journal.Job{Kind: other, Key: "x", Inbox: "one", Label: "sent", ID: "id-sent", Group: "g"})
	tests := []struct {
		name   string
		filter journal.Filter
		want   string
	}{
		{"everything", journal.Filter{}, "f b c d a e"},
		{"inbox", journal.Filter{Inbox: "one"}, "c d e"},
		{"no such inbox", journal.Filter{Inbox: "on"}, ""},
		{"label", journal.Filter{Labels: []string{"sent"}}, "b c a"},
		{"labels", journal.Filter{Labels: []string{"failed", "none", "sent"}}, "b c d a"},
		{"state", journal.Filter{State: journal.Active}, "f e"},
		{"a state that there is not", journal.Filter{State: "away"}, ""},
		{"all at once", journal.Filter{Inbox: "one", Labels: []string{"sent", "ready"}, State: journal.Done}, "c"},
		{"ID", journal.Filter{ID: "id-sent"}, "b c a"},
		{"group", journal.Filter{Group: "g"}, "c a e"},
		{"group and label", journal.Filter{Group: "g", Labels: []string{"ready"}}, "e"},
	}
	for _, tt := range tests {
		for limit := range 8 {
			tt.filter.Limit = limit
			if got := e.pages(tt.filter); !slices.Equal(got, strings.Fields(tt.want)) {
				e.Errorf("%s, %d at a time: %q, want %s", tt.name, limit, got, tt.want)
			}
		}
	}
	ctx := context.Background()
	if jobs, err := e.store.Recent(ctx, journal.Filter{Kind: "unknown"}, journal.Place{}); err != nil || len(jobs) != 0 {
		e.Errorf("jobs of an unknown kind: %+v, %v", jobs, err)
	}
	for _, f := range []journal.Filter{{}, {Kind: kind, After: "a"}} {
		if _, err := e.store.Recent(ctx, f, journal.Place{}); err == nil {
			e.Errorf("%+v is answered", f)
		}
	}
	jobs, err := e.store.Recent(ctx, journal.Filter{Kind: kind, Inbox: "one", Limit: 1}, journal.Place{})
	if err != nil || len(jobs) != 1 {
		e.Fatalf("%d jobs, %v", len(jobs), err)
	}
	e.same(jobs[0], e.get(kind, "c"))
}

// testRecentPages walks through many jobs, most of which share their time of change with others.
func testRecentPages(e *env) {
	const n = 2345
	e.parallel(64, func(worker int) {
		for i := worker; i < n; i += 64 {
			j := journal.Job{Kind: kind, Key: fmt.Sprint(i), Inbox: fmt.Sprint("inbox-", i%3), Label: fmt.Sprint("label-", i%5)}
			if err := e.store.Put(context.Background(), j); err != nil {
				e.Errorf("put: %v", err)
			}
		}
	})
	e.store = e.reopen(e.T, e.store)
	all, err := e.store.List(context.Background(), journal.Filter{Kind: kind})
	if err != nil || len(all) != n {
		e.Fatalf("%d jobs, %v", len(all), err)
	}
	slices.SortFunc(all, func(a, b journal.Job) int { return journal.PlaceOf(a).Compare(journal.PlaceOf(b)) })
	var keys, some []string
	for _, j := range all {
		if keys = append(keys, j.Key); j.Inbox == "inbox-1" && (j.Label == "label-2" || j.Label == "label-4") {
			some = append(some, j.Key)
		}
	}
	for _, limit := range []int{0, 7, 500, journal.MaxPage, journal.MaxPage + 1} {
		if got := e.pages(journal.Filter{Limit: limit}); !slices.Equal(got, keys) {
			e.Errorf("%d at a time: %d jobs in another order", limit, len(got))
		}
	}
	if got := e.pages(journal.Filter{Inbox: "inbox-1", Labels: []string{"label-2", "label-4"}, Limit: 10}); !slices.Equal(got, some) {
		e.Errorf("%d jobs of one inbox and two labels, want %d", len(got), len(some))
	}
	var visited []string
	err = journal.Newest(context.Background(), e.store, journal.Filter{Kind: kind}, journal.PlaceOf(all[9]), func(j journal.Job) bool {
		visited = append(visited, j.Key)
		return len(visited) < 2000
	})
	if err != nil || !slices.Equal(visited, keys[10:2010]) {
		e.Errorf("visited %d, %v", len(visited), err)
	}
}

// testRecentFollowsChanges changes jobs in every way, some of them between two pages.
func testRecentFollowsChanges(e *env) {
	for _, key := range []string{"a", "b", "c", "d"} {
		e.put(job(key, t0))
	}
	page, last := e.recent(journal.Filter{Limit: 2}, journal.Place{})
	if !slices.Equal(page, []string{"d", "c"}) {
		e.Fatalf("first page: %q", page)
	}
	c := e.claim("a", t0)
	e.step(c, journal.Step{Name: "s", Label: "sending"})
	if page, _ := e.recent(journal.Filter{}, last); !slices.Equal(page, []string{"b"}) {
		e.Errorf("second page after a change: %q", page)
	}
	e.settle(c, journal.Outcome{State: journal.Done, Label: "sent"})
	e.update("c", func(j *journal.Job) error { j.Inbox = "inbox-2"; return nil })
	e.update("b", func(*journal.Job) error { return journal.Remove })
	e.update("d", func(j *journal.Job) error { j.State = journal.Failed; return nil })
	e.store = e.reopen(e.T, e.store)
	for _, tt := range []struct {
		filter journal.Filter
		want   []string
	}{
		{journal.Filter{}, []string{"d", "c", "a"}},
		{journal.Filter{Labels: []string{"sending"}}, []string{}},
		{journal.Filter{Labels: []string{"sent"}}, []string{"a"}},
		{journal.Filter{State: journal.Done}, []string{"a"}},
		{journal.Filter{State: journal.Failed}, []string{"d"}},
		{journal.Filter{Inbox: "inbox-2"}, []string{"c"}},
		{journal.Filter{Inbox: "inbox-1"}, []string{"d", "a"}},
	} {
		if got := e.pages(tt.filter); !slices.Equal(got, tt.want) {
			e.Errorf("%+v: %q, want %q", tt.filter, got, tt.want)
		}
	}
}
