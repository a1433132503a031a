package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// How many a client gets that does not say how many it wants; limit=0 asks for all.
const defaultLimit = 1000

// Health is the answer of /healthz and /readyz.
type Health struct {
	Status   string    `json:"status"` // ok, or not_ready
	Version  string    `json:"version"`
	Instance string    `json:"instance,omitempty"` // names the agent that runs, new at each start
	Problems []Problem `json:"problems,omitempty"`
}

// apiError is the body of every refusal.
type apiError struct {
	Status  int    `json:"status"`
	Message string `json:"message"`
}

func (s *Server) routes() *router {
	mux := newRouter(s.bearsToken)
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.HandleFunc("GET /api/v1/status", s.status)
	mux.HandleFunc("GET /api/v1/sets", s.sets)
	mux.HandleFunc("GET /api/v1/documents", s.documents)
	mux.HandleFunc("GET /api/v1/lists", s.lists)
	mux.HandleFunc("GET /api/v1/history", s.history)
	mux.HandleFunc("GET /api/v1/events", s.events)
	mux.HandleFunc("GET /api/v1/logs", s.logs)
	if s.o.Metrics != nil {
		mux.Handle("GET /metrics", s.o.Metrics)
	}
	mux.HandleFunc("GET /api/v1/openapi.yaml", s.openapi)
	if s.o.Actions != nil {
		mux.HandleFunc("POST /api/v1/retry", s.retry)
		mux.HandleFunc("POST /api/v1/send", s.send)
		mux.HandleFunc("POST /api/v1/poll", s.poll)
		s.journalRoutes(mux)
	}
	if s.o.Check != nil {
		mux.HandleFunc("POST /api/v1/check", s.check)
	}
	if s.o.Files != nil {
		mux.HandleFunc("GET /api/v1/sets/image", s.photo)
		mux.HandleFunc("GET /api/v1/documents/file", s.documentFile)
	}
	if s.o.Listen != "" {
		mux.HandleFunc("GET /{$}", s.page)
		mux.HandleFunc("GET /assets/{name}", s.asset)
		mux.HandleFunc("GET /assets/reasons.json", s.reasons)
	}
	return mux
}

func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, Health{Status: "ok", Version: s.o.Version, Instance: instance(s.o.Token)})
}

func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	h := Health{Status: "ok", Version: s.o.Version}
	o, err := s.o.Source.Overview(r.Context())
	if err != nil {
		h.Problems = []Problem{{Subject: "journal", Code: "internal", Message: err.Error()}}
	} else {
		h.Problems = o.Obstacles()
	}
	if len(h.Problems) > 0 {
		h.Status = "not_ready"
		answer(w, http.StatusServiceUnavailable, h)
		return
	}
	answer(w, http.StatusOK, h)
}

func (s *Server) status(w http.ResponseWriter, r *http.Request) {
	o, err := s.o.Source.Overview(r.Context())
	o.Inboxes, o.APIs, o.Problems, o.Alarms = nonNil(o.Inboxes), nonNil(o.APIs), nonNil(o.Problems), nonNil(o.Alarms)
	s.reply(w, o, err)
}

func (s *Server) history(w http.ResponseWriter, r *http.Request) {
	h, err := s.o.Source.History(r.Context())
	h.Buckets = nonNil(h.Buckets)
	s.reply(w, h, err)
}

func (s *Server) sets(w http.ResponseWriter, r *http.Request) {
	q, err := parseQuery(r)
	if err != nil {
		s.reply(w, nil, err)
		return
	}
	found, err := s.o.Source.Sets(r.Context(), q)
	found.Sets = nonNil(found.Sets)
	s.reply(w, found, err)
}

func (s *Server) documents(w http.ResponseWriter, r *http.Request) {
	q, err := parseQuery(r)
	if err != nil {
		s.reply(w, nil, err)
		return
	}
	found, err := s.o.Source.Documents(r.Context(), q)
	found.Documents = nonNil(found.Documents)
	s.reply(w, found, err)
}

func (s *Server) lists(w http.ResponseWriter, r *http.Request) {
	q, err := parseQuery(r)
	if err != nil {
		s.reply(w, nil, err)
		return
	}
	found, err := s.o.Source.Lists(r.Context(), q)
	s.reply(w, map[string]any{"lists": nonNil(found)}, err)
}

// reply answers with v, or with what err means.
func (s *Server) reply(w http.ResponseWriter, v any, err error) {
	if e := s.refusal(err); e != nil {
		answer(w, e.Status, map[string]any{"error": e})
		return
	}
	answer(w, http.StatusOK, v)
}

// refusal maps an error to what the client gets of it; nil for nil.
func (s *Server) refusal(err error) *apiError {
	if err == nil {
		return nil
	}
	e := &apiError{Status: http.StatusInternalServerError, Message: err.Error()}
	switch {
	case errors.Is(err, ErrNoMatch):
		e.Status = http.StatusNotFound
	case errors.Is(err, ErrInvalid):
		e.Status = http.StatusBadRequest
	default:
		s.log.Warn("control request failed", "error", err)
	}
	return e
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may have gone
}

func fail(w http.ResponseWriter, status int, message string) {
	answer(w, status, map[string]any{"error": apiError{Status: status, Message: message}})
}

func parseQuery(r *http.Request) (Query, error) {
	v := r.URL.Query()
	q := Query{ID: v.Get("id"), Inbox: v.Get("inbox"), State: v.Get("state"), Search: v.Get("search"), List: v.Get("list"),
		After: v.Get("after"), Limit: defaultLimit}
	if text := v.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return q, fmt.Errorf("%w: limit %q is not a number from 0", ErrInvalid, text)
		}
		q.Limit = n
	}
	return q, nil
}

// nonNil makes an empty answer [] instead of null.
func nonNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
