package control

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"kurir/agent/logbook"
)

const (
	anyPort        = "127.0.0.1:0"
	stopWithin     = 3 * time.Second  // how long requests under way may take once Run's context has ended
	answerWithin   = 30 * time.Second // how long one answer, or one piece of a stream, may take to be written
	maxRequestBody = 1 << 20
)

// Options configure a Server.
type Options struct {
	Listen   string // host:port; "" turns the page off, and the rest listens on a loopback port of the system's choice
	DataDir  string // where control.json is written
	Token    string // what changes must bear; "" makes a new one
	Version  string
	Language string // of the configuration: the page's, where the browser wishes for none
	Source   Source
	Actions  Actions      // nil: nothing can be changed
	Check    Check        // nil: it cannot be asked to look
	Files    Files        // nil: no photos and no files of documents are given out
	Metrics  http.Handler // nil: there are no metrics
	Logs     *logbook.Ring
	Logger   *slog.Logger // nil: slog.Default
}

// Server serves the control address.
type Server struct {
	o       Options
	log     *slog.Logger
	hub     *hub
	thumbs  *thumbs
	handler http.Handler
	host    string // of Listen: an own name, besides the loopback's
}

// NewServer prepares a server. Nothing listens before Run.
func NewServer(o Options) *Server {
	if o.Token == "" {
		o.Token = rand.Text()
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	s := &Server{o: o, log: o.Logger, hub: newHub(), thumbs: newThumbs()}
	s.host, _, _ = net.SplitHostPort(o.Listen)
	s.handler = s.guard(s.routes())
	return s
}

// Run listens, writes control.json and serves until ctx ends; then it removes control.json, ends all requests and
// returns nil. When the configured address is not to be had it warns and takes a loopback port of the system's
// choice: uploads must not stop for a page. An error means that nothing could be served at all.
// Run is called once.
func (s *Server) Run(ctx context.Context) error {
	l, err := s.listen(ctx)
	if err != nil {
		return err
	}
	file := addressFile{Address: l.Addr().String(), Token: s.o.Token}
	if err := file.write(s.o.DataDir); err != nil {
		_ = l.Close()
		return err
	}
	defer file.remove(s.o.DataDir)
	s.log.Info("control address listens", "address", file.Address, "page", s.o.Listen != "")
	if a, ok := l.Addr().(*net.TCPAddr); ok && !a.IP.IsLoopback() {
		s.log.Warn("control address is open to the network: whoever reaches it can read it", "address", file.Address)
	}

	requests, endRequests := context.WithCancel(context.WithoutCancel(ctx))
	defer endRequests()
	server := s.httpServer(requests)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve control address: %w", err)
	case <-ctx.Done():
	}
	endRequests()
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	if err := server.Shutdown(stop); err != nil {
		_ = server.Close()
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve control address: %w", err)
	}
	return nil
}

// httpServer serves requests that end with their context.
func (s *Server) httpServer(requests context.Context) *http.Server {
	return &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       answerWithin,
		WriteTimeout:      answerWithin, // streams extend theirs
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		BaseContext:       func(net.Listener) context.Context { return requests },
	}
}

// Publish tells all who listen for events. It never blocks: a listener that cannot keep up is cut off, and comes back
// to read the whole state. Safe for concurrent use, before, during and after Run.
func (s *Server) Publish(e Event) { s.hub.publish(e) }

// Heard reports whether anyone listens for events now: else there is no need to make one.
func (s *Server) Heard() bool { return s.hub.heard() }

func (s *Server) listen(ctx context.Context) (net.Listener, error) {
	var lc net.ListenConfig
	address := s.o.Listen
	if address == "" {
		address = anyPort
	}
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil && address != anyPort {
		s.log.Warn("control address taken", "address", address, "error", err, "instead", anyPort)
		l, err = lc.Listen(ctx, "tcp", anyPort)
	}
	if err != nil {
		return nil, fmt.Errorf("listen for control: %w", err)
	}
	return l, nil
}
