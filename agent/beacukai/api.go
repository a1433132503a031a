// Package beacukai is the client of Bea Cukai's X-ray photo API: kirim-foto-xray, add-foto-xray, get-foto-xray, as
// published on the page "Kirim Foto X-RAY".
//
// It sends one request per call (repeated once after a token refresh), classifies what came back into
// *transport.Error, and never decides whether to try again. It knows no jobs and no files' fates. Its only caller is
// the upload pipeline, and the check command.
package beacukai

import (
	"encoding/json"
	"time"
)

// Declaration is the part "data" of an upload, and the key of a query. All four fields are required by the API.
type Declaration struct {
	NomorAju     string `json:"nomorAju"`
	NomorBlAwb   string `json:"nomorBlAwb"`
	TanggalBlAwb string `json:"tanggalBlAwb"` // yyyy-MM-dd
	KodeKantor   string `json:"kodeKantor"`
}

// Image is one photo to send, streamed from disk.
type Image struct {
	Name        string    // the file name on the wire, unique within the declaration
	Path        string    // the file
	ContentType string    // image/...
	Size        int64     // as hashed: a file that is no longer so is an error of kind Local, before its end is sent
	ModTime     time.Time // likewise
}

// Answer is a well-formed success of kirim or add.
type Answer struct {
	Status  int             // the HTTP status
	Count   int             // data.jumlahFotoTerupload; -1 when the answer has none
	Message string          // the server's words, bounded; no secrets
	Raw     json.RawMessage // the answer, verbatim but for secrets
}

// Listing is a well-formed success of get.
type Listing struct {
	Names []string        // data.detail[].namaFile, as given: to be compared, not to be shown
	Total int             // data.totalFotoTerupload; -1 when the answer has none
	Raw   json.RawMessage // the answer, verbatim but for secrets
}
