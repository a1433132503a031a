package agent

import (
	"sync"
	"time"

	"kurir/agent/reason"
	"kurir/agent/transport"
)

// unwellFor is how long an API must fail before that is a problem: a lost packet is none.
const unwellFor = time.Minute

// health is since when an API fails without a good answer in between. Safe for concurrent use.
type health struct {
	mu    sync.Mutex
	code  reason.Code // "" is well
	since time.Time
}

// unwell are the kinds of errors that say that the service is not there or in trouble, whatever it is asked.
var unwell = map[transport.Kind]reason.Code{
	transport.Network: reason.Network, transport.Timeout: reason.Timeout, transport.Server: reason.ServerError,
	transport.BadResponse: reason.BadResponse,
}

// saw takes what became of a request.
func (h *health) saw(kind transport.Kind, now time.Time) {
	code, bad := unwell[kind]
	if !bad && kind == transport.Local {
		return // our own side says nothing about theirs
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if bad && h.code == "" {
		h.since = now
	}
	h.code = code
}

// state returns what ails the API, "" for nothing, and since when.
func (h *health) state() (code reason.Code, since time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.code, h.since
}
