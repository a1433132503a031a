package poll

import (
	"bytes"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"kurir/agent/t2g"
)

// form is what a field that should hold a PDF in base64 turned out to hold.
type form string

const (
	formNone form = ""    // nothing
	formNote form = "txt" // a sentence: kept as text in the status
	formPDF  form = "pdf"
	formBin  form = "bin" // content, but no PDF, or no whole one
)

const (
	maxNote = 1000 // characters of a sentence
	pdfTail = 2048 // bytes at the end of a PDF among which its end mark is
	shortB  = 64   // letters: a shorter text that is no PDF is a word, although base64 might read it
)

// payload is a field that has been looked at, to be written as a file or shown as a note.
type payload struct {
	form    form
	note    string   // of formNote
	raw     t2g.Blob // the JSON string
	plain   []byte   // the content itself, where it is at hand
	skip    int      // bytes of a data: prefix in it
	decoded bool     // the content is what base64 makes of it; else the text itself
}

// text is a payload of content that is at hand.
func text(content []byte) payload { return payload{form: formBin, plain: content} }

// fileForm is the form of what becomes a file, or formNone.
func (p payload) fileForm() form {
	if p.form == formPDF || p.form == formBin {
		return p.form
	}
	return formNone
}

// inspect finds out what raw, a JSON value, holds, in one pass and without keeping it.
func inspect(raw t2g.Blob) payload {
	if !raw.IsString() || len(raw) < 2 {
		return payload{}
	}
	p := payload{raw: raw}
	head := make([]byte, 256)
	n, _ := io.ReadFull(readString(raw), head)
	begin := strings.TrimSpace(string(head[:n]))
	if begin == "" && blank(raw) {
		return payload{}
	}
	p.skip = dataPrefix(raw)
	var check pdfCheck
	err := p.decode(&check)
	switch {
	case err == nil && check.isPDF():
		p.form, p.decoded = formPDF, true
	case strings.HasPrefix(begin, "<"), bytes.HasPrefix([]byte(begin), pdfMagic):
		p.form = formBin // HTML, or something else that was never encoded
	case err == nil && check.size > 0 && !reads(raw, begin):
		p.form, p.decoded = formBin, true
	case len(raw) > 4*maxNote, !printableText(begin):
		p.form = formBin
	default:
		p.form, p.note = formNote, bounded(raw.String(), maxNote)
	}
	return p
}

// writeTo writes the content of a formPDF or formBin.
func (p payload) writeTo(w io.Writer) error {
	if p.decoded {
		return p.decode(w)
	}
	if p.plain != nil {
		_, err := w.Write(p.plain)
		return err
	}
	_, err := io.Copy(w, struct{ io.Reader }{readString(p.raw)})
	return err
}

func (p payload) decode(w io.Writer) error {
	return decodeBase64(w, p.raw.ReaderAfter(p.skip))
}

// dataPrefix returns the length of "data:application/pdf;base64," as it stands in raw, or 0.
func dataPrefix(raw t2g.Blob) int {
	text := raw[1:]
	if len(text) < 5 || !strings.EqualFold(string(text[:5]), "data:") {
		return 0
	}
	if i := bytes.IndexByte(text[:min(len(text), 200)], ','); i >= 0 {
		return i + 1
	}
	return 0
}

// reads reports whether a text that base64 can read is more likely a sentence: it has spaces between words, or is short.
func reads(raw t2g.Blob, begin string) bool {
	return len(raw)-2 < shortB || len(raw) <= 4*maxNote && strings.Contains(begin, " ")
}

func blank(raw t2g.Blob) bool { return strings.TrimSpace(raw.String()) == "" }

func printableText(s string) bool {
	if !utf8.ValidString(s) && len(s) > utf8.UTFMax {
		s = s[:len(s)-utf8.UTFMax] // the cut may have gone through a character
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return r == utf8.RuneError || unicode.IsControl(r) && !unicode.IsSpace(r) })
}

// bounded returns at most n characters of s.
func bounded(s string, n int) string {
	s = strings.TrimSpace(s)
	for i := range s {
		if n == 0 {
			return s[:i] + "..."
		}
		n--
	}
	return s
}

var (
	pdfMagic = []byte("%PDF")
	pdfEnd   = []byte("%%EOF")
)

// pdfCheck looks at what is written to it: does it begin and end like a PDF.
type pdfCheck struct {
	head []byte
	tail []byte
	size int64
}

// Write implements io.Writer.
func (c *pdfCheck) Write(p []byte) (int, error) {
	c.size += int64(len(p))
	if room := 1024 - len(c.head); room > 0 {
		c.head = append(c.head, p[:min(room, len(p))]...)
	}
	if len(p) >= pdfTail {
		c.tail = append(c.tail[:0], p[len(p)-pdfTail:]...)
		return len(p), nil
	}
	c.tail = append(c.tail, p...)
	if over := len(c.tail) - pdfTail; over > 0 {
		c.tail = append(c.tail[:0], c.tail[over:]...)
	}
	return len(p), nil
}

func (c *pdfCheck) isPDF() bool {
	head := bytes.TrimLeft(c.head, " \t\r\n\f\x00")
	return bytes.HasPrefix(head, pdfMagic) && bytes.Contains(c.tail, pdfEnd)
}
