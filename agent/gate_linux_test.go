package agent_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// gate lets requests through to a handler at once and, while it is shut, keeps the answers back: time to break something
// in between, as long as it takes.
type gate struct {
	to http.Handler

	mu     sync.Mutex
	closed chan struct{} // nil while it is open
}

// shut keeps all answers back from now on.
func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed == nil {
		g.closed = make(chan struct{})
	}
}

// believed is longer than the agent believes what it saw of a folder: after it, it looks again.
const believed = 200 * time.Millisecond

// open lets the answers go, to an agent that looks anew at what was broken meanwhile. It may be called again.
func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed != nil {
		<-time.After(believed)
		close(g.closed)
		g.closed = nil
	}
}

// ServeHTTP implements http.Handler.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer := httptest.NewRecorder()
	g.to.ServeHTTP(answer, r)
	g.mu.Lock()
	closed := g.closed
	g.mu.Unlock()
	if closed != nil {
		select {
		case <-closed:
		case <-r.Context().Done():
			return
		}
	}
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}
