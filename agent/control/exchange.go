package control

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

const (
	silence = 3 * keepAlive // after which a stream's server is taken for dead
	maxLine = 64 << 20      // one line of a stream: the outcome of a submission
)

// follow submits v and tells of each line of the answer; it returns the last, which holds the outcome.
func (c *Client) follow(ctx context.Context, path string, v any, tell func(progress)) (progress, error) {
	var last progress
	err := c.stream(ctx, http.MethodPost, path, v, func(line []byte) error {
		if len(line) == 0 {
			return nil
		}
		var p progress
		if err := json.Unmarshal(line, &p); err != nil {
			return fmt.Errorf("read progress: %w", err)
		}
		if p.End {
			last = p
		} else {
			tell(p)
		}
		return nil
	})
	switch {
	case last.Error != nil:
		return last, last.Error.err()
	case err != nil:
		return last, err
	case !last.End:
		return last, errors.New("the agent stopped meanwhile; what it accepted goes on when it starts again")
	}
	return last, nil
}

// stream calls each for every line of an answer that comes in pieces. Silence longer than the server's sign of life
// is an error.
func (c *Client) stream(ctx context.Context, method, path string, v any, each func(line []byte) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	response, err := c.do(ctx, method, path, v)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return readAnswer(response, nil)
	}
	dead := time.AfterFunc(silence, func() { cancel(errors.New("the agent has gone silent")) })
	defer dead.Stop()
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		dead.Reset(silence)
		if err := each(lines.Bytes()); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := lines.Err(); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("listen to the agent: %w", err)
	}
	return nil
}

func (c *Client) get(ctx context.Context, path string, values url.Values, v any) error {
	if len(values) > 0 {
		path += "?" + values.Encode()
	}
	return c.ask(ctx, http.MethodGet, path, nil, v)
}

// ask makes a request with a JSON body, nil for none, and reads the answer into v.
func (c *Client) ask(ctx context.Context, method, path string, body, v any) error {
	response, err := c.do(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	return readAnswer(response, v)
}

func (c *Client) do(ctx context.Context, method, path string, v any) (*http.Response, error) {
	var body io.Reader
	if v != nil {
		b, err := json.Marshal(v)
		if err != nil {
			return nil, fmt.Errorf("ask the agent: %w", err)
		}
		body = bytes.NewReader(b)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, fmt.Errorf("ask the agent: %w", err)
	}
	if method != http.MethodGet {
		request.Header.Set("Authorization", "Bearer "+c.token)
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask the agent: %w", err)
	}
	return response, nil
}

// readAnswer reads an answer into v. A refusal becomes an error.
func readAnswer(response *http.Response, v any) error {
	if response.StatusCode != http.StatusOK {
		var refused struct{ Error apiError }
		if err := json.NewDecoder(io.LimitReader(response.Body, maxRequestBody)).Decode(&refused); err != nil {
			return fmt.Errorf("ask the agent: HTTP status %d", response.StatusCode)
		}
		return refused.Error.err()
	}
	if err := json.NewDecoder(response.Body).Decode(v); err != nil {
		return fmt.Errorf("read the agent's answer: %w", err)
	}
	return nil
}

// remoteError is an error that the agent reported: its words, and what errors.Is should know.
type remoteError struct {
	message string
	is      error // may be nil
}

func (e *remoteError) Error() string { return e.message }
func (e *remoteError) Unwrap() error { return e.is }

func (e *apiError) err() error {
	known := map[int]error{http.StatusNotFound: ErrNoMatch, http.StatusBadRequest: ErrInvalid}
	return &remoteError{message: e.Message, is: known[e.Status]}
}
