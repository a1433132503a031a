package control

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"
)

const (
	eventBacklog = 256 // events that a listener may be behind before it is cut off
	maxListeners = 64
	keepAlive    = 15 * time.Second // of a stream that has nothing to say
)

// hub hands each event to all who listen.
type hub struct {
	mu        sync.Mutex
	listeners map[chan Event]struct{}
}

func newHub() *hub { return &hub{listeners: make(map[chan Event]struct{})} }

func (h *hub) publish(e Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.listeners {
		select {
		case c <- e:
		default:
			delete(h.listeners, c)
			close(c)
		}
	}
}

// heard reports whether anyone listens.
func (h *hub) heard() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.listeners) > 0
}

// listen returns a channel of events, closed when its reader has fallen behind, and its end. False when too many listen.
func (h *hub) listen() (events <-chan Event, end func(), ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.listeners) >= maxListeners {
		return nil, nil, false
	}
	c := make(chan Event, eventBacklog)
	h.listeners[c] = struct{}{}
	return c, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.listeners, c)
	}, true
}

// events streams what changes as server-sent events until the client goes, falls behind or the server stops.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodHead {
		w.Header().Set("Content-Type", "text/event-stream")
		return
	}
	events, end, ok := s.hub.listen()
	if !ok {
		fail(w, http.StatusServiceUnavailable, "too many listeners")
		return
	}
	defer end()
	out := newStream(w, "text/event-stream")
	if out.write([]byte(": kurir\n\n")) != nil {
		return
	}
	alive := time.NewTicker(keepAlive)
	defer alive.Stop()
	for {
		message := []byte(": alive\n\n")
		select {
		case <-r.Context().Done():
			return
		case e, ok := <-events:
			if !ok {
				return
			}
			data, err := json.Marshal(e)
			if err != nil {
				s.log.Error("event not sent", "error", err)
				continue
			}
			message = fmt.Appendf(nil, "event: %s\ndata: %s\n\n", e.Type, data)
		case <-alive.C:
		}
		if out.write(message) != nil {
			return
		}
	}
}

// stream is an answer in pieces, each of which has answerWithin to get out. Safe for concurrent use.
type stream struct {
	mu sync.Mutex
	w  http.ResponseWriter
	rc *http.ResponseController
}

func newStream(w http.ResponseWriter, contentType string) *stream {
	rc := http.NewResponseController(w)
	_ = rc.SetReadDeadline(time.Time{}) // the request has been read; its body's deadline must not end the stream
	w.Header().Set("Content-Type", contentType)
	return &stream{w: w, rc: rc}
}

func (s *stream) write(b []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.rc.SetWriteDeadline(time.Now().Add(answerWithin)); err != nil {
		return err
	}
	if _, err := s.w.Write(b); err != nil {
		return err
	}
	return s.rc.Flush()
}
