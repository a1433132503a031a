package t2g

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"kurir/agent/transport"
)

// An answer is understood as it came, and then rid of the secrets that the server shows back in it: letters that spell a
// secret may be part of a number that has to be compared, or of a PDF.

// shortDocument is how many letters a document in base64 has at least, besides those that spell a secret.
const shortDocument = 64

// hide takes the secrets out of what is kept and shown of an answer. seen: its body showed one.
func (a *StatusAnswer) hide(tc *transport.Client, seen bool) {
	a.Note = tc.Clean(a.Note)
	hideTexts(tc, &a.Car, &a.Status, &a.StatusUraian, &a.CreatedTime, &a.SendTime)
	for i := range a.Responses {
		r := &a.Responses[i]
		hideTexts(tc, &r.KodeRespon, &r.UraianRespon, &r.NomorDaftar, &r.TanggalDaftar, &r.NomorRespon, &r.TanggalRespon)
		if seen {
			r.PDF = hideBlob(tc, r.PDF)
		}
	}
	for i := range a.Statuses {
		s := &a.Statuses[i]
		hideTexts(tc, &s.KodeStatus, &s.WaktuStatus, &s.Keterangan, &s.NomorDaftar, &s.TanggalDaftar)
	}
	hideNames(tc, a.Unknown)
}

// hide is the same of an answer of getresbycar.
func (a *ResponseAnswer) hide(tc *transport.Client, seen bool) {
	a.Note = tc.Clean(a.Note)
	for i := range a.Entries {
		e := &a.Entries[i]
		hideTexts(tc, &e.Car, &e.RESKD, &e.RESTG, &e.RESWK)
		if seen {
			e.Hdr = tc.HideIn(e.Hdr)
			e.PDFEncoded, e.ResEncode = hideBlob(tc, e.PDFEncoded), hideBlob(tc, e.ResEncode)
		}
	}
	hideNames(tc, a.Unknown)
}

func hideTexts(tc *transport.Client, texts ...*string) {
	for _, t := range texts {
		*t = tc.Hide(*t)
	}
}

func hideNames(tc *transport.Client, names []string) {
	for i := range names {
		names[i] = tc.Hide(names[i])
	}
}

// hideBlob takes the secrets out of a field, unless that is a document in base64, which no one reads as letters.
func hideBlob(tc *transport.Client, b Blob) Blob {
	clean := Blob(tc.HideIn(b))
	times := bytes.Count(clean, []byte(transport.Hidden))
	echo := times < 3 && len(clean)-times*len(transport.Hidden) < shortDocument // hardly anything but a secret
	if !echo && inBase64(b) {
		return b
	}
	return clean
}

// inBase64 reports whether a string has no letter that base64 does not have. Blanks it has none: with them it reads as a
// sentence.
func inBase64(b Blob) bool {
	if !b.IsString() {
		return false
	}
	r := b.Reader()
	chunk := make([]byte, 32<<10)
	for first := true; ; first = false {
		n, err := r.Read(chunk)
		part := string(chunk[:n])
		if _, content, ok := strings.Cut(part, ","); first && ok && strings.HasPrefix(strings.ToLower(part), "data:") {
			part = content
		}
		if strings.ContainsFunc(part, func(c rune) bool {
			return (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && (c < '0' || c > '9') && !strings.ContainsRune("+/-_=\r\n\t", c)
		}) {
			return false
		}
		if err != nil {
			return errors.Is(err, io.EOF)
		}
	}
}
