// Package reason is the one catalogue of why something waits or has failed: by error code, in Indonesian and English,
// what happened, who must act and what to do. Status files, commands, error files and the page all take their words
// from here. It imports nothing of ours.
package reason

// Code is an error code of the contract, section 5.
type Code string

// The error codes.
const (
	SidecarInvalid Code = "sidecar_invalid"
	ImageInvalid   Code = "image_invalid"
	ListInvalid    Code = "list_invalid"
	NotFound       Code = "not_found"
	Unauthorized   Code = "unauthorized"
	Forbidden      Code = "forbidden"
	Rejected       Code = "rejected"
	TooLarge       Code = "too_large"
	ServerError    Code = "server_error"
	BadResponse    Code = "bad_response"
	Network        Code = "network"
	Timeout        Code = "timeout"
	GaveUp         Code = "gave_up"
	Disk           Code = "disk"
	Internal       Code = "internal"
)

// What ails the agent itself: codes of its problems, never of a set or a document.
const (
	FolderOffline  Code = "offline"
	JournalDamaged Code = "journal_damaged"
)

// Language is a language of the catalogue.
type Language string

// The languages.
const (
	Indonesian Language = "id"
	English    Language = "en"
)

// Text is one entry of the catalogue.
type Text struct {
	What string // what happened, one sentence
	Who  string // who must act: operator, IT, broker, customs, nobody
	Do   string // what to do, one or two sentences
}
