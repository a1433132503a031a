package control

import (
	"encoding/json"
	"slices"
	"time"
)

// Overview is how the agent is doing.
type Overview struct {
	Running  bool      `json:"running"` // false: this is the journal's last word
	Now      time.Time `json:"now"`
	Version  string    `json:"version"`
	Since    time.Time `json:"since,omitzero"` // when the agent started; absent when none runs
	Config   string    `json:"config,omitempty"`
	DataDir  string    `json:"dataDir"`
	Language string    `json:"language,omitempty"` // of reasons: id or en
	Inboxes  []Inbox   `json:"inboxes"`
	APIs     []API     `json:"apis"`
	Journal  Journal   `json:"journal"`
	Problems []Problem `json:"problems"` // for which not all of its work is done now
	Alarms   []Problem `json:"alarms"`   // that are on now
}

// Inbox is how one inbox is doing. Times that do not apply are absent.
type Inbox struct {
	Name   string `json:"name"`
	Kind   string `json:"kind"` // xray or aju
	Path   string `json:"path"`
	Outbox string `json:"outbox"`

	Mode         string    `json:"mode,omitempty"` // events or poll: how changes are learnt; "" when no agent runs
	Why          string    `json:"why,omitempty"`  // why it polls
	OfflineSince time.Time `json:"offlineSince,omitzero"`
	Reason       string    `json:"reason,omitempty"` // why it is offline
	Files        int       `json:"files"`            // files seen below the inbox
	Skipped      int       `json:"skipped"`          // of things that are left alone, symbolic links and the like
	Skips        []Skip    `json:"skips,omitempty"`  // examples of these

	Counts        map[string]int `json:"counts"` // sets or documents by state
	OldestWaiting time.Time      `json:"oldestWaiting,omitzero"`
	LastDone      time.Time      `json:"lastDone,omitzero"` // when a set was last sent, or a document last ended
}

// Skip is a file or folder that is left alone, and why.
type Skip struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// The states of an API.
const (
	APIOK      = "ok"
	APIPaused  = "paused"  // it refuses the account or asks to wait: one request tries now and then
	APIFailing = "failing" // it does not answer, or not as it should
)

// API is how one of the two APIs is doing.
type API struct {
	Name    string    `json:"name"` // beacukai or t2g
	URL     string    `json:"url"`  // without credentials
	State   string    `json:"state"`
	Code    string    `json:"code,omitempty"`    // an error code of the contract: why it is not ok
	Message string    `json:"message,omitempty"` // what happened, in words
	Action  string    `json:"action,omitempty"`  // what to do
	WhoActs string    `json:"whoActs,omitempty"` // who must act, in words
	Since   time.Time `json:"since,omitzero"`    // since when it is not ok
	Until   time.Time `json:"until,omitzero"`    // when it is tried next, while paused
}

// Journal is how the agent's memory is doing.
type Journal struct {
	Path    string `json:"path"`
	Bytes   int64  `json:"bytes"`
	Problem string `json:"problem,omitempty"` // such as: it was damaged and begun anew
}

// Sets are one page of sets.
type Sets struct {
	Sets []Set  `json:"sets"`
	Next string `json:"next,omitempty"` // cursor of the next page; there may be one although this page is not full
}

// Documents are one page of documents.
type Documents struct {
	Documents []Document `json:"documents"`
	Next      string     `json:"next,omitempty"` // as of Sets
}

// History is what became of sets in the last 24 hours, by the hour, the oldest hour first and every hour there.
type History struct {
	Step    string   `json:"step"` // 1h
	Buckets []Bucket `json:"buckets"`
}

// Bucket is one hour of the history. Times are seconds from the first sight of a set to its receipt, absent when
// none was sent.
type Bucket struct {
	At         time.Time `json:"at"` // its beginning
	Sent       int       `json:"sent"`
	Failed     int       `json:"failed"`
	P50Seconds float64   `json:"p50Seconds,omitzero"`
	MaxSeconds float64   `json:"maxSeconds,omitzero"`
}

// Error is why something waits or has failed, and what to do.
type Error struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Action  string `json:"action,omitempty"`
	WhoActs string `json:"whoActs,omitempty"` // operator, IT, broker, customs or nobody, in words
}

// Set is one set of photos: what status/SET.json holds.
type Set struct {
	Schema        int             `json:"schema"`
	Kind          string          `json:"kind"`
	ID            string          `json:"id"`
	Inbox         string          `json:"inbox"`
	Set           string          `json:"set"`
	State         string          `json:"state"`
	NomorAju      string          `json:"nomorAju,omitempty"`
	NomorBlAwb    string          `json:"nomorBlAwb,omitempty"`
	TanggalBlAwb  string          `json:"tanggalBlAwb,omitempty"`
	KodeKantor    string          `json:"kodeKantor,omitempty"`
	Images        []Image         `json:"images,omitempty"`
	Attempts      int             `json:"attempts,omitempty"`
	FirstSeenAt   time.Time       `json:"firstSeenAt,omitzero"`
	UpdatedAt     time.Time       `json:"updatedAt,omitzero"`
	SentAt        time.Time       `json:"sentAt,omitzero"`
	NextAttemptAt time.Time       `json:"nextAttemptAt,omitzero"`
	WaitingFor    []string        `json:"waitingFor,omitempty"`
	Note          string          `json:"note,omitempty"` // what it waits for, in words
	OtherFiles    []string        `json:"otherFiles,omitempty"`
	Archive       string          `json:"archive,omitempty"` // where the originals are, relative to the outbox
	Response      json.RawMessage `json:"response,omitempty"`
	Error         *Error          `json:"error,omitempty"`
}

// Image is one photo of a set.
type Image struct {
	Name        string    `json:"name"`           // as it is sent
	File        string    `json:"file,omitempty"` // its path in the set, where that differs
	Bytes       int64     `json:"bytes"`
	SHA256      string    `json:"sha256,omitempty"`
	State       string    `json:"state"`
	Via         string    `json:"via,omitempty"`
	DuplicateOf string    `json:"duplicateOf,omitempty"` // the name under which the same content was sent
	At          time.Time `json:"at,omitzero"`
}

// Document is one tracked Aju number: what documents/CAR/status.json holds.
type Document struct {
	Schema        int        `json:"schema"`
	Kind          string     `json:"kind"`
	ID            string     `json:"id"`
	Inbox         string     `json:"inbox"`
	Car           string     `json:"car"`
	KodeDokumen   string     `json:"kodeDokumen,omitempty"`
	Lists         []string   `json:"lists,omitempty"`
	State         string     `json:"state"`
	Status        string     `json:"status,omitempty"`
	StatusUraian  string     `json:"statusUraian,omitempty"`
	NomorDaftar   string     `json:"nomorDaftar,omitempty"`
	TanggalDaftar string     `json:"tanggalDaftar,omitempty"`
	Responses     []Response `json:"responses,omitempty"`
	Statuses      []Status   `json:"statuses,omitempty"`
	Polls         int        `json:"polls"`
	FirstSeenAt   time.Time  `json:"firstSeenAt,omitzero"`
	UpdatedAt     time.Time  `json:"updatedAt,omitzero"`
	NextPollAt    time.Time  `json:"nextPollAt,omitzero"`
	DoneAt        time.Time  `json:"doneAt,omitzero"`
	Note          string     `json:"note,omitempty"`
	Error         *Error     `json:"error,omitempty"`
}

// Response is one answer of customs to a document. Its date is the server's, as given.
type Response struct {
	KodeRespon    string `json:"kodeRespon"`
	UraianRespon  string `json:"uraianRespon,omitempty"`
	NomorRespon   string `json:"nomorRespon,omitempty"`
	TanggalRespon string `json:"tanggalRespon,omitempty"`
	File          string `json:"file,omitempty"`
	PDF           string `json:"pdf,omitempty"`
	Note          string `json:"note,omitempty"`
}

// Status is one status in a document's life. Its time is the server's, as given.
type Status struct {
	KodeStatus  string `json:"kodeStatus"`
	WaktuStatus string `json:"waktuStatus,omitempty"`
	Keterangan  string `json:"keterangan,omitempty"`
}

// List is one list of Aju numbers that was read.
type List struct {
	ID       string         `json:"id"` // erp/LIST
	Inbox    string         `json:"inbox"`
	List     string         `json:"list"` // the file's name without its extension
	File     string         `json:"file,omitempty"`
	Entries  int            `json:"entries"`
	Rejected int            `json:"rejected"`
	Counts   map[string]int `json:"counts,omitempty"` // its documents by state
	ReadAt   time.Time      `json:"readAt,omitzero"`
	Error    *Error         `json:"error,omitempty"`
}

// The types of events.
const (
	EventSet      = "set"
	EventDocument = "document"
	EventInbox    = "inbox"
	EventAPI      = "api"
)

// Event is one change, as it happened. Exactly the field that Type names is set.
type Event struct {
	Type     string    `json:"-"` // the name of the server-sent event
	Set      *Set      `json:"set,omitempty"`
	Document *Document `json:"document,omitempty"`
	Inbox    *Inbox    `json:"inbox,omitempty"`
	API      *API      `json:"api,omitempty"`
}

// Problem is one reason for which the agent cannot do all of its work, or an alarm.
type Problem struct {
	Subject string    `json:"subject"` // inbox NAME, api NAME, data_dir, or journal
	Code    string    `json:"code"`
	Message string    `json:"message"`
	Action  string    `json:"action,omitempty"`  // what to do
	WhoActs string    `json:"whoActs,omitempty"` // operator, IT, broker, customs or nobody, in words
	Since   time.Time `json:"since,omitzero"`

	Words map[string]Words `json:"words,omitempty"` // of an alarm: the same by language, id and en
}

// Words are what is said of a problem in one language.
type Words struct {
	Message string `json:"message"`
	Action  string `json:"action,omitempty"`
	WhoActs string `json:"whoActs,omitempty"`
}

// Obstacles are the problems for which the agent is not able to work: empty when it is ready.
func (o Overview) Obstacles() []Problem {
	return slices.DeleteFunc(slices.Clone(o.Problems), func(p Problem) bool { return p.Subject == SubjectJournal })
}

// SubjectJournal is the subject of a problem with the journal, which has been dealt with when it is reported.
const SubjectJournal = "journal"

// SubjectDataDir is the subject of a problem with the folder that the journal is in: nothing is begun until it is over.
const SubjectDataDir = "data_dir"
