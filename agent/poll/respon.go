package poll

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"kurir/agent/outbox"
	"kurir/agent/t2g"
)

// responFolder holds a document's responses, in its folder.
const responFolder = "respon"

// maxKeptNote bounds a sentence that the journal keeps, in characters.
const maxKeptNote = 200

// responseName is what the files of a response are called, without extension.
func responseName(e t2g.Entry) string {
	return outbox.SafeName(named(e.RESTG) + "_" + named(e.RESWK) + "_" + named(e.RESKD))
}

// named is one piece of a name; a missing one is said to be so.
func named(s string) string {
	if s = strings.TrimSpace(s); s == "" {
		return "unknown"
	}
	return s
}

// part of a response that is a file of its own in respon/.
type part struct {
	name    string
	content payload
}

// in reports whether the part is in folder; fs.ErrNotExist when nothing of its name is. The JSON is compared by its
// meaning: a server need not write it twice in the same way.
func (p part) in(folder string) (bool, error) {
	path := filepath.Join(folder, p.name)
	if p.content.plain != nil {
		return sameJSON(path, p.content.plain)
	}
	return holds(path, p.content.writeTo)
}

// deliver brings one response into the outbox, unless it is there, and notes it in rec. Interrupted at any point and
// called again, it completes what it began: the JSON, which makes a response visible, comes last. Nothing is ever
// overwritten; a response that comes again with other content gets the next free name.
func deliver(folder string, rec *record, e t2g.Entry) (changed bool, err error) {
	sum, err := sumOf(e)
	if err != nil {
		return false, fmt.Errorf("read response: %w", err)
	}
	name := responseName(e)
	if rec.knows(name, sum) {
		return false, nil
	}
	pdf, res := inspect(e.PDFEncoded), inspect(e.ResEncode)
	d := delivery{Sum: sum, Kode: e.RESKD, Date: e.RESTG, Form: pdf.fileForm(), Note: bounded(pdf.note, maxKeptNote)}
	for n := 1; ; n++ {
		d.Name = outbox.NumberedFolder(name, n)
		if rec.uses(d.Name, sum) {
			continue
		}
		parts := d.parts(e, pdf, res)
		if taken, err := rec.adopt(d.Name, sum, func() (bool, error) { return parts[len(parts)-1].in(folder) }); taken || err != nil {
			return false, err
		}
		missing, free, err := fits(folder, parts)
		if err == nil && !free {
			continue
		}
		for _, p := range missing {
			if err == nil {
				err = outbox.CreateFrom(filepath.Join(folder, p.name), p.content.writeTo)
			}
		}
		if err != nil {
			return false, fmt.Errorf("deliver response %s: %w", d.Name, err)
		}
		rec.Delivered = append(rec.Delivered, d)
		return true, nil
	}
}

// parts returns the files of a delivery in the order in which they are written.
func (d delivery) parts(e t2g.Entry, pdf, res payload) []part {
	var parts []part
	var pdfFile, resFile string
	if pdf.fileForm() != formNone {
		pdfFile = d.file()
		parts = append(parts, part{pdfFile, pdf})
	}
	if res.fileForm() != formNone {
		resFile = d.Name + ".res.json"
		parts = append(parts, part{resFile, res})
	}
	return append(parts, part{d.Name + ".json", text(indent(e.Document(pdfFile, resFile)))})
}

// indent makes JSON readable without changing a value.
func indent(raw []byte) []byte {
	var b bytes.Buffer
	if json.Indent(&b, raw, "", "  ") != nil {
		return raw
	}
	b.WriteByte('\n')
	return b.Bytes()
}

// fits returns which of the parts are not in folder yet. free is false when one of the names has other content.
func fits(folder string, parts []part) (missing []part, free bool, err error) {
	for _, p := range parts {
		same, err := p.in(folder)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			missing = append(missing, p)
		case err != nil:
			return nil, false, err
		case !same:
			return nil, false, nil
		}
	}
	return missing, true, nil
}

// deliverPDF brings the PDF that statusrespon showed for a response into the outbox, where getresbycar brought none.
func deliverPDF(folder string, rec *record, kode, date string, raw t2g.Blob) (changed bool, err error) {
	p := inspect(raw)
	if p.fileForm() == formNone {
		return false, nil
	}
	sum, err := sumOfBlob(raw)
	if err != nil {
		return false, fmt.Errorf("read PDF: %w", err)
	}
	name := outbox.SafeName(named(date) + "_" + named(kode))
	if rec.knows(name, sum) {
		return false, nil
	}
	for n := 1; ; n++ {
		d := delivery{Name: outbox.NumberedFolder(name, n), Sum: sum, Kode: kode, Date: date, Form: p.form, Only: true}
		path := filepath.Join(folder, d.file())
		if taken, err := rec.adopt(d.Name, sum, func() (bool, error) { return holds(path, p.writeTo) }); taken || err != nil {
			return false, err
		}
		same, err := holds(path, p.writeTo)
		switch {
		case rec.uses(d.Name, sum), err == nil && !same:
			continue
		case errors.Is(err, fs.ErrNotExist):
			err = outbox.CreateFrom(path, p.writeTo)
		}
		if err != nil {
			return false, fmt.Errorf("deliver PDF %s: %w", d.Name, err)
		}
		rec.Delivered = append(rec.Delivered, d)
		return true, nil
	}
}

// file is the name of the PDF, or of what came in its place.
func (d delivery) file() string { return d.Name + "." + string(d.Form) }

// knows reports whether this content was delivered under name or one of its numbered successors.
func (r *record) knows(name, sum string) bool {
	return slices.ContainsFunc(r.Delivered, func(d delivery) bool {
		return d.Sum == sum && (d.Name == name || strings.HasPrefix(d.Name, name+"~"))
	})
}

// uses reports whether name was given to other content: also when its files have been taken away since.
func (r *record) uses(name, sum string) bool {
	return slices.ContainsFunc(r.Delivered, func(d delivery) bool { return d.Name == name && d.Sum != sum && d.Sum != "" })
}

// adopt takes the delivery of that name for this content when it was found in an outbox without a journal, which is why its sum is
// not known: if its file holds the content, or has been taken away since.
func (r *record) adopt(name, sum string, holds func() (bool, error)) (taken bool, err error) {
	for i, d := range r.Delivered {
		if d.Name != name || d.Sum != "" {
			continue
		}
		same, err := holds()
		if errors.Is(err, fs.ErrNotExist) {
			same, err = true, nil
		}
		if same {
			r.Delivered[i].Sum = sum
		}
		return same, err
	}
	return false, nil
}

// sumOf is a short hash of a response. The order of its fields, white space and the way characters are escaped do not
// change it.
func sumOf(e t2g.Entry) (string, error) {
	rest, err := canonical(e.Document("-", "-"))
	if err != nil {
		return "", err
	}
	h := sha256.New()
	h.Write(rest)
	for _, b := range []t2g.Blob{e.PDFEncoded, e.ResEncode} {
		sum, err := sumOfBlob(b)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, " %s", sum)
	}
	return hex.EncodeToString(h.Sum(nil)[:8]), nil
}

// sumOfBlob is a short hash of a text.
func sumOfBlob(b t2g.Blob) (string, error) {
	h := sha256.New()
	fmt.Fprintf(h, "%t ", b == nil)
	if !b.IsString() {
		h.Write(b)
	}
	if _, err := io.Copy(h, struct{ io.Reader }{readString(b)}); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)[:8]), nil
}

// canonical is the one form of a JSON value: keys in order, no white space, numbers as they stand there.
func canonical(raw []byte) ([]byte, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

// sameJSON reports whether the file at path holds the same JSON value.
func sameJSON(path string, want []byte) (bool, error) {
	raw, err := outbox.Read(path)
	if err != nil {
		return false, err
	}
	a, errA := canonical(raw)
	b, errB := canonical(want)
	return errA == nil && errB == nil && bytes.Equal(a, b), nil
}

// errDiffers ends the comparison of a file with what would be written.
var errDiffers = errors.New("other content")

// holds reports whether the file at path has exactly the content that write writes; fs.ErrNotExist when there is none.
func holds(path string, write func(io.Writer) error) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	c := &comparer{r: bufio.NewReaderSize(f, 64<<10)}
	if err := write(c); errors.Is(err, errDiffers) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	_, err = c.r.ReadByte()
	return errors.Is(err, io.EOF), nil
}

// comparer fails with errDiffers as soon as something is written that does not come next from r.
type comparer struct{ r *bufio.Reader }

// Write implements io.Writer.
func (c *comparer) Write(p []byte) (int, error) {
	for done := 0; done < len(p); {
		have, err := c.r.Peek(min(len(p)-done, c.r.Size()))
		if err != nil && !errors.Is(err, io.EOF) {
			return done, err
		}
		if !bytes.HasPrefix(p[done:], have) || len(have) == 0 || err != nil {
			return done, errDiffers
		}
		n, _ := c.r.Discard(len(have)) // what was just peeked at
		done += n
	}
	return len(p), nil
}
