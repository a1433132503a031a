// Package t2g is the client of T2G's "Get Status & Response" API: statusrespon and getresbycar, as published.
//
// It sends one request per call (repeated once after a token refresh), hands back the answer verbatim whether or not it
// could be understood, understands it leniently, and never decides whether to ask again. Nothing in it depends on the
// meaning of a code. It knows no jobs and no files. Its only callers are the poll pipeline and the check command.
package t2g

import (
	"encoding/json"

	"kurir/agent/transport"
)

// ErrNoPath is what GetResByCar returns, wrapped, for a kode_dokumen without a path in Options.ResponsePaths.
var ErrNoPath error = transport.Say("no_path", "no path is configured for this kode_dokumen")

// NotThere is the Note of a 404 that says nothing itself.
const NotThere = "HTTP status 404: not there yet, or the path in the configuration is wrong"

// OtherCar is the key of the words of an answer that is about another car than the one asked for.
const OtherCar = "other_car"

// Options are what T2G's customers get with their account.
type Options struct {
	EDINumber        string
	StatusResponPath string            // "" is /api/getlog/statusrespon
	ResponsePaths    map[string]string // of getresbycar, by kode_dokumen
}

// StatusAnswer is what statusrespon says about one car. Texts that are missing, null or 0000-00-00 are "". Neither it nor a
// ResponseAnswer shows a secret of the client, except within a document in base64.
type StatusAnswer struct {
	Found        bool // there is something about the car; false: not yet, and Note says it in the server's words
	Car          string
	Status       string
	StatusUraian string
	CreatedTime  string
	SendTime     string
	Responses    []Respon // in the order given
	Statuses     []Status // in the order given, which is not that of time
	Note         string   // a sentence instead of data, bounded
	Unknown      []string // names of fields that the API does not describe, sorted
	Raw          []byte   // the answer's body, byte for byte but for secrets, also beside an error; nil when no answer came
}

// Respon is one entry of dataRespon.
type Respon struct {
	KodeRespon    string
	UraianRespon  string
	NomorDaftar   string
	TanggalDaftar string
	NomorRespon   string
	TanggalRespon string
	PDF           Blob // pdf_encoded
}

// Status is one entry of dataStatus.
type Status struct {
	KodeStatus    string
	WaktuStatus   string
	Keterangan    string
	NomorDaftar   string
	TanggalDaftar string
}

// ResponseAnswer is what getresbycar says about one car.
type ResponseAnswer struct {
	Found   bool     // there are entries about the car; false: not yet, and Note says it in the server's words
	Entries []Entry  // in the order given
	Foreign int      // entries about another car, which are left out
	Note    string   // a sentence instead of data, bounded
	Unknown []string // names of fields around reshdr that the API does not describe, sorted; reshdr's own differ per kind
	Raw     []byte   // the answer's body, byte for byte but for secrets, also beside an error; nil when no answer came
}

// Entry is one response. Its identity is RESTG, RESWK and RESKD, as the server wrote them: they may hold anything.
type Entry struct {
	Car        string
	RESKD      string
	RESTG      string
	RESWK      string
	Hdr        json.RawMessage // the object reshdr, verbatim but for secrets
	PDFEncoded Blob            // pdf_encoded
	ResEncode  Blob            // res_encode
}
