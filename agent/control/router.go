package control

import (
	_ "embed"
	"net/http"
)

//go:embed openapi.yaml
var description []byte

// router hands each request to the handler of its pattern. An unknown path is refused with 404 and another method with 405
// and Allow, both as JSON; so is, with 401, a change without the token.
type router struct {
	mux      *http.ServeMux
	patterns []string // "GET /healthz" and so on, in the order of their registration
	permits  func(*http.Request) bool
}

func newRouter(permits func(*http.Request) bool) *router {
	return &router{mux: http.NewServeMux(), permits: permits}
}

// HandleFunc is that of http.ServeMux.
func (t *router) HandleFunc(pattern string, handler http.HandlerFunc) { t.Handle(pattern, handler) }

// Handle is that of http.ServeMux.
func (t *router) Handle(pattern string, handler http.Handler) {
	t.patterns = append(t.patterns, pattern)
	t.mux.Handle(pattern, handler)
}

// ServeHTTP implements http.Handler.
func (t *router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	handler, pattern := t.mux.Handler(r)
	if pattern == "" {
		refused := &refusalSink{header: http.Header{}}
		handler.ServeHTTP(refused, r)
		if allow := refused.header.Get("Allow"); allow != "" {
			w.Header().Set("Allow", allow)
			fail(w, http.StatusMethodNotAllowed, "only "+allow+" here")
			return
		}
		fail(w, http.StatusNotFound, "no such path: /api/v1/openapi.yaml names all")
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead && !t.permits(r) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="kurir"`)
		fail(w, http.StatusUnauthorized, "token missing or wrong: it is in control.json in the data folder")
		return
	}
	t.mux.ServeHTTP(w, r)
}

// refusalSink takes what http.ServeMux would answer, for its headers.
type refusalSink struct{ header http.Header }

func (s *refusalSink) Header() http.Header         { return s.header }
func (s *refusalSink) Write(b []byte) (int, error) { return len(b), nil }
func (s *refusalSink) WriteHeader(int)             {}

// openapi answers with the description of all answers.
func (s *Server) openapi(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/yaml")
	_, _ = w.Write(description) // the client may have gone
}
