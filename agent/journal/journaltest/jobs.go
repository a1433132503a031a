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

func testPut(e *env) {
	full := job("full", t0)
	full.Group = "group"
	full.Steps = []journal.Step{{Name: "seen", At: t0, Note: json.RawMessage(`"n"`)}, {Name: "hashed", At: t0.Add(1)}}
	bare := journal.Job{Kind: other, Key: "full"} // the same key, another kind
	e.put(full, bare)
	for range 2 {
		e.same(e.get(kind, "full"), full)
		got := e.get(other, "full")
		if got.State != journal.Active {
			e.Errorf("state %q, want %q when none was given", got.State, journal.Active)
		}
		if got.Cause != nil || got.Data != nil || got.Steps != nil || got.ID != "" || got.Group != "" {
			e.Errorf("bare job came back as %+v", got)
		}
		e.store = e.reopen(e.T, e.store)
	}
}

func testPutExists(e *env) {
	first := job("k", t0)
	e.put(first)
	second := job("k", t0.Add(time.Hour))
	second.Label, second.ID, second.Group, second.Data = "sent", "x", "y", nil
	second.Steps = []journal.Step{{Name: "s"}}
	e.wantErr("second put", e.store.Put(context.Background(), second), journal.ErrExists)
	e.same(e.get(kind, "k"), first)
	if got := e.keys(journal.Filter{Kind: kind, ID: "x"}); len(got) != 0 {
		e.Errorf("the refused job is listed: %q", got)
	}
	e.settle(e.claim("k", t0), journal.Outcome{State: journal.Done})
	e.wantErr("put of a job that has ended", e.store.Put(context.Background(), second), journal.ErrExists)
	e.none(t0.Add(2*time.Hour), time.Time{})
}

func testPutTimes(e *env) {
	before := time.Now().Add(-time.Minute)
	j := job("k", t0)
	j.Created = time.Time{}
	e.put(j)
	got := e.get(kind, "k")
	for name, at := range map[string]time.Time{"Created": got.Created, "Updated": got.Updated} {
		if at.Before(before) || at.After(time.Now().Add(time.Minute)) {
			e.Errorf("%s is %v, want now", name, at)
		}
	}
	for i, due := range []time.Time{
		{}, time.Unix(0, 0), time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC),
		time.Date(2025, 1, 2, 3, 4, 5, 6, time.FixedZone("WIB", 7*3600)),
	} {
		key := fmt.Sprintf("due-%d", i)
		e.put(job(key, due))
		e.same(e.get(kind, key), job(key, due))
		if due.IsZero() != e.get(kind, key).Due.IsZero() {
			e.Errorf("due %v came back as %v", due, e.get(kind, key).Due)
		}
	}
}

// oddNames are names that a careless store would mix up.
func oddNames() []string {
	return []string{
		"a", "a\x00", "a\x00\x00", "a\x00b", "a/b", "a\xff", "\xff\xff", "\x00", " ", "é", "e\u0301", "日本", "a\nb", `"`, "..", "a:b",
		"\x00\x01a", "\x01", strings.Repeat("k", 1024),
	}
}

func testOddNames(e *env) {
	var want []string
	for i, name := range oddNames() {
		j := job(name, t0.Add(time.Duration(i)))
		j.ID, j.Group, j.Inbox, j.Label = name, name, name, name
		j.Steps = []journal.Step{{Name: name, At: t0}}
		e.put(j)
		want = append(want, name)
	}
	for i, name := range want {
		got := e.get(kind, name)
		if got.Key != name || got.ID != name || got.Group != name || got.Inbox != name || got.Label != name {
			e.Errorf("job %q came back as %+v", name, got)
		}
		if len(got.Steps) != 1 || got.Steps[0].Name != name {
			e.Errorf("job %q has steps %+v", name, got.Steps)
		}
		for what, f := range map[string]journal.Filter{"ID": {Kind: kind, ID: name}, "group": {Kind: kind, Group: name}} {
			if keys := e.keys(f); len(keys) != 1 || keys[0] != name {
				e.Errorf("%s %q has jobs %q", what, name, keys)
			}
		}
		c := e.claim(name, t0.Add(time.Duration(i)))
		e.step(c, journal.Step{Name: "again", At: t0})
	}
	e.store = e.reopen(e.T, e.store)
	for _, name := range want {
		if got := e.get(kind, name); len(got.Steps) != 2 {
			e.Errorf("job %q has steps %+v", name, got.Steps)
		}
	}
	e.update("a", func(*journal.Job) error { return journal.Remove })
	if got := e.get(kind, "a\x00"); len(got.Steps) != 2 {
		e.Errorf("removing \"a\" has changed the steps of \"a\\x00\": %+v", got.Steps)
	}
}

func testBadJobs(e *env) {
	for name, j := range map[string]journal.Job{
		"no key":        {Kind: kind},
		"no kind":       {Key: "k"},
		"long key":      {Kind: kind, Key: strings.Repeat("k", 1025)},
		"unknown state": {Kind: kind, Key: "k", State: "sleeping"},
	} {
		if err := e.store.Put(context.Background(), j); err == nil {
			e.Errorf("put of a job with %s succeeded", name)
		}
	}
	if _, err := e.store.List(context.Background(), journal.Filter{}); err == nil {
		e.Error("list without a kind succeeded")
	}
}

func testGet(e *env) {
	_, err := e.store.Get(context.Background(), kind, "k")
	e.wantErr("get from an empty store", err, journal.ErrNotFound)
	e.put(job("k", t0))
	for _, key := range []string{"", "K", "k\x00", "k2"} {
		_, err := e.store.Get(context.Background(), kind, key)
		e.wantErr(fmt.Sprintf("get %q", key), err, journal.ErrNotFound)
	}
	_, err = e.store.Get(context.Background(), other, "k")
	e.wantErr("get from another kind", err, journal.ErrNotFound)
	c := e.claim("k", t0)
	e.step(c, journal.Step{Name: "intent", At: t0, Label: "sending"})
	if got := e.get(kind, "k"); got.Label != "sending" || len(got.Steps) != 1 {
		e.Errorf("a held job is read as %+v", got)
	}
}

// testIsolation changes everything that a store was given or has given out: nothing of it may be the store's own.
func testIsolation(e *env) {
	spoil := func(j journal.Job) {
		clear(j.Data)
		j.Cause.Code = "spoiled"
		for i := range j.Steps {
			j.Steps[i].Name = "spoiled"
			clear(j.Steps[i].Note)
		}
	}
	j := job("k", t0)
	j.Steps = []journal.Step{{Name: "s", At: t0, Note: json.RawMessage(`1`)}}
	want := e.clone(j)
	e.put(j)
	spoil(j)
	e.same(e.get(kind, "k"), want)
	spoil(e.get(kind, "k"))
	listed, err := e.store.List(context.Background(), journal.Filter{Kind: kind})
	if err != nil || len(listed) != 1 {
		e.Fatalf("list: %v, %v", listed, err)
	}
	spoil(listed[0])
	c := e.claim("k", t0)
	spoil(c.Job())
	st := journal.Step{Name: "t", At: t0, Note: json.RawMessage(`2`), Data: json.RawMessage(`3`)}
	e.step(c, st)
	clear(st.Note)
	clear(st.Data)
	want.Data = json.RawMessage(`3`)
	want.Steps = append(want.Steps, journal.Step{Name: "t", At: t0, Note: json.RawMessage(`2`)})
	e.same(c.Job(), want)
	e.settle(c, journal.Outcome{State: journal.Done, Cause: want.Cause})
	want.State = journal.Done
	e.same(e.get(kind, "k"), want)
	err = e.store.Update(context.Background(), kind, "k", func(j *journal.Job) error {
		spoil(*j)
		return errors.New("no")
	})
	if err == nil {
		e.Error("update succeeded")
	}
	e.same(e.get(kind, "k"), want)
}

// clone copies a job by way of JSON and back.
func (e *env) clone(j journal.Job) journal.Job {
	e.Helper()
	c := j
	c.Data = json.RawMessage(string(j.Data))
	cause := *j.Cause
	c.Cause = &cause
	c.Steps = nil
	for _, st := range j.Steps {
		st.Note = json.RawMessage(string(st.Note))
		c.Steps = append(c.Steps, st)
	}
	return c
}
