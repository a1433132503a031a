package control

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"kurir/agent/journal"
)

// submission is the body of POST /api/v1/send and /poll.
type submission struct {
	Inbox string   `json:"inbox,omitempty"`
	Paths []string `json:"paths,omitempty"`
	Cars  []string `json:"cars,omitempty"`
}

// progress is one line of the answer to a submission: what changed, and at the end the outcome.
type progress struct {
	Set       *Set            `json:"set,omitempty"`
	Document  *Document       `json:"document,omitempty"`
	Result    *CheckResult    `json:"result,omitempty"`
	End       bool            `json:"end,omitempty"`
	Sets      []Set           `json:"sets,omitempty"`
	Documents []Document      `json:"documents,omitempty"`
	Ledger    *journal.Ledger `json:"ledger,omitempty"`
	Sizes     *JournalSizes   `json:"sizes,omitempty"`
	Error     *apiError       `json:"error,omitempty"`
}

// retried is the answer to POST /api/v1/retry: what is tried again, and why some of what was asked for is not.
type retried struct {
	IDs   []string  `json:"ids"`
	Error *apiError `json:"error,omitempty"`
}

func (s *Server) retry(w http.ResponseWriter, r *http.Request) {
	var request RetryRequest
	if err := readJSON(r, &request); err != nil {
		s.reply(w, nil, err)
		return
	}
	if request.Failed == (len(request.IDs) > 0) {
		s.reply(w, nil, fmt.Errorf("%w: give either ids or failed", ErrInvalid))
		return
	}
	rc := http.NewResponseController(w)
	_ = rc.SetWriteDeadline(time.Time{}) // thousands of folders that move back take their time
	ids, err := s.o.Actions.Retry(r.Context(), request)
	_ = rc.SetWriteDeadline(time.Now().Add(answerWithin))
	if err == nil && len(ids) == 0 {
		err = ErrNoMatch
	}
	if e := s.refusal(err); e != nil && len(ids) > 0 {
		answer(w, e.Status, retried{IDs: ids, Error: e})
		return
	}
	s.reply(w, retried{IDs: ids}, err)
}

func (s *Server) send(w http.ResponseWriter, r *http.Request) {
	var request submission
	err := readJSON(r, &request)
	if err == nil && (len(request.Paths) == 0 || slices.ContainsFunc(request.Paths, notAbsolute)) {
		err = fmt.Errorf("%w: give absolute paths", ErrInvalid)
	}
	if err != nil {
		s.reply(w, nil, err)
		return
	}
	s.follow(w, r, func(tell func(progress)) progress {
		sets, err := s.o.Actions.Send(r.Context(), request.Inbox, request.Paths,
			func(set Set) { tell(progress{Set: &set}) })
		return progress{Sets: sets, Error: s.refusal(err)}
	})
}

func (s *Server) poll(w http.ResponseWriter, r *http.Request) {
	var request submission
	err := readJSON(r, &request)
	if err == nil && len(request.Cars) == 0 {
		err = fmt.Errorf("%w: give cars", ErrInvalid)
	}
	if err != nil {
		s.reply(w, nil, err)
		return
	}
	s.follow(w, r, func(tell func(progress)) progress {
		documents, err := s.o.Actions.Poll(r.Context(), request.Inbox, request.Cars,
			func(d Document) { tell(progress{Document: &d}) })
		return progress{Documents: documents, Error: s.refusal(err)}
	})
}

// follow answers with one JSON object a line while work goes on: what changes, an empty line now and then so that
// the client knows that someone is there, and last the outcome, with "end".
func (s *Server) follow(w http.ResponseWriter, _ *http.Request, work func(tell func(progress)) progress) {
	out := newStream(w, "application/x-ndjson")
	tell := func(p progress) {
		line, err := json.Marshal(p)
		if err != nil {
			s.log.Error("progress not sent", "error", err)
			return
		}
		_ = out.write(append(line, '\n')) // a client that went is seen by the request's context
	}
	_ = out.write([]byte("\n"))
	done := make(chan struct{})
	var alive sync.WaitGroup
	alive.Go(func() {
		tick := time.NewTicker(keepAlive)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				_ = out.write([]byte("\n"))
			}
		}
	})
	last := work(tell)
	close(done)
	alive.Wait()
	last.End = true
	tell(last)
}

func readJSON(r *http.Request, v any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("%w: %v", ErrInvalid, strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

func notAbsolute(path string) bool { return !filepath.IsAbs(path) }
