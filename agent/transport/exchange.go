package transport

import (
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// An exchange is one request on the wire and its answer.
type exchange struct {
	op        string
	method    string
	url       *url.URL
	header    http.Header
	body      func() (io.ReadCloser, error)
	length    int64
	maxAnswer int64
	readOnly  bool
	private   bool // a good answer holds secrets that are not known yet
	gated     bool // it is not made when the pass of its context has been overtaken
	check     func(*Answer) *Error
}

// progress is what is known of an exchange under way. The hooks that set it run on the HTTP client's goroutines.
type progress struct {
	watch    *watch
	left     func()      // tells the pacer that the request leaves
	sent     atomic.Bool // a byte of the request may have left
	answered atomic.Bool // the first byte of an answer came

	mu     sync.Mutex
	local  error // our own side could not deliver the body
	bodies []*sentBody
}

// send makes one exchange and returns the complete answer, or an *Error, or both when e.check refuses the answer.
func (c *Client) send(ctx context.Context, e exchange) (*Answer, *Error) {
	if e.maxAnswer <= 0 {
		e.maxAnswer = defaultMaxAnswer
	}
	left, err := c.pace.wait(ctx)
	if err != nil {
		return nil, c.finish(e, nil, &Error{Kind: Network, Err: Say("wait_rate", "wait for the rate: %v", err)})
	}
	defer left()
	if e.gated {
		if err := paused(ctx, e.op); err != nil {
			return nil, err
		}
	}
	start := time.Now()
	ans, fail := c.roundTrip(ctx, e, left)
	if fail == nil && e.check != nil {
		fail = e.check(ans)
	} else if fail == nil && ans.Status/100 != 2 {
		fail = ans.Refusal()
	}
	status := 0
	if ans != nil {
		status = ans.Status
	}
	took := time.Since(start)
	if fail == nil {
		c.observe(Exchange{Op: e.op, Status: status, Took: took})
		c.log.Debug("request done", "op", e.op, "http_status", status, "since", start, "duration", took)
		return c.fitToKeep(ans), nil
	}
	fail = c.finish(e, ans, fail)
	c.observe(Exchange{Op: e.op, Status: status, Code: fail.Code, Kind: fail.Kind, Took: took})
	c.log.Debug("request failed", "op", e.op, "http_status", status, "since", start, "duration", took, "kind", fail.Kind, "error", fail)
	return c.fitToKeep(ans), fail
}

// fitToKeep takes the secrets out of an answer, once it has been understood: letters of a secret may be part of a number or
// of a PDF.
func (c *Client) fitToKeep(a *Answer) *Answer {
	if a != nil {
		a.Body, a.Hidden = c.redact.answer(a.Body)
	}
	return a
}

// roundTrip sends the request, calls left when it leaves, and reads the answer to its end. When it returns, the body of the
// request is closed.
func (c *Client) roundTrip(parent context.Context, e exchange, left func()) (*Answer, *Error) {
	ctx, cancel := context.WithCancel(parent)
	p := &progress{watch: newWatch(c.timeout, cancel), left: left}
	defer p.waitClosed()
	defer cancel()
	defer p.watch.stop()

	req, err := c.newRequest(httptrace.WithClientTrace(ctx, p.trace()), e, p)
	if err != nil {
		return nil, &Error{Kind: Local, Err: err}
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, p.failure(parent, err)
	}
	defer resp.Body.Close()
	p.watch.enter(phaseRead)
	ans := &Answer{Status: resp.StatusCode, Header: resp.Header}
	ans.Body, err = c.readAnswer(resp, e.maxAnswer, p.watch)
	switch {
	case err == nil:
		return ans, nil
	case ans.Status >= 400 && parent.Err() == nil:
		// The status alone is an answer; what came of the body is good enough to be shown.
		return ans, nil
	}
	return nil, p.readFailure(parent, ans.Status, err)
}

// newRequest builds the request with all its headers. It opens the body.
func (c *Client) newRequest(ctx context.Context, e exchange, p *progress) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, e.method, e.url.String(), nil)
	if err != nil {
		return nil, Say("build_request", "build request: %v", err)
	}
	for name, values := range c.headers {
		req.Header[name] = values
	}
	for name, values := range e.header {
		req.Header[name] = values
	}
	req.Header.Set("User-Agent", c.userAgent)
	if req.Header.Get("Accept") == "" {
		req.Header.Set("Accept", "application/json")
	}
	if e.body == nil {
		return req, nil
	}
	open := func() (io.ReadCloser, error) { return p.open(e.body, e.length) }
	req.ContentLength = e.length
	req.GetBody = open // used only while nothing of the request has been written to a connection that proved dead
	if req.Body, err = open(); err != nil {
		return nil, err
	}
	return req, nil
}

// trace reports each stage as progress, and notes when bytes may have left.
func (p *progress) trace() *httptrace.ClientTrace {
	moved := p.watch.progress
	return &httptrace.ClientTrace{
		DNSDone:      func(httptrace.DNSDoneInfo) { moved() },
		ConnectDone:  func(string, string, error) { moved() },
		GotConn:      func(i httptrace.GotConnInfo) { p.watch.follow(i.Conn); p.watch.enter(phaseSend) },
		WroteHeaders: func() { p.left(); p.sent.Store(true); moved() },
		WroteRequest: func(httptrace.WroteRequestInfo) { p.watch.enter(phaseWait) },
		GotFirstResponseByte: func() {
			p.answered.Store(true)
			moved()
		},
	}
}
