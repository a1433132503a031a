package journal

import (
	"cmp"
	"slices"
)

// Finding is one thing that is not where it should be, or not known.
type Finding struct {
	Code   FindingCode `json:"code"`
	Inbox  string      `json:"inbox,omitempty"`
	ID     string      `json:"id,omitempty"`   // of the set, document or list
	Path   string      `json:"path,omitempty"` // of the file or folder
	Detail string      `json:"detail,omitempty"`
}

// FindingCode says what a Finding is about.
type FindingCode string

// The codes of findings.
const (
	FoundDamage     FindingCode = "journal_damaged"    // the journal cannot be used
	FoundSchema     FindingCode = "journal_schema"     // it is of another version
	FoundLost       FindingCode = "journal_lost"       // there is none: the check rests on receipts and status files
	FoundUnread     FindingCode = "unreadable"         // a folder, a receipt or a record cannot be read
	FoundMissing    FindingCode = "original_missing"   // a file that was taken is nowhere
	FoundChanged    FindingCode = "original_changed"   // it has another size, or content, than what was sent
	FoundTwice      FindingCode = "in_two_places"      // it is in more than one place
	FoundUnknown    FindingCode = "unknown_file"       // something in sent/ or failed/ that nobody knows
	FoundNoReceipt  FindingCode = "receipt_missing"    // originals, or a record, without a receipt
	FoundNoReason   FindingCode = "reason_missing"     // a folder in failed/ without its error.json
	FoundNoList     FindingCode = "list_missing"       // a list that was read is nowhere
	FoundNoSummary  FindingCode = "summary_incomplete" // summary.csv or rejected.csv has not the rows of the list
	FoundNoResponse FindingCode = "response_missing"   // a response that was delivered is not there any more
	FoundNoDocument FindingCode = "document_missing"   // a document that was polled has no status file
)

// FindingCodes are all codes of findings.
func FindingCodes() []FindingCode {
	return []FindingCode{
		FoundDamage, FoundSchema, FoundLost, FoundUnread, FoundMissing, FoundChanged, FoundTwice, FoundUnknown,
		FoundNoReceipt, FoundNoReason, FoundNoList, FoundNoSummary, FoundNoResponse, FoundNoDocument,
	}
}

// Ledger is where everything is that ever entered the inboxes, counted, and what is not accounted for.
type Ledger struct {
	Inboxes  map[string]Tally `json:"inboxes"`
	Findings []Finding        `json:"findings"`

	found map[string]int // where a finding stands
}

// Tally counts what one inbox has taken in. For an inbox of kind xray, Taken is the sum of the five after it.
type Tally struct {
	Kind Kind `json:"kind"`

	Taken   int `json:"taken"`   // files that are or were in the inbox
	Waiting int `json:"waiting"` // of these: in the inbox
	Moving  int `json:"moving"`  // on their way from there
	Sent    int `json:"sent"`    // in sent/, with a receipt
	Failed  int `json:"failed"`  // in failed/, with a reason
	Deleted int `json:"deleted"` // deleted after their receipt

	Receipts   int `json:"receipts,omitempty"`
	Photos     int `json:"photos,omitempty"`     // that the server has confirmed
	Duplicates int `json:"duplicates,omitempty"` // photos that it had before
	Withdrawn  int `json:"withdrawn,omitempty"`  // failed sets that someone has taken away, with their reason

	Lists     int `json:"lists,omitempty"`
	Entries   int `json:"entries,omitempty"`
	Rejected  int `json:"rejected,omitempty"`
	Documents int `json:"documents,omitempty"`
	Responses int `json:"responses,omitempty"`
	PDFs      int `json:"pdfs,omitempty"`
}

// NewLedger returns an empty ledger.
func NewLedger() *Ledger {
	return &Ledger{Inboxes: map[string]Tally{}, Findings: []Finding{}, found: map[string]int{}}
}

// Find adds a finding. What was found of the same path before is only completed.
func (l *Ledger) Find(f Finding) {
	i, known := l.found[f.Same()]
	if !known {
		l.found[f.Same()] = len(l.Findings)
		l.Findings = append(l.Findings, f)
	} else if l.Findings[i].ID == "" {
		l.Findings[i] = f
	}
}

// Same is equal for findings about the same thing.
func (f Finding) Same() string {
	if f.Path == "" {
		return string(f.Code) + "\x00\x00" + f.ID
	}
	return string(f.Code) + "\x00" + f.Path
}

// Count changes the tally of an inbox.
func (l *Ledger) Count(inbox string, kind Kind, change func(*Tally)) {
	t := l.Inboxes[inbox]
	t.Kind = kind
	change(&t)
	t.Taken = t.Waiting + t.Moving + t.Sent + t.Failed + t.Deleted
	l.Inboxes[inbox] = t
}

// Add adds what another ledger holds.
func (l *Ledger) Add(o *Ledger) {
	for name, t := range o.Inboxes {
		l.Inboxes[name] = t
	}
	for _, f := range o.Findings {
		l.Find(f)
	}
}

// Keep drops the findings that an earlier ledger does not have, and puts the others in order.
func (l *Ledger) Keep(earlier *Ledger) {
	l.Findings = slices.DeleteFunc(l.Findings, func(f Finding) bool { _, ok := earlier.found[f.Same()]; return !ok })
	l.Sort()
}

// Sort puts the findings in order.
func (l *Ledger) Sort() {
	slices.SortStableFunc(l.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.Path, b.Path), cmp.Compare(a.ID, b.ID))
	})
	l.found = map[string]int{}
	for i, f := range l.Findings {
		l.found[f.Same()] = i
	}
}
