package demo

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"kurir/agent/control"
	"kurir/agent/simulator"
)

// Report is what came of a demonstration.
type Report struct {
	Dir       string             `json:"dir"`
	Seconds   float64            `json:"seconds"`
	Sets      []SetReport        `json:"sets"`
	Documents []control.Document `json:"documents"`
	Server    ServerReport       `json:"server"`
	Problems  []string           `json:"problems"` // what the proof lacks; none when all is well
}

// SetReport is what came of one set.
type SetReport struct {
	ID      string         `json:"id"`
	What    string         `json:"what"` // what was special about it
	State   string         `json:"state"`
	Photos  int            `json:"photos"`            // that the server has of its declaration
	Receipt string         `json:"receipt,omitempty"` // relative to Dir, for a set that was sent
	Failed  string         `json:"failed,omitempty"`  // the folder, for one that failed
	Error   *control.Error `json:"error,omitempty"`
}

// ServerReport is the simulator's record.
type ServerReport struct {
	Photos   int `json:"photos"`   // stored, each counted as often as it was
	Expected int `json:"expected"` // that should be
	Twice    int `json:"twice"`    // stored more than once
	Missing  int `json:"missing"`
	Foreign  int `json:"foreign"` // stored although they should not be
	Requests int `json:"requests"`
	Faults   int `json:"faults"` // requests that the simulator let go wrong
}

// report compares the server's record and the folders with what was dropped.
func (s *stage) report(took time.Duration) Report {
	r := Report{Dir: s.dir, Seconds: took.Round(100 * time.Millisecond).Seconds(), Problems: []string{}, Documents: []control.Document{}}
	s.compare(&r)
	for _, a := range s.acts {
		r.Sets = append(r.Sets, s.reportSet(&r, a))
	}
	if s.listsErr != nil {
		r.problem("lists: %v", s.listsErr)
	}
	summaries := s.summaries()
	for _, car := range s.cars {
		s.reportDocument(&r, car)
		if !saysDone(summaries, car) {
			r.problem("no summary says that Aju %s is done", car)
		}
	}
	if left := filesBelow(s.inbox); len(left) > 0 {
		r.problem("left in the inbox: %s", strings.Join(left, ", "))
	}
	return r
}

func (r *Report) problem(format string, args ...any) {
	r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
}

// compare counts how often the server has each photo: exactly once is right.
func (s *stage) compare(r *Report) {
	stored := map[string]int{} // by nomorAju and content
	for _, d := range s.sim.Declarations() {
		for _, p := range d.Photos {
			stored[d.NomorAju+" "+p.SHA256]++
		}
	}
	expected := map[string]string{}
	for _, a := range s.acts {
		for _, p := range a.photos {
			sum := sha256.Sum256(p.data)
			expected[a.aju+" "+hex.EncodeToString(sum[:])] = a.name + "/" + p.name
		}
	}
	for key, name := range expected {
		switch n := stored[key]; {
		case n == 0:
			r.Server.Missing++
			r.problem("the server does not have %s", name)
		case n > 1:
			r.Server.Twice++
			r.problem("the server has %s %d times", name, n)
		}
	}
	for key, n := range stored {
		r.Server.Photos += n
		if expected[key] == "" {
			r.Server.Foreign++
			r.problem("the server has a photo that should not have been sent, of nomorAju %s", strings.Fields(key)[0])
		}
	}
	counts := s.sim.Counts()
	r.Server.Expected, r.Server.Faults = len(expected), counts.Faults
	for _, n := range counts.Requests {
		r.Server.Requests += n
	}
}

func (s *stage) reportSet(r *Report, a *act) SetReport {
	set := s.track.set(a)
	out := SetReport{ID: "lane-1/" + a.name, What: a.what, State: cmp.Or(set.State, "waiting"), Error: set.Error}
	if set.State == "sent" {
		out.Photos = len(s.sim.Photos(a.aju))
	}
	switch {
	case a.err != nil:
		r.problem("%s: %v", out.ID, a.err)
	case out.State != a.want():
		r.problem("%s is %s, not %s", out.ID, out.State, a.want())
	case a.code != "" && (set.Error == nil || set.Error.Code != string(a.code)):
		r.problem("%s failed for another reason than %s: %+v", out.ID, a.code, cmp.Or(set.Error, &control.Error{}))
	case a.code == "":
		out.Receipt = s.relative(filepath.Join(s.outbox, "sent", "*", a.name+".receipt.json"))
		if out.Receipt == "" {
			r.problem("%s has no receipt", out.ID)
		}
	default:
		out.Failed = s.relative(filepath.Join(s.outbox, "failed", a.name))
		if out.Failed == "" || s.relative(filepath.Join(s.outbox, "failed", a.name+".error.json")) == "" {
			r.problem("%s is not in failed with its reason", out.ID)
		}
	}
	return out
}

// reportDocument checks that the document has ended and that its PDFs are PDFs.
func (s *stage) reportDocument(r *Report, car string) {
	d := s.track.document(car)
	if d.State != "done" {
		r.problem("Aju %s is %q, not done", car, d.State)
		return
	}
	r.Documents = append(r.Documents, d)
	folder := filepath.Join(s.respon, "documents", car)
	pdfs := 0
	for _, name := range filesBelow(folder) {
		if filepath.Ext(name) != ".pdf" {
			continue
		}
		pdfs++
		if b, err := os.ReadFile(filepath.Join(folder, name)); err != nil || !isPDF(b) {
			r.problem("%s is no whole PDF", filepath.Join(folder, name))
		}
	}
	if pdfs == 0 && car != simulator.PublishedCar {
		r.problem("Aju %s has no PDF", car)
	}
}

func saysDone(summaries, car string) bool { return strings.Contains(summaries, ","+car+",30,done,") }

// summaries are the rows of all lists' summary.csv.
func (s *stage) summaries() string {
	var all strings.Builder
	for _, name := range filesBelow(filepath.Join(s.respon, "lists")) {
		if filepath.Base(name) == "summary.csv" {
			b, _ := os.ReadFile(filepath.Join(s.respon, "lists", name)) // what cannot be read says nothing
			all.Write(b)
		}
	}
	return all.String()
}

// isPDF reports whether a PDF is there from its beginning to its end.
func isPDF(b []byte) bool {
	return bytes.HasPrefix(b, []byte("%PDF-")) && bytes.Contains(b[max(0, len(b)-1024):], []byte("%%EOF"))
}

// relative is the first path that a pattern matches, relative to the demonstration's folder; "" for none.
func (s *stage) relative(pattern string) string {
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) == 0 {
		return ""
	}
	path, err := filepath.Rel(s.dir, found[0])
	if err != nil {
		return found[0]
	}
	return path
}

// filesBelow are the files in a folder and all below it, relative to it, in order.
func filesBelow(dir string) []string {
	var names []string
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error { // what cannot be read is not there
		if err == nil && d.Type().IsRegular() {
			if name, err := filepath.Rel(dir, path); err == nil {
				names = append(names, name)
			}
		}
		return nil
	})
	slices.Sort(names)
	return names
}
