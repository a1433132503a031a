// Package journal is the contract of the agent's durable memory: jobs, the steps that the other side has confirmed,
// and claims on jobs that are due. It holds no storage code; package bolt is the default store, package journaltest
// the suite that every store must pass.
//
// The pipelines (upload, poll) write it, control reads it. Nothing about a job may live only in memory.
package journal

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// Kind tells the pipelines' jobs apart.
type Kind string

// The kinds of jobs.
const (
	Xray Kind = "xray" // one set of photos for one declaration
	Aju  Kind = "aju"  // one tracked Aju number
)

// State is what the store itself must know of a job: whether it becomes due.
type State string

// The states of a job.
const (
	Active State = "active" // due at Job.Due
	Done   State = "done"   // ended well; kept as memory
	Failed State = "failed" // ended badly; kept until someone tries again
)

// Errors that every store returns, possibly wrapped.
var (
	ErrExists   = errors.New("job exists")
	ErrNotFound = errors.New("no such job")
	ErrHeld     = errors.New("job is held by a claim")
	ErrNone     = errors.New("no job is due")
	ErrLost     = errors.New("claim is lost or settled")
	ErrClosed   = errors.New("journal is closed")
	ErrDamaged  = errors.New("journal is damaged") // what is stored cannot be right: opened again, it is checked and set aside

	// Remove is returned by the function given to Store.Update to delete the job and its steps.
	Remove = errors.New("remove this job")
)

// NoneError is what Claim returns when nothing is due: errors.Is(err, ErrNone) holds.
type NoneError struct {
	// Next is when the earliest job that could be claimed becomes due: one that is not held, nor in a held group.
	// Zero when there is none. It is after the now of Claim; a Put, Update or Settle may make it earlier.
	Next time.Time
}

// Error implements error.
func (e *NoneError) Error() string { return ErrNone.Error() }

// Is makes errors.Is(err, ErrNone) true.
func (e *NoneError) Is(target error) bool { return target == ErrNone }

// Cause is why a job waits or has failed, in the contract's error codes.
type Cause struct {
	Code    string `json:"code"`             // one of the codes of package reason
	Message string `json:"message"`          // what happened, technical detail included, no secrets
	Detail  string `json:"detail,omitempty"` // the server's own words or a bounded excerpt
}

// Job is one piece of work. Kind and Key identify it.
type Job struct {
	Kind  Kind
	Key   string // unique within Kind, chosen by the pipeline, at most 1 KiB
	ID    string // what users call it, such as "lane-1/AWB123"; several jobs may share one over time
	Inbox string
	Group string // jobs of one Kind that share a non-empty Group are never held at the same time
	State State
	Label string // the state that users see (ready, sending, sent, polling, ...); the pipeline's to choose

	Due     time.Time // when it is due, while Active
	Created time.Time // set by Put when zero
	Updated time.Time // set by the store at every change
	Cause   *Cause
	Data    json.RawMessage // the pipeline's record
	Steps   []Step          // what happened, in order; filled by Get, Claim and Update, not by List
}

// Step is something that must be remembered before the next thing is done: an intent before a request, a
// confirmation after it.
type Step struct {
	Name string          `json:"name"`
	At   time.Time       `json:"at"`
	Note json.RawMessage `json:"note,omitempty"` // what the pipeline wants to know of it later

	Label string          `json:"-"` // replaces Job.Label unless empty
	Data  json.RawMessage `json:"-"` // replaces Job.Data unless nil
}

// Outcome settles a claim.
type Outcome struct {
	State State           // Active: again at Due
	Due   time.Time       // for Active
	Label string          // replaces Job.Label unless empty
	Cause *Cause          // replaces Job.Cause, nil included
	Data  json.RawMessage // replaces Job.Data unless nil
}

// Filter selects jobs. Empty fields select everything. List returns them in the order of their keys.
type Filter struct {
	Kind   Kind // required
	Inbox  string
	ID     string   // exact; indexed
	Group  string   // exact; indexed
	Labels []string // any of these
	State  State
	After  string // keys greater than this, for paging through List
	Limit  int    // 0: no limit
}

// A Claim is a job held by this process. Its methods are for one goroutine at a time.
type Claim interface {
	// Job returns the job as it was claimed, with the Steps, Labels and Data recorded through this claim since.
	Job() Job
	// Context ends when the claim is settled or lost.
	Context() context.Context
	// Step records s durably before it returns. ErrLost when the claim is no longer held.
	Step(s Step) error
	// Settle ends the claim, durably. A second call returns ErrLost and changes nothing.
	Settle(o Outcome) error
}

// Store keeps jobs. All methods are safe for concurrent use, and every change is durable when its call returns.
// A job that was held when the process died is due again at once, as it was.
type Store interface {
	// Put records a new job. ErrExists when Kind and Key are known; then nothing is changed.
	Put(ctx context.Context, j Job) error
	// Update changes a job that is not held: fn gets it with its steps and may change everything but Kind, Key and
	// Created; Steps may be appended to or dropped. ErrNotFound, ErrHeld, or fn's error, and then nothing is
	// changed; Remove deletes the job. fn may run more than once.
	Update(ctx context.Context, k Kind, key string, fn func(*Job) error) error
	// Claim holds the Active job with the earliest Due that is not after now, whose group is not held.
	// A *NoneError when there is none.
	Claim(ctx context.Context, k Kind, now time.Time) (Claim, error)
	Get(ctx context.Context, k Kind, key string) (Job, error)
	List(ctx context.Context, f Filter) ([]Job, error)
	// Recent returns the jobs that f selects, the latest change first, from behind a place on: the next of those that came
	// before, whose PlaceOf it is. At most f.Limit of them, and at most MaxPage. It costs what it returns, however many
	// jobs there are: Inbox, Labels and State are looked up too. f.After is not for it.
	Recent(ctx context.Context, f Filter, from Place) ([]Job, error)
	// Close waits for calls under way and releases all claims as they are. Later calls return ErrClosed.
	Close() error
}
