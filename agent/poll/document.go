package poll

import (
	"encoding/json"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"kurir/agent/journal"
	"kurir/agent/outbox"
	"kurir/agent/reason"
	"kurir/agent/t2g"
)

// The files of a document, in its folder under documents/.
const (
	documentsFolder = "documents"
	statusFile      = "status.json"
	statusAnswer    = "statusrespon.json"
	responseAnswer  = "getresbycar.json"
)

// Document is the latest state of a tracked Aju number: what documents/CAR/status.json holds.
type Document struct {
	Schema        int        `json:"schema"`
	Kind          string     `json:"kind"`
	ID            string     `json:"id"`
	Inbox         string     `json:"inbox"`
	CAR           string     `json:"car"`
	KodeDokumen   string     `json:"kodeDokumen,omitempty"`
	Lists         []string   `json:"lists,omitempty"`
	State         string     `json:"state"`
	Status        string     `json:"status,omitempty"`
	StatusUraian  string     `json:"statusUraian,omitempty"`
	NomorDaftar   string     `json:"nomorDaftar,omitempty"`
	TanggalDaftar string     `json:"tanggalDaftar,omitempty"`
	Responses     []Response `json:"responses,omitempty"`
	Statuses      []Status   `json:"statuses,omitempty"` // in order of time
	Polls         int        `json:"polls"`
	FirstSeenAt   time.Time  `json:"firstSeenAt,omitzero"`
	UpdatedAt     time.Time  `json:"updatedAt,omitzero"`
	NextPollAt    time.Time  `json:"nextPollAt,omitzero"`
	DoneAt        time.Time  `json:"doneAt,omitzero"`
	Note          string     `json:"note,omitempty"`
	Error         *Failure   `json:"error,omitempty"`
}

// Response is one response to a document. File and PDF are paths below the document's folder, with slashes.
type Response struct {
	KodeRespon    string `json:"kodeRespon"`
	UraianRespon  string `json:"uraianRespon,omitempty"`
	NomorRespon   string `json:"nomorRespon,omitempty"`
	TanggalRespon string `json:"tanggalRespon,omitempty"`
	File          string `json:"file,omitempty"`
	PDF           string `json:"pdf,omitempty"`
	Note          string `json:"note,omitempty"` // the sentence that came in place of a PDF, or what is wrong with it
}

// Status is one status in a document's life.
type Status struct {
	KodeStatus  string `json:"kodeStatus"`
	WaktuStatus string `json:"waktuStatus,omitempty"`
	Keterangan  string `json:"keterangan,omitempty"`
}

// Failure is why a document waits or has failed, and what to do.
type Failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Action  string `json:"action"`
	WhoActs string `json:"whoActs"` // operator, IT, broker, customs or nobody, in words
}

// document describes a job to its users; what only the server's answer knows is taken from before, which may be nil.
func (p *Pipeline) document(job journal.Job, rec *record, before *Document) Document {
	doc := Document{
		Schema: 1, Kind: "aju", ID: job.ID, Inbox: job.Inbox, CAR: rec.CAR, KodeDokumen: rec.Kode, Lists: rec.Lists,
		State: job.Label, Status: rec.Status, StatusUraian: rec.Uraian, NomorDaftar: rec.Daftar, TanggalDaftar: rec.Tgl,
		Polls: rec.Polls, FirstSeenAt: p.local(job.Created), UpdatedAt: p.local(job.Updated), DoneAt: p.local(rec.DoneAt),
		Note: rec.Note, Error: p.failure(job.Cause),
	}
	if job.State == journal.Active {
		doc.NextPollAt = p.local(job.Due)
	}
	if before != nil {
		doc.Responses, doc.Statuses = before.Responses, before.Statuses
	}
	return doc
}

// failure puts a cause into words.
func (p *Pipeline) failure(c *journal.Cause) *Failure {
	if c == nil {
		return nil
	}
	t := reason.Of(reason.Code(c.Code), p.o.Language)
	return &Failure{Code: c.Code, Message: strings.TrimSpace(t.What + " (" + c.Message + ")"), Action: t.Do, WhoActs: t.Who}
}

// local returns t in the zone of the outbox, without the clock's monotonic part.
func (p *Pipeline) local(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.In(p.o.Location).Round(0)
}

// responses joins what statusrespon shows with what is in the outbox, in the order shown; what only getresbycar has
// brought comes behind.
func (p *Pipeline) responses(shown []t2g.Respon, delivered []delivery) []Response {
	matches, rest := match(shown, delivered)
	out := make([]Response, 0, len(shown)+len(rest))
	for i, s := range shown {
		r := Response{KodeRespon: s.KodeRespon, UraianRespon: s.UraianRespon, NomorRespon: s.NomorRespon, TanggalRespon: s.TanggalRespon}
		for _, d := range matches[i] {
			p.show(&r, d)
		}
		if inspected := inspect(s.PDF); r.Note == "" && inspected.form == formNote {
			r.Note = bounded(inspected.note, maxKeptNote)
		}
		out = append(out, r)
	}
	for _, d := range rest {
		r := Response{KodeRespon: d.Kode, TanggalRespon: d.Date}
		p.show(&r, d)
		out = append(out, r)
	}
	return out
}

// show adds to r what d has brought.
func (p *Pipeline) show(r *Response, d delivery) {
	if !d.Only {
		r.File = responFolder + "/" + d.Name + ".json"
	}
	if d.Note != "" {
		r.Note = d.Note
	}
	switch d.Form {
	case formPDF:
		r.PDF = responFolder + "/" + d.file()
	case formBin:
		r.Note = reason.ResponseFile.With(d.file()).In(p.o.Language)
	}
}

// match finds for each response that statusrespon shows what was delivered of it: the same code and date first, then
// the same code where one of the dates is missing. Of a response that came again changed, the last is taken. rest is
// what getresbycar alone has brought.
func match(shown []t2g.Respon, delivered []delivery) (matches [][]delivery, rest []delivery) {
	matches = make([][]delivery, len(shown))
	taken := make([]bool, len(delivered))
	for _, exact := range []bool{true, false} {
		for _, only := range []bool{false, true} {
			for i, s := range shown {
				if slices.ContainsFunc(matches[i], func(d delivery) bool { return d.Only == only }) {
					continue
				}
				for j, d := range slices.Backward(delivered) {
					if !taken[j] && d.Only == only && d.Kode == s.KodeRespon && sameDate(d.Date, s.TanggalRespon, exact) {
						matches[i], taken[j] = append(matches[i], d), true
						break
					}
				}
			}
		}
	}
	for j, d := range delivered {
		if !taken[j] && !replaced(d, delivered[j+1:]) {
			rest = append(rest, d)
		}
	}
	return matches, rest
}

// sameDate compares the dates of a response in two answers. Unless exact, a missing one agrees with every other.
func sameDate(a, b string, exact bool) bool {
	a, b = day(a), day(b)
	return a == b || !exact && (a == "" || b == "")
}

// day is the date in a text that may hold a time behind it; "" for none.
func day(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > len(time.DateOnly) {
		s = s[:len(time.DateOnly)]
	}
	if strings.Trim(s, "0-/. ") == "" {
		return ""
	}
	return s
}

// replaced reports whether d came again changed.
func replaced(d delivery, later []delivery) bool {
	return slices.ContainsFunc(later, func(l delivery) bool { return strings.HasPrefix(l.Name, d.Name+"~") })
}

// statuses returns what statusrespon shows, in order of time; equal times keep their order, missing ones come first.
func statuses(shown []t2g.Status) []Status {
	out := make([]Status, len(shown))
	for i, s := range shown {
		out[i] = Status{KodeStatus: s.KodeStatus, WaktuStatus: s.WaktuStatus, Keterangan: s.Keterangan}
	}
	slices.SortStableFunc(out, func(a, b Status) int { return strings.Compare(a.WaktuStatus, b.WaktuStatus) })
	return out
}

// readDocument reads a status file. nil when there is none, or none that can be read.
func readDocument(folder string) (*Document, error) {
	b, err := outbox.Read(filepath.Join(folder, statusFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	doc := new(Document)
	if json.Unmarshal(b, doc) != nil {
		doc = nil // not ours, or spoilt: it is written anew
	}
	return doc, nil
}

// writeDocument replaces the status file in folder.
func writeDocument(folder string, doc Document) error {
	b, err := marshal(doc)
	if err != nil {
		return err
	}
	return outbox.Replace(filepath.Join(folder, statusFile), b)
}

// marshal writes JSON for people: indented, and with <, > and & as they are.
func marshal(v any) ([]byte, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return []byte(b.String()), nil
}
