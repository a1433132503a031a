// Package simulator is both published APIs as one http.Handler: Bea Cukai's X-ray photo API with its login, and T2G's
// statusrespon and getresbycar.
//
// It is strict about the wire, follows scripted faults (see Rule), and keeps a record of what arrived. People test a
// scanner or an ERP against it, so whatever it refuses it explains: in the message where the page leaves that open,
// in the header Simulator-Hint where the page prints the message. It keeps no photo, only its name, size and hash;
// it never calls anybody, and it declares its own wire types from the published pages, so that one wrong name is not
// wrong on both sides. Its callers are the commands simulate and demo, and the tests of the pipelines.
package simulator

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// What a Server knows when Options say nothing else, as the contract promises it.
const (
	DemoToken    = "demo-token"
	DemoUser     = "demo"
	DemoPassword = "demo"
)

// Options configure a Server. The zero value is a simulator without faults.
type Options struct {
	Now          func() time.Time // the time on answers and of token lives, called from many goroutines; nil: time.Now
	Token        string           // the fixed token, which never expires; "" is DemoToken
	User         string           // who may log in; "" is DemoUser
	Password     string           // "" is DemoPassword
	APIKey       string           // when set, X-ray and login requests need it in the header beacukai-api-key
	TokenLife    time.Duration    // of access tokens; 0 is 300 s
	RefreshLife  time.Duration    // of refresh tokens; 0 is 24 h
	Logger       *slog.Logger     // one line per request; nil: nothing is logged
	Faults       []Rule           // the fault script to begin with
	Seed         uint64           // of the rules with a probability
	Speed        float64          // of the lives of T2G's documents; 0 is 1: about half a minute to the end
	Dir          string           // when set, what arrives is also kept there as JSON lines, and read again at start
	KeepRequests int              // how many requests Requests remembers; 0 is 10 000
}

// Server is the simulator. It is safe for use by many goroutines. Connections that a fault cuts are cut by panicking
// with http.ErrAbortHandler, so it needs a real server around it, not a recorder.
type Server struct {
	opts     Options
	now      func() time.Time
	log      *slog.Logger
	routes   map[string]endpoint
	tokens   *tokens
	store    *store
	script   *script
	lives    *lives
	inFlight atomic.Int64

	done  chan struct{} // closed by Close
	close sync.Once

	mu  sync.Mutex
	err error // the first failure of the simulator itself
}

// endpoint is one published path.
type endpoint struct {
	op     Op
	method string
	serve  func(*exchange) answer
}

// New returns a simulator. What is wrong with the Options (a rule that makes no sense, a Dir that cannot be written)
// is told by Err and answers every request with HTTP 500.
func New(o Options) *Server {
	o.Token = cmp.Or(o.Token, DemoToken)
	o.User = cmp.Or(o.User, DemoUser)
	o.Password = cmp.Or(o.Password, DemoPassword)
	o.TokenLife = cmp.Or(o.TokenLife, 300*time.Second)
	o.RefreshLife = cmp.Or(o.RefreshLife, 24*time.Hour)
	o.KeepRequests = cmp.Or(o.KeepRequests, 10_000)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Server{
		opts:   o,
		now:    o.Now,
		log:    o.Logger,
		tokens: newTokens(o),
		store:  newStore(o.KeepRequests),
		script: newScript(o.Seed, o.Now),
		lives:  newLives(o.Speed),
		done:   make(chan struct{}),
	}
	s.routes = s.endpoints()
	if err := s.SetFaults(o.Faults); err != nil {
		s.fail(err)
	}
	if o.Dir != "" {
		if err := s.openDir(o.Dir); err != nil {
			s.fail(err)
		}
	}
	return s
}

// endpoints lists the published paths; those of getresbycar end in any document kind and are found by find.
func (s *Server) endpoints() map[string]endpoint {
	e := make(map[string]endpoint)
	for _, base := range xrayBases {
		e[base+"/kirim-foto-xray"] = endpoint{Kirim, http.MethodPost, s.kirim}
		e[base+"/add-foto-xray"] = endpoint{Add, http.MethodPost, s.add}
		e[base+"/get-foto-xray"] = endpoint{Get, http.MethodGet, s.get}
	}
	for _, base := range loginBases {
		e[base+"/login"] = endpoint{Login, http.MethodPost, s.login}
		e[base+"/update-token"] = endpoint{Refresh, http.MethodPost, s.refresh}
	}
	e[statusResponPath] = endpoint{StatusRespon, http.MethodPost, s.statusRespon}
	return e
}

// find returns what answers at path.
func (s *Server) find(path string) (endpoint, bool) {
	if kind, ok := strings.CutPrefix(path, getResByCarPath); ok && kind != "" && !strings.Contains(kind, "/") {
		return endpoint{GetResByCar, http.MethodPost, s.getResByCar}, true
	}
	e, ok := s.routes[path]
	return e, ok
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case <-s.done:
		http.Error(w, "the simulator has been closed", http.StatusServiceUnavailable)
		return
	default:
	}
	if err := s.Err(); err != nil {
		http.Error(w, "the simulator itself is in trouble: "+err.Error(), http.StatusInternalServerError)
		return
	}
	switch r.URL.Path {
	case "/":
		s.help(w, r)
	case recordPath:
		s.serveRecord(w, r)
	case faultsPath:
		s.serveFaults(w, r)
	default:
		e, ok := s.find(r.URL.Path)
		if !ok {
			s.noSuchPath(w, r)
			return
		}
		s.exchange(w, r, e)
	}
}

// SetFaults replaces the fault script; nil ends all faults. Every rule begins anew, its counts included. An error
// names the rule that makes no sense, and leaves the old script in force.
func (s *Server) SetFaults(rules []Rule) error { return s.script.set(rules) }

// ExpireTokens lets every access token that was issued by a login expire at once. Refresh tokens and the fixed token
// live on.
func (s *Server) ExpireTokens() { s.tokens.expire() }

// Err returns what is wrong with the simulator itself, nil when nothing is.
func (s *Server) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// fail remembers the first failure of the simulator itself.
func (s *Server) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
		s.log.Error("simulator failed", "error", err)
	}
}

// Close ends every wait and stall, so that an http.Server around the simulator can be closed, and closes the files in
// Dir. Later requests get HTTP 503. A second call does nothing.
func (s *Server) Close() error {
	var err error
	s.close.Do(func() {
		close(s.done)
		err = errors.Join(s.store.close(), s.lives.close())
		if err != nil {
			err = fmt.Errorf("close the record: %w", err)
		}
	})
	return err
}
