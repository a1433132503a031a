package simulator

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
)

// The simulator's own paths.
const (
	recordPath = "/simulator/record"
	faultsPath = "/simulator/faults"
)

// record is the answer of GET /simulator/record.
type record struct {
	Counts       Counts              `json:"counts"`
	Declarations []declarationRecord `json:"declarations"`
	Requests     []Request           `json:"requests,omitempty"` // with ?requests=true
}

type declarationRecord struct {
	declaration
	Photos []photoRecord `json:"photos"`
}

// photoRecord is a photo and how often its declaration has one of the same name, and of the same content, itself
// included: 1 and 1 when all is well.
type photoRecord struct {
	Photo
	SameName    int `json:"sameName"`
	SameContent int `json:"sameContent"`
}

// ruleRecord is a rule in force and what has become of it.
type ruleRecord struct {
	Rule  Rule `json:"rule"`
	Seen  int  `json:"seen"`  // requests that it means
	Fired int  `json:"fired"` // of a group: of all its rules
}

// serveRecord answers GET /simulator/record; ?nomorAju= picks one declaration, ?requests=true adds the latest requests.
func (s *Server) serveRecord(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		http.Error(w, "the record can only be read: use GET", http.StatusMethodNotAllowed)
		return
	}
	rec := record{Counts: s.Counts(), Declarations: []declarationRecord{}}
	decls := s.Declarations()
	if aju := r.URL.Query().Get("nomorAju"); aju != "" {
		d, found := s.store.byAju(aju)
		decls = []Declaration{d}
		if !found {
			decls = nil
		}
	}
	for _, d := range decls {
		rec.Declarations = append(rec.Declarations, d.record())
	}
	if r.URL.Query().Get("requests") == "true" {
		rec.Requests = s.Requests()
	}
	writeIndented(w, rec)
}

// record counts the photos of the same name and of the same content.
func (d Declaration) record() declarationRecord {
	names, contents := make(map[string]int), make(map[string]int)
	for _, p := range d.Photos {
		names[p.Name]++
		contents[p.SHA256]++
	}
	out := declarationRecord{d.declaration(), []photoRecord{}}
	for _, p := range d.Photos {
		out.Photos = append(out.Photos, photoRecord{p, names[p.Name], contents[p.SHA256]})
	}
	return out
}

// serveFaults answers GET and POST /simulator/faults.
func (s *Server) serveFaults(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet:
	case http.MethodPost:
		rules, err := postedRules(w, r)
		if err == nil {
			err = s.SetFaults(rules)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	default:
		w.Header().Set("Allow", "GET, POST")
		http.Error(w, "use GET to see the fault script, POST to replace it", http.StatusMethodNotAllowed)
		return
	}
	writeIndented(w, s.script.list())
}

// postedRules are the preset that the query names, or the rules of the body.
func postedRules(w http.ResponseWriter, r *http.Request) ([]Rule, error) {
	q := r.URL.Query()
	switch q.Get("preset") {
	case "hostile":
		seed, err := strconv.ParseUint(q.Get("seed"), 10, 64)
		if err != nil && q.Has("seed") {
			return nil, errors.New("seed must be a whole number from 0")
		}
		return Hostile(seed), nil
	case "":
		text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			return nil, err
		}
		return ParseRules(text)
	default:
		return nil, errors.New(`the only preset is "hostile"`)
	}
}

func writeIndented(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	_ = enc.Encode(v) // a client that has gone is no failure of ours
}
