package poll

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// clock is a clock that tests turn.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// asked is one request that reached the server.
type asked struct {
	op, car, kode string
	at            time.Time
}

// server is a T2G of the tests' own, written from the API page: it knows nothing of the package's types.
type server struct {
	url   string
	clock *clock
	http  *httptest.Server

	mu       sync.Mutex
	asked    []asked
	status   func(w http.ResponseWriter, car string) // answers statusrespon
	response func(w http.ResponseWriter, car string) // answers getresbycar
}

func newServer(t *testing.T, c *clock) *server {
	t.Helper()
	s := &server{clock: c}
	s.status = func(w http.ResponseWriter, _ string) { say200(w, `{"status":"OK","desc":"Data tidak ditemukan."}`) }
	s.response = func(w http.ResponseWriter, _ string) { say200(w, `{"rescode":"OK","desc":[]}`) }
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/getlog/statusrespon", s.handle("statusrespon", func() func(http.ResponseWriter, string) { return s.status }))
	mux.HandleFunc("POST /getresbycar/bc30", s.handle("getresbycar", func() func(http.ResponseWriter, string) { return s.response }))
	s.http = httptest.NewServer(mux)
	t.Cleanup(func() { s.http.Close() })
	s.url = s.http.URL
	return s
}

// hangUp ends all connections, and waits until what has come over them is on record; whoever starts then finds the server at
// another address. So nothing of a killed process's is taken for its successor's.
func (s *server) hangUp() {
	s.http.Close()
	s.http = httptest.NewServer(s.http.Config.Handler)
	s.url = s.http.URL
}

func (s *server) handle(op string, pick func() func(http.ResponseWriter, string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			EDI  string `json:"edinumber"`
			CAR  string `json:"car"`
			Kode string `json:"kode_dokumen"`
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil || body.EDI != "EDI0001" || len(body.CAR) != 26 ||
			r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Authorization") != "Bearer secret" {
			http.Error(w, "wrong request", http.StatusTeapot)
			return
		}
		s.mu.Lock()
		s.asked = append(s.asked, asked{op, body.CAR, body.Kode, s.clock.Now()})
		answer := pick()
		s.mu.Unlock()
		answer(w, body.CAR)
	}
}

func say200(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, body)
}

// set changes the answers.
func (s *server) set(status, response func(w http.ResponseWriter, car string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if status != nil {
		s.status = status
	}
	if response != nil {
		s.response = response
	}
}

// requests returns how often op was asked about car; "" is any.
func (s *server) requests(op, car string) []asked {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []asked
	for _, a := range s.asked {
		if (op == "" || a.op == op) && (car == "" || a.car == car) {
			out = append(out, a)
		}
	}
	return out
}
