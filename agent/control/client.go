package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	dialWithin = 2 * time.Second
	readWithin = time.Minute // for one answer that is no stream
)

// Client talks to the running agent of a data folder. It is a Source and Actions, like the agent itself. Safe for
// concurrent use.
type Client struct {
	base  string
	token string
	http  *http.Client
	slow  *http.Client // for what may take however long to be answered
}

var (
	_ Source  = (*Client)(nil)
	_ Actions = (*Client)(nil)
)

// Dial finds the agent that runs on dataDir and makes sure that it answers. ErrNotRunning when none does, whatever an
// earlier one has left behind; another error when control.json is there and may not be read.
func Dial(ctx context.Context, dataDir string) (*Client, error) {
	file, err := readAddressFile(dataDir)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("%w; use the account that the agent runs as", err)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrNotRunning, err)
	}
	host, port, err := net.SplitHostPort(file.Address)
	if err != nil {
		return nil, fmt.Errorf("%w: control address: %w", ErrNotRunning, err)
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
		if ip.To4() == nil {
			host = "::1"
		}
	}
	c := newClient("http://"+net.JoinHostPort(host, port), file.Token, (&net.Dialer{Timeout: dialWithin}).DialContext)
	ctx, cancel := context.WithTimeout(ctx, 2*dialWithin)
	defer cancel()
	var h Health
	if err := c.get(ctx, "/healthz", nil, &h); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotRunning, err)
	}
	if h.Instance != instance(file.Token) {
		return nil, fmt.Errorf("%w: another program answers at %s", ErrNotRunning, file.Address)
	}
	return c, nil
}

func newClient(base, token string, dial func(ctx context.Context, network, address string) (net.Conn, error)) *Client {
	within := func(header time.Duration) *http.Client {
		return &http.Client{Transport: &http.Transport{ // no proxy: it is this machine
			DialContext: dial, ResponseHeaderTimeout: header, IdleConnTimeout: 10 * time.Second,
		}}
	}
	return &Client{base: base, token: token, http: within(readWithin), slow: within(0)}
}

// URL is where the agent listens, as a page address.
func (c *Client) URL() string { return c.base + "/" }

// PageURL is URL with the token behind the #: whoever opens it may change things. It is for the eyes of who asked.
func (c *Client) PageURL() string { return c.URL() + "#token=" + url.QueryEscape(c.token) }

// Overview implements Source.
func (c *Client) Overview(ctx context.Context) (Overview, error) {
	var o Overview
	err := c.get(ctx, "/api/v1/status", nil, &o)
	return o, err
}

// Sets implements Source.
func (c *Client) Sets(ctx context.Context, q Query) (Sets, error) {
	var found Sets
	err := c.get(ctx, "/api/v1/sets", q.values(), &found)
	return found, err
}

// Documents implements Source.
func (c *Client) Documents(ctx context.Context, q Query) (Documents, error) {
	var found Documents
	err := c.get(ctx, "/api/v1/documents", q.values(), &found)
	return found, err
}

// Lists implements Source.
func (c *Client) Lists(ctx context.Context, q Query) ([]List, error) {
	var found struct{ Lists []List }
	err := c.get(ctx, "/api/v1/lists", q.values(), &found)
	return found.Lists, err
}

// History implements Source.
func (c *Client) History(ctx context.Context) (History, error) {
	var found History
	err := c.get(ctx, "/api/v1/history", nil, &found)
	return found, err
}

// Retry implements Actions. It waits for as long as it takes.
func (c *Client) Retry(ctx context.Context, r RetryRequest) ([]string, error) {
	patient := *c
	patient.http = c.slow
	response, err := patient.do(ctx, http.MethodPost, "/api/v1/retry", r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	var found retried
	if err := json.NewDecoder(response.Body).Decode(&found); err != nil {
		return nil, fmt.Errorf("read the agent's answer: HTTP status %d: %w", response.StatusCode, err)
	}
	if found.Error != nil {
		return found.IDs, found.Error.err()
	}
	return found.IDs, nil
}

// Send implements Actions.
func (c *Client) Send(ctx context.Context, inbox string, paths []string, tell func(Set)) ([]Set, error) {
	last, err := c.follow(ctx, "/api/v1/send", submission{Inbox: inbox, Paths: paths}, func(p progress) {
		if p.Set != nil && tell != nil {
			tell(*p.Set)
		}
	})
	return last.Sets, err
}

// Poll implements Actions.
func (c *Client) Poll(ctx context.Context, inbox string, cars []string, tell func(Document)) ([]Document, error) {
	last, err := c.follow(ctx, "/api/v1/poll", submission{Inbox: inbox, Cars: cars}, func(p progress) {
		if p.Document != nil && tell != nil {
			tell(*p.Document)
		}
	})
	return last.Documents, err
}

// Events calls tell for each event, one at a time, until ctx ends (then the error is ctx's) or the agent stops. The
// events begin at some moment after the call, so that whoever needs the whole reads Sets and Documents after ready
// has been called. ready may be nil.
func (c *Client) Events(ctx context.Context, ready func(), tell func(Event)) error {
	var kind string
	return c.stream(ctx, http.MethodGet, "/api/v1/events", nil, func(line []byte) error {
		switch name, value, _ := bytes.Cut(line, []byte(": ")); string(name) {
		case "":
			if ready != nil {
				ready()
				ready = nil
			}
		case "event":
			kind = string(value)
		case "data":
			e := Event{Type: kind}
			if err := json.Unmarshal(value, &e); err != nil {
				return fmt.Errorf("read event: %w", err)
			}
			tell(e)
		}
		return nil
	})
}

func (q Query) values() url.Values {
	v := url.Values{"limit": {strconv.Itoa(q.Limit)}}
	for key, value := range map[string]string{"id": q.ID, "inbox": q.Inbox, "state": q.State, "search": q.Search,
		"list": q.List, "after": q.After} {
		if value != "" {
			v.Set(key, value)
		}
	}
	return v
}
