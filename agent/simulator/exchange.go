package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Header names of the simulator's own, for people who wonder about an answer.
const (
	hintHeader  = "Simulator-Hint"  // why a request was refused, where the published body has no room for it
	faultHeader = "Simulator-Fault" // which scripted fault this answer is
)

// answer is what a request will be told.
type answer struct {
	status int
	code   int // the code in the body, where the API has one
	header map[string]string
	body   []byte
}

// note adds a hint for people to the answer.
func (a answer) note(format string, args ...any) answer {
	return a.with(hintHeader, fmt.Sprintf(format, args...))
}

// with adds a header to the answer; what has no place in a header becomes a blank.
func (a answer) with(name, value string) answer {
	header := map[string]string{name: strings.Map(printable, value)}
	for k, v := range a.header {
		header[k] = v
	}
	a.header = header
	return a
}

func printable(r rune) rune {
	if r < ' ' || r > '~' {
		return ' '
	}
	return r
}

// jsonAnswer encodes body as the APIs do: one line, no HTML escapes.
func jsonAnswer(status int, body any) answer {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(body); err != nil {
		return answer{status: http.StatusInternalServerError, body: []byte(err.Error())}
	}
	return answer{status: status, body: []byte(strings.TrimSuffix(b.String(), "\n"))}
}

// refusal is an answer that ends the work on a request early.
type refusal struct{ answer }

func (r refusal) Error() string { return "HTTP status " + strconv.Itoa(r.status) }

// exchange is one request and what becomes of it. It lives in the goroutine of its handler.
type exchange struct {
	s     *Server
	w     http.ResponseWriter
	r     *http.Request
	rec   Request
	rule  *Rule         // the effect that befalls this request, nil when none does
	delay time.Duration // before the answer
	rate  int64         // bytes of the body read per second; 0: no limit
	read  int64         // bytes of the body read so far
	err   error         // what reading the body ended with, other than its end

	concluded bool
}

// exchange serves one published path and records it, however it ends.
func (s *Server) exchange(w http.ResponseWriter, r *http.Request, e endpoint) {
	x := &exchange{s: s, w: w, r: r, rec: Request{
		At: s.now(), Op: e.op, Method: r.Method, Path: r.URL.Path, UserAgent: r.UserAgent(), ContentLength: r.ContentLength,
	}}
	s.store.arrived(s.inFlight.Add(1))
	defer s.inFlight.Add(-1)
	defer x.conclude()
	if err := x.meet(pointArrival, ""); err != nil {
		x.finish(x.refused(err))
		return
	}
	if r.Method != e.method {
		x.drain()
		x.finish(wrongMethod(e).note("this path takes %s, not %s", e.method, r.Method))
		return
	}
	x.finish(e.serve(x))
}

// conclude records the request, once: before the client can know of an answer, so that whoever has the answer finds
// the record.
func (x *exchange) conclude() {
	if x.concluded {
		return
	}
	x.concluded = true
	x.rec.Bytes = x.read
	x.rec.Took = x.s.now().Sub(x.rec.At)
	r := x.rec
	x.s.log.Info("request", "op", string(r.Op), "status", r.Status, "code", r.Code, "aju", r.Aju, "bytes", r.Bytes,
		"took", r.Took, "fault", r.Fault, "note", r.Note)
	if err := x.s.store.record(r); err != nil {
		x.s.fail(err)
	}
}

func wrongMethod(e endpoint) answer {
	return gatewayAnswer(http.StatusMethodNotAllowed, "Method Not Allowed").with("Allow", e.method)
}

// refused turns an error of the work into its answer.
func (x *exchange) refused(err error) answer {
	var r refusal
	if errors.As(err, &r) {
		return r.answer
	}
	return gatewayAnswer(http.StatusInternalServerError, err.Error())
}

// Read reads the body at the pace, and to the place, that the fault script wants.
func (x *exchange) Read(p []byte) (int, error) {
	if x.rule != nil && x.rule.When == WhenBody {
		left := x.r.ContentLength/2 - x.read
		if left <= 0 {
			x.endBadly()
		}
		p = p[:min(int64(len(p)), left)]
	}
	if x.rate > 0 {
		p = p[:min(int64(len(p)), max(1, x.rate/20))]
	}
	n, err := x.r.Body.Read(p)
	x.read += int64(n)
	if x.rate > 0 {
		x.sleep(time.Duration(n) * time.Second / time.Duration(x.rate))
	}
	if err != nil && err != io.EOF {
		x.err = err
	}
	return n, err
}

// drain reads the rest of the body, so that a client that is still sending gets to see the answer.
func (x *exchange) drain() {
	// An error means that the client has gone: then nobody reads the answer either.
	_, _ = io.Copy(io.Discard, x)
}

// finish sends the answer, or what the fault script makes of it.
func (x *exchange) finish(a answer) {
	if x.err != nil {
		x.rec.Note = fmt.Sprintf("the client broke off after %d bytes: %v", x.read, x.err)
		panic(http.ErrAbortHandler)
	}
	x.sleep(x.delay)
	a = x.spoil(a)
	x.rec.Status, x.rec.Code = a.status, a.code
	if hint := a.header[hintHeader]; hint != "" {
		x.rec.Note = hint
	}
	h := x.w.Header()
	h.Set("Content-Type", "application/json")
	for name, value := range a.header {
		h.Set(name, value)
	}
	h.Set("Content-Length", strconv.Itoa(len(a.body)))
	broken := x.rule != nil && x.rule.When == WhenAnswer
	if !broken {
		x.conclude()
	}
	x.w.WriteHeader(a.status)
	if broken {
		_, _ = x.w.Write(a.body[:len(a.body)/2]) // a client that has gone is no failure of ours
		_ = http.NewResponseController(x.w).Flush()
		x.endBadly()
	}
	_, _ = x.w.Write(a.body)
}

// sleep waits, but not longer than the client and the simulator.
func (x *exchange) sleep(d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-x.r.Context().Done():
	case <-x.s.done:
	}
}
