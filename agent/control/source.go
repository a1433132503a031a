// Package control is the agent's local address: a small HTTP server with the state of everything as JSON, as events
// and as a plain page, the few things that can be asked of the agent, and the client that the commands use.
//
// It answers loopback and its own address only, refuses foreign pages, and asks for a token, kept in
// data_dir/control.json, before anything changes. It shows no secrets because it is given none. It reads and changes
// the agent through Source and Actions alone and knows no pipeline. Its callers are the agent (the server) and the
// commands (the client).
package control

import (
	"context"
	"errors"
)

// Errors that Actions and the client return, possibly wrapped.
var (
	ErrNoMatch    = errors.New("nothing matches")     // no set or document is meant: HTTP 404, exit code 3
	ErrInvalid    = errors.New("invalid request")     // it can never succeed as it is: HTTP 400, exit code 2
	ErrNotRunning = errors.New("no agent is running") // only from Dial: nobody answers for this data folder
)

// Source is what the agent lets others see. All methods are safe for concurrent use.
type Source interface {
	// Overview is how the agent, its inboxes and its APIs are doing now.
	Overview(ctx context.Context) (Overview, error)
	// Sets are the sets of photos that q selects, the latest change first.
	Sets(ctx context.Context, q Query) (Sets, error)
	// Documents are the tracked Aju numbers that q selects, the latest change first. Their responses and statuses are
	// there only when q has an ID.
	Documents(ctx context.Context, q Query) (Documents, error)
	// Lists are the lists of Aju numbers that q selects, the latest first.
	Lists(ctx context.Context, q Query) ([]List, error)
	// History is what was sent in the last 24 hours.
	History(ctx context.Context) (History, error)
}

// Actions are what others may ask of the agent. All methods are safe for concurrent use.
type Actions interface {
	// Retry makes what has failed or waits due now and returns its ids. ErrNoMatch when there is nothing.
	Retry(ctx context.Context, r RetryRequest) ([]string, error)
	// Send sends the sets at the absolute paths now, with the settings and the outbox of the inbox ("" is the only
	// one of its kind), and returns when each has ended, been put off, or ctx ends. progress may be nil; it is called
	// from one goroutine at a time at each change. ErrInvalid for an unknown inbox or a path that holds no set.
	Send(ctx context.Context, inbox string, paths []string, progress func(Set)) ([]Set, error)
	// Poll asks T2G for the Aju numbers now, in the same manner, and tracks them.
	Poll(ctx context.Context, inbox string, cars []string, progress func(Document)) ([]Document, error)
}

// Query selects sets, documents or lists. Empty fields select everything.
type Query struct {
	ID     string // what users call it, such as "lane-1/AWB123"; exact
	Inbox  string // the inbox's name
	State  string // a state of the contract, such as "failed"
	Search string // a part of the id, nomorAju, nomorBlAwb or car, in any letter case; not for lists
	List   string // only documents of the list with this id, such as "erp/monday"
	After  string // Next of the answer before: what comes behind it; not for lists
	Limit  int    // 0: no limit
}

// RetryRequest says what is to be tried again: the ids, or all that has failed.
type RetryRequest struct {
	IDs    []string `json:"ids,omitempty"`
	Failed bool     `json:"failed,omitempty"`
}
