package reason

import (
	"fmt"
	"strings"
)

// Detail is what exactly is wrong with a sidecar, an image, a list or one of its lines: what a code's Text leaves open.
type Detail string

// Phrase is a detail with what it is about. The zero Phrase says nothing.
type Phrase struct {
	Detail Detail
	Args   []any // for the verbs of the detail's words; a Phrase or an error among them is said in the same language
}

// With makes a phrase of d.
func (d Detail) With(args ...any) Phrase { return Phrase{Detail: d, Args: args} }

// In returns the phrase in words, without a full stop. An unknown language is English, an unknown detail its own key.
func (p Phrase) In(lang Language) string {
	words, ok := details[p.Detail]
	if !ok {
		return string(p.Detail)
	}
	text := words.english
	if lang == Indonesian {
		text = words.indonesian
	}
	if len(p.Args) == 0 {
		return text
	}
	return fmt.Sprintf(text, inWords(p.Args, lang)...)
}

// String is the phrase in English, for logs.
func (p Phrase) String() string { return p.In(English) }

// What is wrong with a sidecar. What With is given stands behind each.
const (
	OnLine          Detail = "on_line"         // the line, what is wrong there
	SidecarTooBig   Detail = "sidecar_too_big" //
	SidecarNoText   Detail = "sidecar_no_text" //
	SidecarCut      Detail = "sidecar_cut"     //
	SidecarSyntax   Detail = "sidecar_syntax"  // what the parser says
	SidecarNoObject Detail = "sidecar_no_object"
	SidecarMore     Detail = "sidecar_more"
	SidecarTwo      Detail = "sidecar_two"    // the folder, how many, their names
	FieldTwice      Detail = "field_twice"    // the key
	FieldNoText     Detail = "field_no_text"  // the key, the beginning of the value
	FieldLong       Detail = "field_long"     // the key, the limit
	FieldControl    Detail = "field_control"  // the key
	FieldNoDate     Detail = "field_no_date"  // the key, the value
	FieldMissing    Detail = "field_missing"  // the key
	FieldMissing2   Detail = "field_missing2" // the key, the scanner's name for it
	DefaultWrong    Detail = "default_wrong"  // the field, what is wrong with it
	ImagesNoList    Detail = "images_no_list" //
	ImagesOutside   Detail = "images_outside" // the name
)

// What is wrong with an image or a file, and what sets say of it.
const (
	ImageEmpty   Detail = "image_empty"    // the file
	ImageCut     Detail = "image_cut"      // the file, its kind
	ImageOther   Detail = "image_other"    // the file, its kind
	FileUnread   Detail = "file_unread"    // the file, the system's words
	OneMoreImage Detail = "one_more_image" //
	MoreImages   Detail = "more_images"    // how many
)

// What keeps a set or a document although nothing is wrong with it.
const (
	APIPaused    Detail = "api_paused"
	StillWorking Detail = "still_working" //
	FileGone     Detail = "file_gone"     // the file
	FileChanged  Detail = "file_changed"  // the file
	FilesOther   Detail = "files_other"   // the system's words
	NotThere     Detail = "not_there"     //
	NoInbox      Detail = "no_inbox"      // its name
	GivenUp      Detail = "given_up"      // attempts, the last error
	NoEnd        Detail = "no_end"        // within how long
	NoEndLast    Detail = "no_end_last"   // within how long, the last error
	Contradicts  Detail = "contradicts"   //
	OtherNumber  Detail = "other_number"  //
	NoPath       Detail = "no_path"       // the client's words
	ResponseFile Detail = "response_file" // the file
	AndMore      Detail = "and_more"      // names, how many more
)

// What keeps a failed set out of its inbox.
const (
	InboxAway  Detail = "inbox_away"   // the inbox, its folder, the sets
	NoNameBack Detail = "no_name_back" // the inbox, the folder in the outbox
)

// Why a line of a list is rejected.
const (
	LineEmpty      Detail = "empty"
	LineLength     Detail = "length"       // how many characters it has
	LineZerosLost  Detail = "zeros_lost"   // how many digits it has
	LineScientific Detail = "scientific"   //
	LineDigits     Detail = "digits"       // the digit
	LineCharacter  Detail = "character"    // the character
	LineLong       Detail = "long_line"    // how many bytes it has
	LineKode       Detail = "kode_dokumen" // the code
	LineNoKode     Detail = "no_kode_dokumen"
	LineNotText    Detail = "not_text" // an element of a JSON array that is neither a string nor an object with a number
)

// Why a list is rejected as a whole.
const (
	ListEmpty     Detail = "no_lines"
	ListBinary    Detail = "binary"
	ListExtension Detail = "extension" // the extension
	ListTooBig    Detail = "too_big"   // the limit in MiB
	ListEncrypted Detail = "encrypted"
	ListOldExcel  Detail = "old_excel"
	ListWorkbook  Detail = "workbook" // what the library says
	ListNoSheet   Detail = "list_no_sheet"
	ListBomb      Detail = "bomb"
	ListJSON      Detail = "json" // what the parser says
	ListJSONCut   Detail = "list_json_cut"
	ListJSONMore  Detail = "list_json_more"
	ListNotArray  Detail = "not_array"
)

// fewNames is how many names a sentence holds.
const fewNames = 20

// Few returns names for a sentence: the first ones, and how many more there are.
func Few(names []string, lang Language) string {
	if more := len(names) - fewNames; more > 0 {
		return AndMore.With(strings.Join(names[:fewNames], ", "), more).In(lang)
	}
	return strings.Join(names, ", ")
}
