// Package journaltest is the suite that every journal.Store must pass, and a wrapper that makes chosen calls of a store fail.
// Only tests import it.
package journaltest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"testing"
	"time"

	"kurir/agent/journal"
)

// kind is the kind of most jobs of the suite; other proves that kinds are apart.
const (
	kind  = journal.Xray
	other = journal.Aju
)

// t0 is the suite's "now". It is far from the clock's, with a nanosecond part.
var t0 = time.Date(2031, 5, 6, 7, 8, 9, 123456789, time.UTC)

// env is what a test of the suite works with.
type env struct {
	*testing.T
	store  journal.Store
	reopen func(t *testing.T, s journal.Store) journal.Store
}

// Run checks every promise of the package journal. open returns an empty store, which the suite may leave open; reopen
// closes s in the way that the caller wants to see survived, and returns a store with the same content.
func Run(t *testing.T, open func(t *testing.T) journal.Store, reopen func(t *testing.T, s journal.Store) journal.Store) {
	tests := []struct {
		name string
		run  func(e *env)
	}{
		{"Put", testPut},
		{"PutExists", testPutExists},
		{"PutTimes", testPutTimes},
		{"OddNames", testOddNames},
		{"BadJobs", testBadJobs},
		{"Update", testUpdate},
		{"UpdateRefused", testUpdateRefused},
		{"UpdateKeepsIdentity", testUpdateKeepsIdentity},
		{"UpdateSteps", testUpdateSteps},
		{"UpdateHeld", testUpdateHeld},
		{"UpdateRemove", testUpdateRemove},
		{"ClaimOrder", testClaimOrder},
		{"ClaimNone", testClaimNone},
		{"ClaimGroups", testClaimGroups},
		{"ClaimTimeGoesBack", testClaimTimeGoesBack},
		{"ClaimContext", testClaimContext},
		{"Step", testStep},
		{"SettleActive", testSettleActive},
		{"SettleEnds", testSettleEnds},
		{"SettleTwice", testSettleTwice},
		{"SettleState", testSettleState},
		{"HeldJobIsDueAfterReopen", testHeldAfterReopen},
		{"LargeData", testLargeData},
		{"Get", testGet},
		{"Isolation", testIsolation},
		{"List", testList},
		{"ListPages", testListPages},
		{"ListFollowsChanges", testListFollowsChanges},
		{"Recent", testRecent},
		{"RecentPages", testRecentPages},
		{"RecentFollowsChanges", testRecentFollowsChanges},
		{"Durable", testDurable},
		{"Close", testClose},
		{"ConcurrentClaims", testConcurrentClaims},
		{"ConcurrentGroups", testConcurrentGroups},
		{"ConcurrentUpdates", testConcurrentUpdates},
		{"ConcurrentPut", testConcurrentPut},
		{"ConcurrentClose", testConcurrentClose},
		{"CancelledContext", testCancelledContext},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.run(&env{T: t, store: open(t), reopen: reopen})
		})
	}
}

// job returns an Active job with every field set, due at due.
func job(key string, due time.Time) journal.Job {
	return journal.Job{
		Kind: kind, Key: key, ID: "inbox-1/" + key, Inbox: "inbox-1", State: journal.Active, Label: "ready",
		Due: due, Created: t0.Add(-time.Hour),
		Cause: &journal.Cause{Code: "network", Message: "connection refused", Detail: "dial tcp"},
		Data:  json.RawMessage(`{"a": 1,  "html": "<&>"}`),
	}
}

func (e *env) put(jobs ...journal.Job) {
	e.Helper()
	for _, j := range jobs {
		if err := e.store.Put(context.Background(), j); err != nil {
			e.Fatalf("put %q: %v", j.Key, err)
		}
	}
}

func (e *env) get(k journal.Kind, key string) journal.Job {
	e.Helper()
	j, err := e.store.Get(context.Background(), k, key)
	if err != nil {
		e.Fatalf("get %q: %v", key, err)
	}
	return j
}

func (e *env) update(key string, fn func(*journal.Job) error) {
	e.Helper()
	if err := e.store.Update(context.Background(), kind, key, fn); err != nil {
		e.Fatalf("update %q: %v", key, err)
	}
}

// claim claims a job, which must be the one with key.
func (e *env) claim(key string, now time.Time) journal.Claim {
	e.Helper()
	c, err := e.store.Claim(context.Background(), kind, now)
	if err != nil {
		e.Fatalf("claim: %v, want job %q", err, key)
	}
	if got := c.Job().Key; got != key {
		e.Fatalf("claimed job %q, want %q", got, key)
	}
	return c
}

// none expects that nothing can be claimed, and that the next job is due at next.
func (e *env) none(now, next time.Time) {
	e.Helper()
	c, err := e.store.Claim(context.Background(), kind, now)
	if err == nil {
		e.Fatalf("claimed job %q, want none", c.Job().Key)
	}
	var none *journal.NoneError
	if !errors.Is(err, journal.ErrNone) || !errors.As(err, &none) {
		e.Fatalf("claim: %v, want a NoneError", err)
	}
	if !none.Next.Equal(next) || none.Next.IsZero() != next.IsZero() {
		e.Fatalf("next job is due at %v, want %v", none.Next, next)
	}
}

func (e *env) step(c journal.Claim, st journal.Step) {
	e.Helper()
	if err := c.Step(st); err != nil {
		e.Fatalf("step %q: %v", st.Name, err)
	}
}

func (e *env) settle(c journal.Claim, o journal.Outcome) {
	e.Helper()
	if err := c.Settle(o); err != nil {
		e.Fatalf("settle: %v", err)
	}
}

// keys lists the keys that f selects.
func (e *env) keys(f journal.Filter) []string {
	e.Helper()
	jobs, err := e.store.List(context.Background(), f)
	if err != nil {
		e.Fatalf("list: %v", err)
	}
	keys := []string{}
	for _, j := range jobs {
		if j.Steps != nil {
			e.Errorf("listed job %q has steps", j.Key)
		}
		keys = append(keys, j.Key)
	}
	return keys
}

// wantErr expects err to be target.
func (e *env) wantErr(what string, err, target error) {
	e.Helper()
	if !errors.Is(err, target) {
		e.Errorf("%s: error %v, want %v", what, err, target)
	}
}

// same compares two jobs but for Updated, which the store sets.
func (e *env) same(got, want journal.Job) {
	e.Helper()
	for _, tt := range []struct {
		field     string
		got, want any
	}{
		{"Kind", got.Kind, want.Kind}, {"Key", got.Key, want.Key}, {"ID", got.ID, want.ID},
		{"Inbox", got.Inbox, want.Inbox}, {"Group", got.Group, want.Group}, {"State", got.State, want.State},
		{"Label", got.Label, want.Label}, {"Cause", got.Cause, want.Cause},
		{"Data", string(got.Data), string(want.Data)},
	} {
		if !reflect.DeepEqual(tt.got, tt.want) {
			e.Errorf("job %q has %s %v, want %v", want.Key, tt.field, tt.got, tt.want)
		}
	}
	if !got.Due.Equal(want.Due) || !got.Created.Equal(want.Created) {
		e.Errorf("job %q has Due %v and Created %v, want %v and %v", want.Key, got.Due, got.Created, want.Due, want.Created)
	}
	e.sameSteps(got.Steps, want.Steps)
}

// sameSteps compares what is recorded of steps.
func (e *env) sameSteps(got, want []journal.Step) {
	e.Helper()
	if len(got) != len(want) {
		e.Fatalf("%d steps, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i].Name != want[i].Name || !got[i].At.Equal(want[i].At) || !bytes.Equal(got[i].Note, want[i].Note) {
			e.Errorf("step %d is %+v, want %+v", i, got[i], want[i])
		}
	}
}
