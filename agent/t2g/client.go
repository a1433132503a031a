package t2g

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strings"

	"kurir/agent/transport"
)

const (
	opStatus   = "statusrespon"
	opResponse = "getresbycar"

	defaultStatusPath = "/api/getlog/statusrespon"

	maxAnswer = 200 << 20 // PDFs travel inside
)

// Client makes the two calls. It is safe for concurrent use.
type Client struct {
	tc            *transport.Client
	edinumber     string
	statusPath    string
	responsePaths map[string]string
}

// New returns a client on tc.
func New(tc *transport.Client, o Options) *Client {
	if o.StatusResponPath == "" {
		o.StatusResponPath = defaultStatusPath
	}
	return &Client{
		tc:            tc,
		edinumber:     o.EDINumber,
		statusPath:    o.StatusResponPath,
		responsePaths: maps.Clone(o.ResponsePaths),
	}
}

// StatusRespon asks for the status and the list of responses of car. Every error is a *transport.Error. Raw is set
// whenever an answer came, also beside an error.
func (c *Client) StatusRespon(ctx context.Context, car, kodeDokumen string) (StatusAnswer, error) {
	body := map[string]string{"edinumber": c.edinumber, "car": car, "kode_dokumen": kodeDokumen}
	var answer StatusAnswer
	raw, hidden, err := c.post(ctx, opStatus, c.statusPath, body, func(a *transport.Answer) (fail *transport.Error) {
		answer, fail = readStatus(a, car)
		return fail
	})
	if err != nil {
		return StatusAnswer{Raw: raw}, err
	}
	answer.hide(c.tc, hidden)
	answer.Raw = raw
	return answer, nil
}

// GetResByCar asks for the content of car's responses. Every error is a *transport.Error, or ErrNoPath wrapped. Raw is
// set whenever an answer came, also beside an error; Entries share its memory where nothing was hidden.
func (c *Client) GetResByCar(ctx context.Context, car, kodeDokumen string) (ResponseAnswer, error) {
	path, ok := c.responsePaths[kodeDokumen]
	if !ok || path == "" {
		return ResponseAnswer{}, transport.Say("of_kode_dokumen", "kode_dokumen %q: %v", kodeDokumen, ErrNoPath)
	}
	body := map[string]string{"edinumber": c.edinumber, "car": car}
	var answer ResponseAnswer
	raw, hidden, err := c.post(ctx, opResponse, path, body, func(a *transport.Answer) (fail *transport.Error) {
		answer, fail = readResponses(a, car)
		return fail
	})
	if err != nil {
		return ResponseAnswer{Raw: raw}, err
	}
	answer.hide(c.tc, hidden)
	answer.Raw = raw
	return answer, nil
}

// post asks one question. It returns the answer's body even when check refused it, and whether a secret was taken out.
func (c *Client) post(ctx context.Context, op, path string, fields map[string]string,
	check func(*transport.Answer) *transport.Error,
) (raw []byte, hidden bool, err error) {
	body, err := json.Marshal(fields)
	if err != nil {
		return nil, false, &transport.Error{Kind: transport.Local, Op: op, Err: transport.Say("encode_question", "encode question: %v", err)}
	}
	answer, err := c.tc.Do(ctx, transport.Request{
		Op:        op,
		Method:    http.MethodPost,
		Path:      "/" + strings.TrimLeft(path, "/"),
		Header:    http.Header{"Content-Type": {"application/json"}},
		Body:      func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil },
		Length:    int64(len(body)),
		MaxAnswer: maxAnswer,
		ReadOnly:  true,
		Check:     check,
	})
	if answer == nil {
		return nil, false, err
	}
	return answer.Body, answer.Hidden, err
}
