package upload

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"kurir/agent/beacukai"
	"kurir/agent/journal"
)

// The states that users see, as the contract names them.
const (
	StateWaiting  = "waiting"
	StateReady    = "ready"
	StateSending  = "sending"
	StateRetrying = "retrying"
	StateSent     = "sent"
	StateFailed   = "failed"
)

// The states of an image.
const (
	imageWaiting   = "waiting"
	imageSent      = "sent"
	imageDuplicate = "duplicate"
	imageFailed    = "failed"
)

// How an image came to be known as sent.
const (
	viaKirim = "kirim"
	viaAdd   = "add"
	viaGet   = "get"
)

// Record is what the journal keeps of one set, in Job.Data. Everything that was confirmed since it was last written
// is in the job's steps; load folds the two.
type Record struct {
	Set         string               `json:"set"`
	Root        string               `json:"root"`              // the folder that the paths below are relative to
	Folder      bool                 `json:"folder,omitempty"`  // a folder set: the files lie in Root/Set
	Declaration beacukai.Declaration `json:"declaration"`       //
	Sidecar     string               `json:"sidecar,omitempty"` // path
	Marker      string               `json:"marker,omitempty"`  // path of the done marker, to be deleted at the end
	Files       []File               `json:"files"`             // what lies in the inbox and moves at the end
	Images      []Image              `json:"images"`            // every image ever taken for this set and declaration
	FirstSeen   time.Time            `json:"firstSeen"`
	Accepted    time.Time            `json:"accepted"`
	SentAt      time.Time            `json:"sentAt,omitzero"`

	Attempts  int             `json:"attempts"`           // tries that reached out to the server
	Tries     int             `json:"tries,omitempty"`    // failed ones in a row: the backoff's exponent
	FirstFail time.Time       `json:"firstFail,omitzero"` // of the failures in a row
	NotFound  time.Time       `json:"notFound,omitzero"`  // since when the server does not know the declaration
	PerBatch  int             `json:"perBatch,omitempty"` // the number of images a request may hold, after a 413
	Response  json.RawMessage `json:"response,omitempty"` // the server's last answer, verbatim

	Archive string         `json:"archive,omitempty"` // where the files move: relative to the outbox, chosen once
	Failure *journal.Cause `json:"failure,omitempty"` // decided: the files move to failed/
	Moved   bool           `json:"moved,omitempty"`   // all files that are to move have moved
	Round   int            `json:"round,omitempty"`   // how often the set was taken up again

	Superseded bool `json:"superseded,omitempty"` // another job has the set's name and files, and shows its state

	Replaced []string `json:"replaced,omitempty"` // where files would lie that someone has overwritten before they moved

	// tried are, by image, the names of requests that the server did not know of when it was asked. They may have arrived after
	// all. Only load fills it, from the steps.
	tried map[int][]string
}

// File is one file of a set as it was when it was accepted.
type File struct {
	Path    string    `json:"path"` // relative to Root, slash-separated
	Size    int64     `json:"size"`
	ModTime time.Time `json:"modTime"`
	Other   bool      `json:"other,omitempty"` // neither sidecar nor image: goes along unsent
}

// Image is one photo of a set.
type Image struct {
	Path    string    `json:"path"` // relative to Root, slash-separated
	Name    string    `json:"name"` // on the wire; "" until it was chosen
	Size    int64     `json:"size"`
	ModTime time.Time `json:"modTime"`
	Type    string    `json:"type"`
	SHA256  string    `json:"sha256"`
	State   string    `json:"state"`
	Via     string    `json:"via,omitempty"`
	At      time.Time `json:"at,omitzero"`
	Of      string    `json:"of,omitempty"`    // of a duplicate: the name under which the content was sent
	Here    bool      `json:"here,omitempty"`  // its file has not been moved yet
	Round   int       `json:"round,omitempty"` // in which round it was taken up
}

// The names of steps. Their notes are of type note.
const (
	stepIntent  = "intent"  // before a request: Images under Names are about to be sent by Op
	stepAnswer  = "answer"  // after a success: Images are confirmed
	stepVoid    = "void"    // the last intent is known not to have taken effect
	stepUnknown = "unknown" // nobody knows what became of the last intent
	stepListing = "listing" // get was asked: Images are confirmed; the last intent is settled
	stepReopen  = "reopen"  // the set was taken up again
	stepMove    = "move"    // where the files are to move is decided
)

// note is what a step remembers.
type note struct {
	Op     string          `json:"op,omitempty"`
	Images []int           `json:"images,omitempty"`
	Names  []string        `json:"names,omitempty"`
	Status int             `json:"status,omitempty"`
	Raw    json.RawMessage `json:"raw,omitempty"`
	Why    string          `json:"why,omitempty"`
}

// intent is a request whose outcome is not known.
type intent struct {
	note
	at time.Time // when it was sent, or when its outcome was found to be unknown
}

// id is what users call the set.
func id(inbox, set string) string { return inbox + "/" + set }

// jobKey identifies a job: one set's dealings with one declaration. A scanner that uses a name again for another
// declaration makes another job.
func jobKey(inbox, set, nomorAju string) string { return id(inbox, set) + "|" + nomorAju }

// load reads a job's record and folds its steps into it. The intent is nil unless its outcome is unknown.
func load(j journal.Job) (*Record, *intent, error) {
	var r Record
	if err := json.Unmarshal(j.Data, &r); err != nil {
		return nil, nil, fmt.Errorf("read record of %s: %w", j.ID, err)
	}
	var open *intent
	for _, s := range j.Steps {
		var n note
		if err := json.Unmarshal(s.Note, &n); err != nil {
			return nil, nil, fmt.Errorf("read step %s of %s: %w", s.Name, j.ID, err)
		}
		open = r.fold(s, n, open)
	}
	return &r, open, nil
}

// fold applies one step. Folding the same step again changes nothing.
func (r *Record) fold(s journal.Step, n note, open *intent) *intent {
	switch s.Name {
	case stepIntent:
		for k, i := range n.Images {
			if i < len(r.Images) && k < len(n.Names) {
				r.Images[i].Name = n.Names[k]
			}
		}
		return &intent{note: n, at: s.At}
	case stepUnknown:
		if open != nil {
			open.at = s.At
		}
		return open
	case stepAnswer, stepListing:
		r.doubt(open, n.Images)
		via := n.Op
		for k, i := range n.Images {
			if i < len(r.Images) && r.Images[i].State != imageSent {
				r.Images[i].State, r.Images[i].Via, r.Images[i].At = imageSent, via, s.At
			}
			if i < len(r.Images) && k < len(n.Names) {
				r.Images[i].Name = n.Names[k]
			}
		}
		if len(n.Raw) > 0 {
			r.Response = n.Raw
		}
		return nil
	case stepVoid:
		if n.Op == viaGet { // else it was refused
			r.doubt(open, nil)
		}
		if len(n.Raw) > 0 {
			r.Response = n.Raw
		}
		return nil
	}
	return open
}

// doubt notes which photos of an open request have not been found at the server.
func (r *Record) doubt(open *intent, found []int) {
	if open == nil {
		return
	}
	for k, i := range open.Images {
		if i < len(r.Images) && k < len(open.Names) && !slices.Contains(found, i) && !slices.Contains(r.tried[i], open.Names[k]) {
			if r.tried == nil {
				r.tried = map[int][]string{}
			}
			r.tried[i] = append(r.tried[i], open.Names[k])
		}
	}
}

// encode returns the record as Job.Data.
func (r *Record) encode() json.RawMessage {
	b, err := json.Marshal(r)
	if err != nil {
		panic("upload: a record does not marshal: " + err.Error()) // only plain types: cannot happen
	}
	return b
}

// path returns where a file of the set lies.
func (r *Record) path(rel string) string { return filepath.Join(r.Root, filepath.FromSlash(rel)) }

// pending returns the indexes of the images that must still be sent.
func (r *Record) pending() []int {
	var out []int
	for i, im := range r.Images {
		if im.State == imageWaiting && im.Here {
			out = append(out, i)
		}
	}
	return out
}

// anySent reports whether the server has confirmed an image of this record.
func (r *Record) anySent() bool {
	return slices.ContainsFunc(r.Images, func(im Image) bool { return im.State == imageSent })
}
