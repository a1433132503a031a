package beacukai

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/textproto"
	"slices"

	"kurir/agent/transport"
)

// A form is the multipart/form-data body of an upload: one part "data", then a part "images" per photo. Its length is
// known before the first byte is read, and it can be opened any number of times.
type form struct {
	contentType string
	length      int64
	parts       []part
	end         []byte // the last boundary
}

// part is a photo and what goes before it.
type part struct {
	before []byte
	image  Image
}

// newForm lays out the form. It opens no file.
func newForm(d Declaration, images []Image) (*form, error) {
	fields, err := json.Marshal(d)
	if err != nil {
		return nil, transport.Say("encode_question", "encode declaration: %v", err)
	}
	var buf bytes.Buffer
	take := func() []byte {
		defer buf.Reset()
		return slices.Clone(buf.Bytes())
	}
	w := multipart.NewWriter(&buf)
	f := &form{contentType: w.FormDataContentType()}
	err = writePart(w, `form-data; name="data"`, "application/json", fields)
	for _, image := range images {
		if err != nil {
			break
		}
		err = writePart(w, multipart.FileContentDisposition("images", image.Name), image.ContentType, nil)
		p := part{before: take(), image: image}
		f.parts = append(f.parts, p)
		f.length += int64(len(p.before)) + image.Size
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, transport.Say("build_request", "build form: %v", err)
	}
	f.end = take()
	f.length += int64(len(f.end))
	return f, nil
}

func writePart(w *multipart.Writer, disposition, contentType string, content []byte) error {
	h := textproto.MIMEHeader{"Content-Disposition": {disposition}, "Content-Type": {contentType}}
	pw, err := w.CreatePart(h)
	if err != nil {
		return err
	}
	_, err = pw.Write(content)
	return err
}

// open returns the form from its beginning. It holds one file open at a time and no content in memory.
func (f *form) open() (io.ReadCloser, error) { return &formReader{form: f}, nil }

// formReader streams a form. Every photo is checked when it is opened and again at its end, before anything that
// follows it is sent; a photo that is not what was announced ends the stream with an error.
type formReader struct {
	form  *form
	next  int    // the part after the current one
	plain []byte // what is left of the text before the current photo, or of the end
	photo *photo // the current photo; nil before the first and after the last
	ended bool   // plain is the end
}

// Read implements io.Reader. It fills p as far as it can, across parts, so that a small form needs few calls.
func (r *formReader) Read(p []byte) (n int, err error) {
	for n < len(p) {
		m, err := r.read(p[n:])
		n += m
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// read reads from the current piece, or goes on to the next one.
func (r *formReader) read(p []byte) (int, error) {
	switch {
	case len(r.plain) > 0:
		n := copy(p, r.plain)
		r.plain = r.plain[n:]
		return n, nil
	case r.photo != nil:
		n, err := r.photo.read(p)
		if errors.Is(err, io.EOF) {
			err = r.photo.finish()
			r.photo = nil
		}
		if err != nil {
			return n, r.form.unread(r.next, err)
		}
		return n, nil
	case r.ended:
		return 0, io.EOF
	case r.next == len(r.form.parts):
		r.plain, r.ended = r.form.end, true
		return 0, nil
	}
	return 0, r.advance()
}

// advance opens the next photo, so that one that cannot be read is found before its headers are sent.
func (r *formReader) advance() error {
	part := r.form.parts[r.next]
	photo, err := openPhoto(part.image)
	if err != nil {
		return r.form.unread(r.next+1, err)
	}
	r.plain, r.photo = part.before, photo
	r.next++
	return nil
}

// unread is the error of photo n, from 1, that cannot be read.
func (f *form) unread(n int, err error) error {
	return transport.Say("read_photo", "read photo %d of %d: %v", n, len(f.parts), err)
}

// Close implements io.Closer.
func (r *formReader) Close() error {
	if r.photo == nil {
		return nil
	}
	err := r.photo.close()
	r.photo = nil
	return err
}
