package control

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener within the process: time stands still for what waits on it in a bubble.
type pipes chan net.Conn

func (p pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p <- server:
		return client, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p pipes) Accept() (net.Conn, error) {
	c, open := <-p
	if !open {
		return nil, net.ErrClosed
	}
	return c, nil
}

func (p pipes) Close() error   { close(p); return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

// slowly takes its time to try again.
type slowly struct {
	*agentStub
	takes time.Duration
}

func (a slowly) Retry(ctx context.Context, _ RetryRequest) ([]string, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(a.takes):
		return []string{"lane-1/A", "lane-1/B"}, nil
	}
}

// TestRetryTakesItsTime has so many sets tried again that it takes far longer than any other answer may.
func TestRetryTakesItsTime(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := NewServer(Options{DataDir: dir, Token: "word", Logger: slog.New(slog.DiscardHandler),
			Source: &agentStub{}, Actions: slowly{&agentStub{}, 20 * time.Minute}})
		server := s.httpServer(t.Context())
		l := make(pipes)
		ended := make(chan error, 1)
		go func() { ended <- server.Serve(l) }()
		c := newClient("http://localhost", "word", l.dial)
		ids, err := c.Retry(t.Context(), RetryRequest{Failed: true})
		if err != nil || !slices.Equal(ids, []string{"lane-1/A", "lane-1/B"}) {
			t.Errorf("tried again: %v, %v", ids, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if ids, err := c.Retry(ctx, RetryRequest{Failed: true}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("of one who does not wait: %v, %v", ids, err)
		}
		c.slow.CloseIdleConnections()
		_ = server.Close()
		<-ended
	})
}

// TestWhatIsTriedAgainIsSaid whatever is not.
func TestWhatIsTriedAgainIsSaid(t *testing.T) {
	broken := errors.New("retry lane-1/B: no room")
	c := serve(t, &agentStub{retry: func(RetryRequest) ([]string, error) { return []string{"lane-1/A"}, broken }}).client(t)
	ids, err := c.Retry(t.Context(), RetryRequest{Failed: true})
	if err == nil || err.Error() != broken.Error() || !slices.Equal(ids, []string{"lane-1/A"}) {
		t.Errorf("tried again: %v, %v", ids, err)
	}
}
