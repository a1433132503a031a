package t2g

import (
	"bytes"
	"encoding/json"
	"strings"

	"kurir/agent/transport"
)

// readResponses understands the answer of getresbycar, or classifies it.
func readResponses(a *transport.Answer, car string) (ResponseAnswer, *transport.Error) {
	r, fail := openReply(a)
	if fail != nil {
		return ResponseAnswer{}, fail
	}
	answer := ResponseAnswer{Note: r.note}
	unknown := r.unknown
	for item := range elements(r.desc) {
		if kindOf(item) == kindString {
			answer.Note = text(item)
		}
		for _, hdr := range headers(item, &unknown) {
			entry := readEntry(hdr)
			if entry.Car != "" && !sameCar(entry.Car, car) {
				answer.Foreign++
				continue
			}
			answer.Entries = append(answer.Entries, entry)
		}
	}
	answer.Found = len(answer.Entries) > 0
	answer.Unknown = unknown.sorted()
	return answer, nil
}

// headers returns the objects under reshdr; an item that has no reshdr but looks like one is taken as such.
func headers(item []byte, unknown *names) [][]byte {
	var hdrs [][]byte
	var strange []string
	bare := false
	for key, value := range fields(item) {
		switch strings.ToLower(key) {
		case "reshdr":
			for hdr := range elements(value) {
				if kindOf(hdr) == kindObject {
					hdrs = append(hdrs, hdr)
				}
			}
		case "reskd", "restg", "reswk":
			bare = true
		default:
			strange = append(strange, key)
		}
	}
	if bare && hdrs == nil {
		return [][]byte{item}
	}
	for _, key := range strange {
		unknown.add("desc.", key)
	}
	return hdrs
}

func readEntry(hdr []byte) Entry {
	e := Entry{Hdr: json.RawMessage(hdr)}
	for key, value := range fields(hdr) {
		switch strings.ToLower(key) {
		case "car":
			e.Car = text(value)
		case "reskd":
			e.RESKD = text(value)
		case "restg":
			e.RESTG = text(value)
		case "reswk":
			e.RESWK = text(value)
		case keyPDF:
			e.PDFEncoded = blob(value)
		case keyRes:
			e.ResEncode = blob(value)
		}
	}
	return e
}

const (
	keyPDF = "pdf_encoded"
	keyRes = "res_encode"
)

// Document returns reshdr with pdf_encoded and res_encode replaced by the names of the files that they became; "" keeps
// a field as it is. All other fields are the server's, in its order.
func (e Entry) Document(pdf, res string) []byte {
	replace := map[string]string{keyPDF: pdf, keyRes: res}
	var b bytes.Buffer
	b.WriteByte('{')
	for key, value := range fields(e.Hdr) {
		if name := replace[strings.ToLower(key)]; name != "" {
			value, _ = json.Marshal(name) // a string always can be
		}
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		quoted, _ := json.Marshal(key)
		b.Write(quoted)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes()
}
