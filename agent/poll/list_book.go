package poll

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding/unicode"

	"kurir/agent/reason"
)

// Limits of a part of a workbook, whatever a hostile one holds.
const (
	maxToken = 1 << 20 // bytes of one tag, text or comment; the longest text of a cell has 32767 characters
	maxDepth = 200     // elements in one another
)

// book is a workbook whose parts are read from its archive, one after the other. The library that writes workbooks is not
// asked to read lists: to it a damaged part ends, without a word, where the damage begins.
type book struct {
	ctx   context.Context
	parts map[string]*zip.File // by name, in lower case
	row   int                  // that is being read, 0 where there are no rows
}

func openBook(ctx context.Context, archive *zip.Reader) (*book, error) {
	b := &book{ctx: ctx, parts: make(map[string]*zip.File, len(archive.File))}
	for _, f := range archive.File {
		name := strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(f.Name, `\`, "/"), "/"))
		if b.parts[name] != nil {
			return nil, damaged(path.Base(name), errors.New("is there twice"))
		}
		b.parts[name] = f
	}
	return b, nil
}

// damaged is what a workbook is refused with. where is part of a sentence.
func damaged(where string, err error) *ListError {
	text := err.Error()
	var syntax *xml.SyntaxError
	if errors.As(err, &syntax) {
		text = syntax.Msg // all of a part is one line
	}
	return &ListError{Why: reason.ListWorkbook, detail: printable(where + ": " + text), err: err}
}

// walk hands on the XML of a part, token by token and to its end. Whatever keeps it from being read to its end is an error.
func (b *book) walk(name string, visit func(xml.Token) error) error {
	part := b.parts[strings.ToLower(name)]
	if part == nil {
		return damaged(path.Base("part/"+name), errors.New("is missing"))
	}
	unpacked, err := part.Open()
	if err != nil {
		return b.unread(name, err)
	}
	defer unpacked.Close()
	in := &partReader{ctx: b.ctx, r: unpacked, left: maxToken}
	dec, err := newXMLDecoder(in)
	if err != nil {
		return b.unread(name, err)
	}
	for depth := 0; ; {
		in.left = maxToken
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		switch token.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		}
		if depth > maxDepth {
			err = errors.New("too many elements in one another")
		}
		if err != nil {
			return b.unread(name, err)
		}
		if err := visit(token); err != nil {
			return err
		}
	}
}

// unread returns why a part could not be read: because it is damaged, or because the file cannot be read now.
func (b *book) unread(name string, err error) error {
	var trouble *fs.PathError
	if b.ctx.Err() != nil || errors.As(err, &trouble) {
		return fmt.Errorf("read list: %w", err)
	}
	if b.row > 0 {
		return damaged(fmt.Sprintf("row %d", b.row), err)
	}
	return damaged(path.Base(name), err)
}

// partReader reads a part until the context ends, and no more of it than left.
type partReader struct {
	ctx  context.Context
	r    io.Reader
	left int
}

// Read implements io.Reader.
func (p *partReader) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	if p.left <= 0 {
		return 0, errors.New("a text or a tag is too long")
	}
	n, err := p.r.Read(b)
	p.left -= n
	return n, err
}

// newXMLDecoder returns a decoder of XML in the encoding that it declares. UTF-16 shows itself before it does.
func newXMLDecoder(r io.Reader) (*xml.Decoder, error) {
	br := bufio.NewReader(r)
	head, err := br.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	wide := true
	switch {
	case bytes.Equal(head, []byte{0xff, 0xfe}), bytes.Equal(head, []byte("<\x00")):
		br, err = fromUTF16(br, unicode.LittleEndian)
	case bytes.Equal(head, []byte{0xfe, 0xff}), bytes.Equal(head, []byte("\x00<")):
		br, err = fromUTF16(br, unicode.BigEndian)
	default:
		wide, err = false, nil
	}
	if err != nil {
		return nil, err
	}
	dec := xml.NewDecoder(br)
	dec.CharsetReader = charset.NewReaderLabel
	if wide {
		dec.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	}
	return dec, nil
}

// firstSheet returns the names of the parts that hold the first sheet and the strings that sheets share.
func (b *book) firstSheet() (sheet, shared string, err error) {
	main, err := b.target("", func(_, kind string) bool { return strings.HasSuffix(kind, "/officeDocument") })
	if err != nil {
		return "", "", err
	}
	id, found := "", false
	err = b.walk(main, func(t xml.Token) error {
		if e, ok := t.(xml.StartElement); ok && e.Name.Local == "sheet" && !found {
			id, found = attribute(e, "id"), true
		}
		return nil
	})
	if err != nil {
		return "", "", err
	}
	if !found {
		return "", "", &ListError{Why: reason.ListNoSheet}
	}
	sheet, err = b.target(main, func(other, _ string) bool { return other == id })
	if err != nil {
		return "", "", err
	}
	shared, err = b.target(main, func(_, kind string) bool { return strings.HasSuffix(kind, "/sharedStrings") })
	if err != nil || shared == "" {
		shared = path.Join(path.Dir(main), "sharedStrings.xml")
	}
	return sheet, shared, err
}

// target returns the name of the part that a relationship of the part from leads to, "" for the whole book: of the first
// that fits by its id and kind. It is "" when there is none.
func (b *book) target(from string, fits func(id, kind string) bool) (name string, err error) {
	dir, base := path.Split(from)
	err = b.walk(dir+"_rels/"+base+".rels", func(t xml.Token) error {
		e, ok := t.(xml.StartElement)
		if !ok || name != "" || e.Name.Local != "Relationship" || !fits(attribute(e, "Id"), attribute(e, "Type")) {
			return nil
		}
		name = strings.ReplaceAll(attribute(e, "Target"), `\`, "/")
		if !strings.HasPrefix(name, "/") {
			name = "/" + dir + name
		}
		name = strings.TrimPrefix(path.Clean(name), "/")
		return nil
	})
	return name, err
}

// attribute returns an attribute of an element, whatever its namespace; "" when there is none.
func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name && a.Name.Space != "xmlns" {
			return a.Value
		}
	}
	return ""
}
