package journaltest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"kurir/agent/journal"
)

func testClaimOrder(e *env) {
	e.put(job("c", t0.Add(2)), job("a", t0.Add(3)), job("b", t0.Add(1)))
	far := job("far", t0.Add(-time.Hour))
	far.Kind = other
	e.put(far)
	e.none(t0, t0.Add(1))
	b := e.claim("b", t0.Add(1)) // due exactly now
	e.none(t0.Add(1), t0.Add(2))
	c := e.claim("c", t0.Add(time.Hour))
	a := e.claim("a", t0.Add(time.Hour))
	e.none(t0.Add(time.Hour), time.Time{})
	e.settle(c, journal.Outcome{State: journal.Active, Due: t0})
	e.settle(b, journal.Outcome{State: journal.Active, Due: t0.Add(-1)})
	e.settle(a, journal.Outcome{State: journal.Active, Due: t0.Add(-2)})
	for i, key := range []string{"a", "b", "c"} {
		if got := e.claim(key, t0).Job().Due; !got.Equal(t0.Add(time.Duration(i - 2))) {
			e.Errorf("job %q is due at %v", key, got)
		}
	}
}

func testClaimNone(e *env) {
	e.none(t0, time.Time{}) // an empty store
	done, failed := job("done", t0), job("failed", t0)
	done.State, failed.State = journal.Done, journal.Failed
	e.put(done, failed)
	e.none(t0.Add(time.Hour), time.Time{}) // only ended jobs
	e.put(job("late", t0.Add(time.Hour)), job("later", t0.Add(2*time.Hour)))
	e.none(t0, t0.Add(time.Hour))
	c := e.claim("late", t0.Add(time.Hour))
	e.none(t0, t0.Add(2*time.Hour)) // not the held one
	e.settle(c, journal.Outcome{State: journal.Active, Due: t0.Add(90 * time.Minute)})
	e.none(t0, t0.Add(90*time.Minute))
	e.update("late", func(*journal.Job) error { return journal.Remove })
	e.none(t0, t0.Add(2*time.Hour))
}

func testClaimGroups(e *env) {
	grouped := func(key, group string, due time.Time) journal.Job {
		j := job(key, due)
		j.Group = group
		return j
	}
	e.put(grouped("g1", "g", t0), grouped("g2", "g", t0.Add(1)), grouped("g3", "g", t0.Add(2)),
		grouped("h1", "h", t0.Add(3)), grouped("n1", "", t0.Add(4)), grouped("n2", "", t0.Add(5)))
	same := grouped("g1", "g", t0.Add(-1))
	same.Kind = other
	e.put(same)
	now := t0.Add(time.Minute)

	g := e.claim("g1", now)
	h := e.claim("h1", now)
	e.claim("n1", now)
	e.claim("n2", now)                                                         // no group is no group
	if _, err := e.store.Claim(context.Background(), other, now); err != nil { // groups are of one kind
		e.Errorf("claim of another kind: %v", err)
	}
	e.none(now, time.Time{}) // g2 and g3 can only become free when g1 is settled: no time to wait for
	e.settle(h, journal.Outcome{State: journal.Done})
	e.settle(g, journal.Outcome{State: journal.Active, Due: t0.Add(time.Hour)})
	g = e.claim("g2", now)
	e.none(now, time.Time{})
	e.settle(g, journal.Outcome{State: journal.Failed})
	g = e.claim("g3", now)
	e.settle(g, journal.Outcome{State: journal.Done})
	e.none(now, t0.Add(time.Hour))

	// A job that changes its group belongs to the new one at once.
	e.put(grouped("p", "x", t0), grouped("q", "y", t0.Add(1)))
	e.update("q", func(j *journal.Job) error { j.Group = "x"; return nil })
	p := e.claim("p", now)
	e.none(now, t0.Add(time.Hour))
	e.settle(p, journal.Outcome{State: journal.Done})
	e.claim("q", now)
}

func testClaimTimeGoesBack(e *env) {
	e.put(job("a", t0), job("b", t0.Add(time.Hour)))
	a := e.claim("a", t0.Add(30*time.Minute))
	e.settle(a, journal.Outcome{State: journal.Active, Due: t0.Add(40 * time.Minute)})
	back := t0.Add(-24 * time.Hour) // the clock is set back by a day
	e.none(back, t0.Add(40*time.Minute))
	e.put(job("c", back))
	e.claim("c", back)
	e.none(back, t0.Add(40*time.Minute))
	e.claim("a", t0.Add(2*time.Hour))
	e.claim("b", t0.Add(2*time.Hour))
}

func testClaimContext(e *env) {
	type ctxKey struct{}
	e.put(job("a", t0), job("b", t0.Add(1)))
	ctx, cancel := context.WithCancel(context.WithValue(context.Background(), ctxKey{}, 1))
	c, err := e.store.Claim(ctx, kind, t0)
	if err != nil {
		e.Fatalf("claim: %v", err)
	}
	cancel()
	if err := c.Context().Err(); err != nil {
		e.Errorf("the claim's context has ended with Claim's: %v", err)
	}
	e.step(c, journal.Step{Name: "s"})
	e.settle(c, journal.Outcome{State: journal.Done})
	if c.Context().Err() == nil {
		e.Error("the context of a settled claim has not ended")
	}
}

func testStep(e *env) {
	e.put(job("k", t0))
	c := e.claim("k", t0)
	e.same(c.Job(), job("k", t0))
	want := job("k", t0)
	for i := range 12 {
		st := journal.Step{Name: fmt.Sprintf("step-%d", i), At: t0.Add(-time.Duration(i)), Note: json.RawMessage(fmt.Sprint(i))}
		switch i {
		case 3:
			st.Label, want.Label = "sending", "sending"
		case 5:
			st.Data, want.Data = json.RawMessage(`{"n": 5}`), json.RawMessage(`{"n": 5}`)
		case 7:
			st.Note = nil
		}
		e.step(c, st)
		want.Steps = append(want.Steps, st)
		e.same(c.Job(), want)
		e.same(e.get(kind, "k"), want)
	}
	e.store = e.reopen(e.T, e.store)
	e.same(e.get(kind, "k"), want)
	c = e.claim("k", t0)
	e.same(c.Job(), want)
	e.step(c, journal.Step{Name: "last", At: t0})
	want.Steps = append(want.Steps, journal.Step{Name: "last", At: t0})
	e.same(e.get(kind, "k"), want)
}

func testSettleActive(e *env) {
	e.put(job("k", t0))
	c := e.claim("k", t0)
	e.step(c, journal.Step{Name: "s", At: t0, Label: "sending", Data: json.RawMessage(`1`)})
	want := job("k", t0.Add(time.Hour))
	want.Label, want.Data, want.Cause = "sending", json.RawMessage(`1`), nil // nil replaces the cause
	want.Steps = []journal.Step{{Name: "s", At: t0}}
	e.settle(c, journal.Outcome{State: journal.Active, Due: want.Due})
	e.same(e.get(kind, "k"), want)
	e.none(t0, want.Due)

	c = e.claim("k", want.Due)
	want.Due = t0.Add(2 * time.Hour)
	want.Label, want.Data, want.Cause = "retrying", json.RawMessage(`2`), &journal.Cause{Code: "timeout", Message: "m"}
	e.settle(c, journal.Outcome{State: journal.Active, Due: want.Due, Label: "retrying", Cause: want.Cause, Data: want.Data})
	e.store = e.reopen(e.T, e.store)
	e.same(e.get(kind, "k"), want)
	e.none(t0.Add(time.Hour), want.Due)
}

func testSettleEnds(e *env) {
	for _, state := range []journal.State{journal.Done, journal.Failed} {
		key := string(state)
		e.put(job(key, t0))
		c := e.claim(key, t0)
		cause := &journal.Cause{Code: "rejected", Message: "m"}
		e.settle(c, journal.Outcome{State: state, Label: "ended", Cause: cause})
		for range 2 {
			got := e.get(kind, key)
			if got.State != state || got.Label != "ended" || got.Cause == nil || *got.Cause != *cause {
				e.Errorf("settled job is %+v", got)
			}
			e.none(t0.Add(time.Hour), time.Time{})
			e.store = e.reopen(e.T, e.store)
		}
	}
}

func testSettleTwice(e *env) {
	e.put(job("k", t0))
	c := e.claim("k", t0)
	e.settle(c, journal.Outcome{State: journal.Active, Due: t0})
	e.wantErr("second settle", c.Settle(journal.Outcome{State: journal.Failed}), journal.ErrLost)
	e.wantErr("step after settle", c.Step(journal.Step{Name: "s"}), journal.ErrLost)
	if got := e.get(kind, "k"); got.State != journal.Active || len(got.Steps) != 0 {
		e.Errorf("a lost claim has changed the job: %+v", got)
	}
	next := e.claim("k", t0) // another claim on the same job does not revive the first
	e.wantErr("settle while another holds the job", c.Settle(journal.Outcome{State: journal.Failed}), journal.ErrLost)
	e.wantErr("step while another holds the job", c.Step(journal.Step{Name: "s"}), journal.ErrLost)
	if err := next.Context().Err(); err != nil {
		e.Errorf("the second claim has ended: %v", err)
	}
	e.settle(next, journal.Outcome{State: journal.Done})
}

func testSettleState(e *env) {
	e.put(job("k", t0))
	c := e.claim("k", t0)
	for _, state := range []journal.State{"", "sleeping"} {
		if err := c.Settle(journal.Outcome{State: state}); err == nil || errors.Is(err, journal.ErrLost) {
			e.Fatalf("settle with state %q: %v", state, err)
		}
	}
	e.same(e.get(kind, "k"), job("k", t0))
	e.settle(c, journal.Outcome{State: journal.Done}) // still held
}

func testHeldAfterReopen(e *env) {
	j := job("k", t0)
	j.Group = "g"
	e.put(j)
	c := e.claim("k", t0)
	e.step(c, journal.Step{Name: "intent", At: t0, Label: "sending"})
	e.store = e.reopen(e.T, e.store)
	e.wantErr("step of a claim from before", c.Step(journal.Step{Name: "s"}), journal.ErrLost)
	j.Label, j.Steps = "sending", []journal.Step{{Name: "intent", At: t0}}
	e.same(e.claim("k", t0).Job(), j)
}
