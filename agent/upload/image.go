package upload

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"sync"

	"github.com/gabriel-vasile/mimetype"

	"kurir/watcher"
)

// imageState is what a file's content says.
type imageState uint8

const (
	notImage   imageState = iota // something else
	wholeImage                   // an image, and its end is there as far as its format tells
	cutImage                     // empty, or a JPEG or PNG whose end is missing: perhaps still being written
)

// look is what was found in a file.
type look struct {
	state imageState
	mime  string
}

// errChanged is a file that is no longer what the watcher saw, or that changed while it was read.
var errChanged = errors.New("the file changed while it was read")

const (
	headBytes = 3072 // what content detection looks at
	tailBytes = 1024
)

// ends are the buffers for both ends of a file.
type ends struct {
	head [headBytes]byte
	tail [tailBytes]byte
}

var endsBuffers = sync.Pool{New: func() any { return new(ends) }}

// inspect looks into both ends of a file: its kind by content, and whether its end is there. want is the file as it was
// seen at rest; errChanged when it is no longer that.
func inspect(name string, want watcher.File) (look, error) {
	f, err := openSeen(name, want)
	if err != nil {
		return look{}, err
	}
	defer f.Close()
	buf := endsBuffers.Get().(*ends)
	defer endsBuffers.Put(buf)
	n, err := io.ReadFull(f, buf.head[:])
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return look{}, fmt.Errorf("read %s: %w", path.Base(want.Path), err)
	}
	l := look{mime: mimetype.Detect(buf.head[:n]).String()}
	if l.mime, _, _ = strings.Cut(l.mime, ";"); !strings.HasPrefix(l.mime, "image/") && n > 0 {
		return l, nil
	}
	tail := buf.tail[:min(want.Size, tailBytes)]
	if _, err := f.ReadAt(tail, want.Size-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return look{}, fmt.Errorf("read end of %s: %w", path.Base(want.Path), err)
	}
	if l.state = wholeImage; n == 0 || !hasEnd(l.mime, tail) {
		l.state = cutImage
	}
	return l, unchanged(f, want)
}

// openSeen opens a file that is to be what was seen at rest: errChanged when it is no longer that.
func openSeen(name string, want watcher.File) (*os.File, error) {
	f, err := openRegular(name)
	if err != nil {
		return nil, err
	}
	if err := unchanged(f, want); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// hasEnd reports whether a JPEG or PNG has its end marker; other formats have none that can be relied on. Some
// scanners put padding or a trailer behind a JPEG's end, so the marker is looked for near the end, not at it.
func hasEnd(mime string, tail []byte) bool {
	switch mime {
	case "image/jpeg":
		return bytes.Contains(tail, []byte{0xFF, 0xD9})
	case "image/png", "image/vnd.mozilla.apng":
		return bytes.Contains(tail, []byte("IEND\xAE\x42\x60\x82"))
	}
	return true
}

var hashBuffers = sync.Pool{New: func() any { b := make([]byte, 256<<10); return &b }}

// digest reads a file whole, once, and returns its SHA-256 in hex: errChanged when it is not what was seen, or was written
// to meanwhile.
func digest(name string, want watcher.File) (string, error) {
	f, err := openSeen(name, want)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum, err := hashOf(f)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", path.Base(want.Path), err)
	}
	return sum, unchanged(f, want)
}

// hashOf reads an open file from where it stands to its end.
func hashOf(f *os.File) (string, error) {
	h := sha256.New()
	buf := hashBuffers.Get().(*[]byte)
	defer hashBuffers.Put(buf)
	// only Read and Write, so that the buffer is used
	if _, err := io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{f}, *buf); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// unchanged compares an open file with what was seen.
func unchanged(f *os.File, want watcher.File) error {
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if !st.Mode().IsRegular() || st.Size() != want.Size || !st.ModTime().Equal(want.ModTime) {
		return errChanged
	}
	return nil
}

// imageNames are the extensions that say "this is an image": a file so named whose content is none is an error, any
// other goes along unsent.
var imageNames = map[string]bool{
	".jpg": true, ".jpeg": true, ".jpe": true, ".jfif": true, ".png": true, ".gif": true, ".bmp": true, ".dib": true,
	".tif": true, ".tiff": true, ".webp": true, ".heic": true, ".heif": true, ".avif": true, ".jp2": true,
}

// namedLikeImage reports whether a file's name says that it is an image.
func namedLikeImage(name string) bool { return imageNames[strings.ToLower(path.Ext(name))] }
