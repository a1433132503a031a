package poll

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"kurir/agent/journal"
)

// record is what the journal keeps of a document, in Job.Data. It is small: there may be a million of them.
type record struct {
	CAR    string   `json:"car"`
	Kode   string   `json:"kode"`
	Lists  []string `json:"lists,omitempty"` // the folders under lists/ of the lists that name it
	Folder string   `json:"dir,omitempty"`   // under documents/; "" until it is first polled

	Status string `json:"st,omitempty"`
	Uraian string `json:"ur,omitempty"`
	Daftar string `json:"nd,omitempty"`
	Tgl    string `json:"td,omitempty"`
	Note   string `json:"note,omitempty"` // the server's sentence where there is nothing else
	Seen   string `json:"seen,omitempty"` // a hash of what statusrespon last said

	Delivered []delivery `json:"resp,omitempty"`

	Interval time.Duration `json:"iv,omitempty"` // the pace in force
	Polls    int           `json:"n,omitempty"`
	Busy     time.Time     `json:"busy,omitzero"` // a poll that began then has not been settled
	Since    time.Time     `json:"since,omitzero"`
	Last     time.Time     `json:"last,omitzero"` // when the last poll ended
	Changed  time.Time     `json:"chg,omitzero"`  // when state, status or responses last changed
	DoneAt   time.Time     `json:"done,omitzero"`
}

// delivery is one response in the outbox.
type delivery struct {
	Name string `json:"f"`           // its files under respon/, without extension
	Sum  string `json:"s"`           // of its content
	Kode string `json:"k,omitempty"` // reskd or kodeRespon
	Date string `json:"d,omitempty"` // restg or tanggalRespon
	Form form   `json:"p,omitempty"` // pdf or bin when its PDF is a file
	Note string `json:"n,omitempty"` // the sentence in place of a PDF
	Only bool   `json:"o,omitempty"` // only the PDF of statusrespon, without a response of getresbycar
}

// decodeRecord reads a document's record.
func decodeRecord(j journal.Job) (*record, error) {
	var rec record
	if err := json.Unmarshal(j.Data, &rec); err != nil {
		return nil, fmt.Errorf("read journal record of %s: %w", j.ID, err)
	}
	if rec.Since.IsZero() {
		rec.Since = j.Created
	}
	return &rec, nil
}

func (r *record) encode() json.RawMessage {
	b, _ := json.Marshal(r) // strings, numbers and times always encode
	return b
}

// addList adds a list's folder and reports whether it was missing.
func (r *record) addList(folder string) bool {
	if folder == "" || slices.Contains(r.Lists, folder) {
		return false
	}
	r.Lists = append(r.Lists, folder)
	slices.Sort(r.Lists)
	return true
}

// pdfs counts the responses whose PDF is in the outbox.
func (r *record) pdfs() int {
	n := 0
	for _, d := range r.Delivered {
		if d.Form == formPDF {
			n++
		}
	}
	return n
}

// newJob makes the job of a number that is polled now.
func newJob(inbox, car, kode, list string, now time.Time) journal.Job {
	rec := record{CAR: car, Kode: kode, Since: now}
	rec.addList(list)
	return journal.Job{
		Kind: journal.Aju, Key: jobKey(inbox, car), ID: inbox + "/" + car, Inbox: inbox,
		State: journal.Active, Label: Polling, Due: now, Created: now, Data: rec.encode(),
	}
}

// jobKey is the key of a number in the journal, whatever its letters' case.
func jobKey(inbox, car string) string { return inbox + "/" + identity(car) }
