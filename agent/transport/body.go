package transport

import (
	"errors"
	"io"
	"sync"
)

// sentBody is a request body on its way. It tells our own failures from the network's, a body that ends too early
// among them, and lets the sender wait until it is closed.
type sentBody struct {
	p      *progress
	closed chan struct{}

	mu   sync.Mutex // the HTTP client may close while it reads
	body io.ReadCloser
	left int64 // of the declared length
	done bool
}

var errBodyClosed = errors.New("request body is closed")

// open opens a body anew.
func (p *progress) open(open func() (io.ReadCloser, error), length int64) (io.ReadCloser, error) {
	body, err := open()
	if err != nil {
		p.fail(err)
		return nil, err
	}
	b := &sentBody{p: p, closed: make(chan struct{}), body: body, left: length}
	p.mu.Lock()
	p.bodies = append(p.bodies, b)
	p.mu.Unlock()
	return b, nil
}

// Read implements io.Reader. Being asked for more means that what was read before has been taken by the connection.
func (b *sentBody) Read(buf []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.done {
		return 0, errBodyClosed
	}
	b.p.sent.Store(true)
	b.p.watch.progress()
	n, err := b.body.Read(buf)
	b.left -= int64(n)
	if errors.Is(err, io.EOF) && b.left > 0 {
		err = Say("body_short", "request body is %d bytes shorter than declared", b.left)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		b.p.fail(err)
	}
	return n, err
}

// Close implements io.Closer. The second call does nothing.
func (b *sentBody) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.done {
		return nil
	}
	b.done = true
	defer close(b.closed)
	return b.body.Close()
}

// fail records the first error of our own side.
func (p *progress) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.local == nil {
		p.local = err
	}
}

// localError returns the first error of our own side, or nil.
func (p *progress) localError() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.local
}

// waitClosed blocks until the HTTP client has let go of every body, so that the caller may move the files. The context
// of the request has ended by then, which makes the client let go.
func (p *progress) waitClosed() {
	p.mu.Lock()
	bodies := p.bodies
	p.mu.Unlock()
	for _, b := range bodies {
		<-b.closed
	}
}
