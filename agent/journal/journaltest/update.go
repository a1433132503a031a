package journaltest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"kurir/agent/journal"
)

func testUpdate(e *env) {
	e.put(job("k", t0))
	was := e.get(kind, "k").Updated
	want := job("k", t0.Add(time.Minute))
	want.ID, want.Inbox, want.Group, want.Label = "id2", "inbox-2", "group-2", "retrying"
	want.Cause, want.Data = nil, json.RawMessage(`[]`)
	e.update("k", func(j *journal.Job) error {
		e.same(*j, job("k", t0))
		j.ID, j.Inbox, j.Group, j.Label = want.ID, want.Inbox, want.Group, want.Label
		j.Cause, j.Data, j.Due = want.Cause, want.Data, want.Due
		j.Updated = t0 // the store's own
		return nil
	})
	for range 2 {
		got := e.get(kind, "k")
		e.same(got, want)
		if got.Updated.Before(was) || got.Updated.Equal(t0) {
			e.Errorf("Updated is %v, was %v", got.Updated, was)
		}
		e.none(t0, want.Due)
		e.store = e.reopen(e.T, e.store)
	}
	e.update("k", func(j *journal.Job) error { j.State = journal.Failed; return nil })
	e.none(t0.Add(time.Hour), time.Time{})
	e.update("k", func(j *journal.Job) error { j.State, j.Due = journal.Active, t0; return nil })
	e.claim("k", t0)
}

func testUpdateRefused(e *env) {
	ctx := context.Background()
	called := false
	err := e.store.Update(ctx, kind, "k", func(*journal.Job) error { called = true; return nil })
	e.wantErr("update of an unknown job", err, journal.ErrNotFound)
	if called {
		e.Error("fn was called for an unknown job")
	}
	want := job("k", t0)
	want.Steps = []journal.Step{{Name: "s", At: t0}}
	e.put(want)
	errNo := errors.New("no")
	err = e.store.Update(ctx, kind, "k", func(j *journal.Job) error {
		j.Label, j.Due, j.ID, j.Group, j.State = "x", t0.Add(time.Hour), "x", "x", journal.Done
		j.Steps = nil
		return fmt.Errorf("wrapped: %w", errNo)
	})
	e.wantErr("update", err, errNo)
	e.same(e.get(kind, "k"), want)
	if got := e.keys(journal.Filter{Kind: kind, ID: "x"}); len(got) != 0 {
		e.Errorf("jobs of the refused ID: %q", got)
	}
	if err := e.store.Update(ctx, kind, "k", func(j *journal.Job) error { j.State = "x"; return nil }); err == nil {
		e.Error("update to an unknown state succeeded")
	}
	e.claim("k", t0)
}

func testUpdateKeepsIdentity(e *env) {
	want := job("k", t0)
	e.put(want)
	for _, change := range []func(*journal.Job){
		func(j *journal.Job) { j.Kind = other },
		func(j *journal.Job) { j.Key = "k2" },
		func(j *journal.Job) { j.Created = t0 },
	} {
		// A store may refuse such a change or leave it out; it must not make it.
		_ = e.store.Update(context.Background(), kind, "k", func(j *journal.Job) error { change(j); return nil })
		e.same(e.get(kind, "k"), want)
	}
	if got := e.keys(journal.Filter{Kind: other}); len(got) != 0 {
		e.Errorf("jobs of another kind: %q", got)
	}
}

func testUpdateSteps(e *env) {
	steps := func(names ...string) (steps []journal.Step) {
		for i, name := range names {
			steps = append(steps, journal.Step{Name: name, At: t0.Add(time.Duration(i)), Note: json.RawMessage(`"` + name + `"`)})
		}
		return steps
	}
	e.put(job("k", t0), job("k2", t0.Add(1)))
	e.update("k2", func(j *journal.Job) error { j.Steps = steps("other"); return nil })
	for _, want := range [][]journal.Step{
		steps("a"), steps("a", "b", "c"), steps("a"), steps("x", "y"), nil, steps("a", "b"), {},
	} {
		e.update("k", func(j *journal.Job) error { j.Steps = want; return nil })
		e.sameSteps(e.get(kind, "k").Steps, want)
		e.sameSteps(e.get(kind, "k2").Steps, steps("other"))
	}
	e.update("k", func(j *journal.Job) error { j.Steps = steps("a"); return nil })
	c := e.claim("k", t0)
	e.step(c, steps("a", "b")[1])
	e.settle(c, journal.Outcome{State: journal.Failed})
	e.update("k", func(j *journal.Job) error {
		e.sameSteps(j.Steps, steps("a", "b"))
		j.Steps = append(j.Steps, steps("a", "b", "c")[2])
		return nil
	})
	e.store = e.reopen(e.T, e.store)
	e.sameSteps(e.get(kind, "k").Steps, steps("a", "b", "c"))
}

func testUpdateHeld(e *env) {
	ctx := context.Background()
	e.put(job("k", t0), job("free", t0.Add(time.Hour)))
	c := e.claim("k", t0)
	label := func(j *journal.Job) error { j.Label = "x"; return nil }
	e.wantErr("update of a held job", e.store.Update(ctx, kind, "k", label), journal.ErrHeld)
	remove := func(*journal.Job) error { return journal.Remove }
	e.wantErr("removal of a held job", e.store.Update(ctx, kind, "k", remove), journal.ErrHeld)
	e.same(e.get(kind, "k"), job("k", t0))
	e.update("free", label)
	e.settle(c, journal.Outcome{State: journal.Done})
	e.update("k", label)
	if got := e.get(kind, "k").Label; got != "x" {
		e.Errorf("label %q", got)
	}
}

func testUpdateRemove(e *env) {
	j := job("k", t0)
	j.Group = "g"
	j.Steps = []journal.Step{{Name: "s", At: t0}}
	e.put(j, job("stays", t0.Add(time.Hour)))
	e.update("k", func(*journal.Job) error { return fmt.Errorf("done with it: %w", journal.Remove) })
	for range 2 {
		_, err := e.store.Get(context.Background(), kind, "k")
		e.wantErr("get of a removed job", err, journal.ErrNotFound)
		for _, f := range []journal.Filter{{Kind: kind, ID: j.ID}, {Kind: kind, Group: "g"}} {
			if got := e.keys(f); len(got) != 0 {
				e.Errorf("the removed job is listed: %q", got)
			}
		}
		e.none(t0, t0.Add(time.Hour))
		e.store = e.reopen(e.T, e.store)
	}
	j.Steps = nil
	e.put(j)
	e.same(e.get(kind, "k"), j) // the old steps are gone with the old job
}

// testLargeData gives a job data of every size and changes all else about it meanwhile: it has them, whoever asks.
func testLargeData(e *env) {
	want := job("k", t0)
	e.put(want)
	for _, size := range []int{10, 5_000, 100_000, 20_000, 3_000_000, 0, 9_000} {
		want.Data = json.RawMessage(`"` + strings.Repeat("x", size) + `"`)
		e.update("k", func(j *journal.Job) error { j.Data = want.Data; return nil })
		c := e.claim("k", t0)
		st := journal.Step{Name: "s", At: t0}
		e.step(c, st)
		want.Steps = append(want.Steps, st)
		e.same(c.Job(), want)
		e.settle(c, journal.Outcome{State: journal.Active, Due: t0, Cause: want.Cause})
		e.update("k", func(j *journal.Job) error { e.same(*j, want); return nil })
		e.same(e.get(kind, "k"), want)
		listed, err := e.store.List(context.Background(), journal.Filter{Kind: kind})
		recent, err2 := e.store.Recent(context.Background(), journal.Filter{Kind: kind}, journal.Place{})
		if errors.Join(err, err2) != nil || len(listed) != 1 || len(recent) != 1 {
			e.Fatalf("%d listed, %d recent: %v, %v", len(listed), len(recent), err, err2)
		}
		if string(listed[0].Data) != string(want.Data) || string(recent[0].Data) != string(want.Data) {
			e.Errorf("listed with %d and %d bytes of data, want %d", len(listed[0].Data), len(recent[0].Data), len(want.Data))
		}
		e.store = e.reopen(e.T, e.store)
	}
}
