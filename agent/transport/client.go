// Package transport makes HTTP requests for the API clients: one at a time per call, with a token, the configured
// headers, a limit on concurrency and on rate, a watch on progress instead of a total time-out, verified TLS, bounded
// answers, and every failure classified into an *Error that says whether the server may have acted.
//
// It never tries again, with one exception: a request that was answered with 401 is repeated once with a new token. It
// never follows a redirect to another host and never shows a secret in an error or a log line. Its callers are the
// packages beacukai and t2g; the pipelines use its errors, Gate and Backoff.
package transport

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"
)

// Options are the settings of one API's connection.
type Options struct {
	BaseURL     string            // http or https; required
	Token       string            // a fixed token, or
	Login       *Login            // where to get one; with neither, requests carry no Authorization
	Headers     map[string]string // on every request, login and refresh included; their values are secrets
	Timeout     time.Duration     // how long a request may make no progress; 0 is 60 s
	Concurrency int               // requests in flight; 0 is 8
	Rate        float64           // requests per second; 0 is no limit
	Proxy       string            // a URL; "" takes the environment's
	CAFile      string            // PEM: roots besides the system's
	ClientCert  string            // PEM, with ClientKey: mutual TLS
	ClientKey   string            // PEM
	UserAgent   string            // "kurir/VERSION"
	TokenCache  string            // a file that keeps tokens and refused logins across restarts; "" is none
	Spool       string            // a folder of kurir's own for files through which long answers pass; "" is the system's
	Logger      *slog.Logger      // nil discards
	Now         func() time.Time  // nil is time.Now
	Observe     func(Exchange)    // told of every request that was made, from any goroutine; must not block; may be nil
}

// Exchange is one request on the wire as Options.Observe is told of it: no address, no content.
type Exchange struct {
	Op     string        // as in Error.Op
	Status int           // the HTTP status; 0 without a whole answer
	Code   int           // the code in the body of an answer that was refused; 0 when there is none
	Kind   Kind          // why it did not succeed; "" when it did
	Took   time.Duration // from the first look for a connection to the end of the answer
}

// Login is where and how to get a token.
type Login struct {
	URL        string
	RefreshURL string // "" logs in anew instead
	Username   string
	Password   string
}

// Request is one request to make.
type Request struct {
	Op     string // for errors and logs
	Method string
	Path   string // below BaseURL, begins with a slash
	Query  url.Values
	Header http.Header // Content-Type and the like; the configured headers and Authorization are added

	// Body opens the body from its beginning; nil is no body. It is called once per attempt. Read and Close of what it
	// returns are never called at the same time, and it is closed before Do returns.
	Body   func() (io.ReadCloser, error)
	Length int64 // of the body, exactly

	MaxAnswer int64 // bytes; a longer answer is a BadResponse. 0 is 1 MiB
	ReadOnly  bool  // the request changes nothing at the server, so its outcome is never unknown. True of every GET

	// Check says what an answer means: nil for success. It may be called twice, once per attempt. It sets Kind, Code,
	// Message and Unknown; the rest is filled in by Do. A nil Check refuses whatever is not a 2xx. It alone sees the answer
	// as it came, secrets that the server shows back included: what it takes from there is not kept or shown unless Hide,
	// HideIn or Clean has been over it.
	Check func(*Answer) *Error
}

// Answer is a complete answer of the server. Do returns it without this client's secrets in the body.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	Hidden bool // the body showed a secret, and is not as it came any more
}

const (
	defaultTimeout     = 60 * time.Second
	defaultConcurrency = 8
	defaultMaxAnswer   = 1 << 20
)

// Client makes requests to one API. It is safe for concurrent use.
type Client struct {
	base      *url.URL
	http      *http.Client
	headers   http.Header
	userAgent string
	timeout   time.Duration
	spool     string
	slots     chan struct{}
	pace      *pacer
	auth      authority
	redact    *redactor
	log       *slog.Logger
	now       func() time.Time
	observe   func(Exchange)
}

// An authority gives the tokens that requests carry.
type authority interface {
	// token returns a token that is believed to be valid, or an *Error. "" is no token.
	token(ctx context.Context) (string, error)
	// reject says that the server refused tok; it reports whether another one can be had.
	reject(tok string) bool
}

// New returns a client. It reads the certificate files and the token cache, and connects to nothing.
func New(o Options) (*Client, error) {
	base, err := parseURL("base_url", o.BaseURL)
	if err != nil {
		return nil, err
	}
	headers, err := checkHeaders(o)
	if err != nil {
		return nil, err
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.Concurrency <= 0 {
		o.Concurrency = defaultConcurrency
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.UserAgent == "" {
		o.UserAgent = "kurir"
	}
	if o.Observe == nil {
		o.Observe = func(Exchange) {}
	}
	rt, err := newRoundTripper(o)
	if err != nil {
		return nil, err
	}
	c := &Client{
		base:      base,
		http:      &http.Client{Transport: rt, CheckRedirect: checkRedirect},
		headers:   headers,
		userAgent: o.UserAgent,
		timeout:   o.Timeout,
		spool:     o.Spool,
		slots:     make(chan struct{}, o.Concurrency),
		pace:      newPacer(o.Rate),
		auth:      fixedToken(o.Token),
		redact:    newRedactor(o),
		log:       o.Logger,
		now:       o.Now,
		observe:   o.Observe,
	}
	if o.Spool != "" { // whatever their age: one in use has no name any more, or cannot be removed
		sweep(o.Spool, spoolName, 0)
	}
	if o.Login != nil {
		if c.auth, err = newSession(c, *o.Login, o.TokenCache); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// Close closes idle connections. Requests under way are not affected.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Do makes one request and returns its complete answer, or an *Error. When an answer arrived that Check refused, both
// are returned. Do waits for a free slot and for the rate; that waiting is not counted in the time-out.
func (c *Client) Do(ctx context.Context, r Request) (*Answer, error) {
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return nil, &Error{Kind: Network, Op: r.Op, Err: Say("wait_connection", "wait for a free connection: %v", ctx.Err())}
	}
	if err := paused(ctx, r.Op); err != nil {
		return nil, err
	}
	ans, err := c.authorized(ctx, r)
	doubted(ctx, err) // before the next one has this slot
	return ans, err
}

// authorized makes the request with a token, and once more with a new one if that is refused.
func (c *Client) authorized(ctx context.Context, r Request) (*Answer, error) {
	tok, err := c.auth.token(ctx)
	if err != nil {
		return nil, err
	}
	ans, err := c.attempt(ctx, r, tok)
	if !isUnauthorized(err) || !c.auth.reject(tok) {
		return ans, err
	}
	c.log.Debug("token refused, getting a new one", "op", r.Op)
	if tok, err = c.auth.token(ctx); err != nil {
		return nil, err
	}
	ans, err = c.attempt(ctx, r, tok)
	if isUnauthorized(err) {
		c.auth.reject(tok)
	}
	return ans, err
}

// Authenticate makes sure that there is a token, and returns an *Error when none can be had. It is for the check
// command: with a fixed token, or without any, it has nothing to do.
func (c *Client) Authenticate(ctx context.Context) error {
	_, err := c.auth.token(ctx)
	return err
}

// attempt makes the request once, with tok.
func (c *Client) attempt(ctx context.Context, r Request, tok string) (*Answer, error) {
	u := c.base.JoinPath(r.Path)
	u.RawQuery = r.Query.Encode()
	e := exchange{
		op: r.Op, method: r.Method, url: u, header: r.Header.Clone(), body: r.Body, length: r.Length,
		maxAnswer: r.MaxAnswer, readOnly: r.ReadOnly || r.Method == http.MethodGet, gated: true, check: r.Check,
	}
	if e.header == nil {
		e.header = http.Header{}
	}
	if tok != "" {
		e.header.Set("Authorization", "Bearer "+tok)
	}
	ans, fail := c.send(ctx, e)
	if fail != nil {
		return ans, fail
	}
	return ans, nil
}

// fixedToken is a token from the configuration; "" is none.
type fixedToken string

func (t fixedToken) token(context.Context) (string, error) { return string(t), nil }
func (t fixedToken) reject(string) bool                    { return false }

func isUnauthorized(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Kind == Unauthorized
}
