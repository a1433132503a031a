package beacukai

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"kurir/agent/transport"
)

// The names of the operations, in errors and logs.
const (
	opKirim = "kirim"
	opAdd   = "add"
	opGet   = "get"
)

// Client makes the three calls. It is safe for concurrent use.
type Client struct {
	tc   *transport.Client
	path string
}

// New returns a client on tc. xrayPath goes before /kirim-foto-xray and the like: "/xray", or "".
func New(tc *transport.Client, xrayPath string) *Client {
	if xrayPath = strings.Trim(xrayPath, "/"); xrayPath != "" {
		xrayPath = "/" + xrayPath
	}
	return &Client{tc: tc, path: xrayPath}
}

// Kirim sends the first photos of a declaration. Every error is a *transport.Error; where its Unknown is set, the
// photos may have been stored. When it returns, no image is open any more.
func (c *Client) Kirim(ctx context.Context, d Declaration, images []Image) (Answer, error) {
	return c.upload(ctx, opKirim, "/kirim-foto-xray", d, images)
}

// Add sends more photos of a declaration that the server already has photos of. Errors are as Kirim's.
func (c *Client) Add(ctx context.Context, d Declaration, images []Image) (Answer, error) {
	return c.upload(ctx, opAdd, "/add-foto-xray", d, images)
}

func (c *Client) upload(ctx context.Context, op, path string, d Declaration, images []Image) (Answer, error) {
	form, err := newForm(d, images)
	if err != nil {
		return Answer{}, &transport.Error{Kind: transport.Local, Op: op, Err: err}
	}
	var answer Answer
	raw, err := c.tc.Do(ctx, transport.Request{
		Op:     op,
		Method: http.MethodPost,
		Path:   c.path + path,
		Header: http.Header{"Content-Type": {form.contentType}},
		Body:   form.open,
		Length: form.length,
		Check: func(a *transport.Answer) (fail *transport.Error) {
			answer, fail = readAnswer(a, d)
			return fail
		},
	})
	if err != nil {
		return Answer{}, err
	}
	answer.Message, answer.Raw = c.tc.Clean(answer.Message), transport.TrimBOM(raw.Body)
	return answer, nil
}

// Get asks what has arrived of a declaration, by its nomorAju. A declaration without photos is an error of kind
// NotFound. Every error is a *transport.Error.
func (c *Client) Get(ctx context.Context, d Declaration) (Listing, error) {
	var listing Listing
	raw, err := c.tc.Do(ctx, transport.Request{
		Op:     opGet,
		Method: http.MethodGet,
		Path:   c.path + "/get-foto-xray",
		Query:  url.Values{"nomorAju": {d.NomorAju}},
		Check: func(a *transport.Answer) (fail *transport.Error) {
			listing, fail = readListing(a, d)
			return fail
		},
	})
	if err != nil {
		return Listing{}, err
	}
	listing.Raw = transport.TrimBOM(raw.Body)
	return listing, nil
}
