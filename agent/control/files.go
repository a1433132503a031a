package control

import (
	"context"
	"io"
	"mime"
	"net/http"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/gabriel-vasile/mimetype"
)

// Files gives the photos of sets and the files of documents. All methods are safe for concurrent use.
type Files interface {
	// Photo opens a photo of the set id wherever the set is now; name is its file where it has one, else its name.
	// ErrNoMatch when the set has no such photo or it is not there any more. The caller closes the file.
	Photo(ctx context.Context, id, name string) (*os.File, error)
	// DocumentFile opens a file of the document id by the name that its responses give. ErrNoMatch and closing as above.
	DocumentFile(ctx context.Context, id, name string) (*os.File, error)
}

// fileWithin is how long a photo or a PDF may take to be written.
const fileWithin = 5 * time.Minute

// filePolicy makes what came from outside a document that can do nothing.
const filePolicy = "default-src 'none'; sandbox; frame-ancestors 'none'"

// photoTypes are the pictures that are given out as such: by their content, whatever they are called. SVG, which can
// hold scripts, is none of them.
var photoTypes = []string{"image/jpeg", "image/png", "image/vnd.mozilla.apng", "image/gif", "image/bmp", "image/tiff", "image/webp"}

// photo answers with a photo of a set, whole or, with size=thumb, small.
func (s *Server) photo(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	f, err := s.o.Files.Photo(r.Context(), q.Get("id"), q.Get("name"))
	if err != nil {
		s.reply(w, nil, err)
		return
	}
	defer func() { _ = f.Close() }()
	kind, err := contentType(f)
	switch {
	case err != nil:
		s.reply(w, nil, err)
	case !slices.Contains(photoTypes, kind):
		fail(w, http.StatusUnsupportedMediaType, "not a picture that can be shown")
	case q.Get("size") == "thumb":
		s.thumb(w, r, f)
	default:
		serveFile(w, r, f, kind, "inline", path.Base(q.Get("name")))
	}
}

// documentFile answers with a file of a document, to be saved.
func (s *Server) documentFile(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	f, err := s.o.Files.DocumentFile(r.Context(), q.Get("id"), q.Get("name"))
	if err != nil {
		s.reply(w, nil, err)
		return
	}
	defer func() { _ = f.Close() }()
	kind := map[string]string{".pdf": "application/pdf", ".json": "application/json"}[path.Ext(q.Get("name"))]
	if kind == "" {
		kind = "application/octet-stream"
	}
	serveFile(w, r, f, kind, "attachment", path.Base(q.Get("name")))
}

// serveFile answers with an open file. What is in it came from a scanner or a server: it is shown as what it is, in a
// sandbox.
func serveFile(w http.ResponseWriter, r *http.Request, f *os.File, kind, disposition, name string) {
	info, err := f.Stat()
	if err != nil {
		fail(w, http.StatusInternalServerError, err.Error())
		return
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(fileWithin))
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Security-Policy", filePolicy)
	h.Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": name}))
	http.ServeContent(w, r, "", info.ModTime(), f)
}

// contentType is what a file's content says that it is.
func contentType(f *os.File) (string, error) {
	kind, err := mimetype.DetectReader(io.LimitReader(f, 3072))
	if err != nil {
		return "", err
	}
	_, err = f.Seek(0, io.SeekStart)
	name, _, _ := strings.Cut(kind.String(), ";")
	return name, err
}
