package control

import (
	"bytes"
	"container/list"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/gif" // to be decoded
	"image/jpeg"
	_ "image/png" // to be decoded
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	_ "golang.org/x/image/bmp" // to be decoded
	"golang.org/x/image/draw"
	_ "golang.org/x/image/tiff" // to be decoded
	_ "golang.org/x/image/webp" // to be decoded
)

const (
	thumbWidth, thumbHeight = 320, 240  // a small picture fits into this
	maxPixels               = 50 << 20  // of a photo that is made small
	maxDecoded              = 192 << 20 // bytes that one may need in memory meanwhile
	maxEncoded              = 64 << 20  // bytes of its file
	maxThumbs               = 8 << 20   // bytes of small pictures that are kept
)

// errTooBig says that a photo is too large to be made small on a machine that has other work to do.
var errTooBig = errors.New("the photo is too large for a small picture")

// thumbs makes small pictures, one at a time, and keeps the latest. Safe for concurrent use.
type thumbs struct {
	making chan struct{} // one slot

	mu    sync.Mutex
	kept  map[string]*list.Element
	order *list.List // of *thumb, the latest used first
	bytes int
}

type thumb struct {
	key  string
	jpeg []byte
}

func newThumbs() *thumbs {
	return &thumbs{making: make(chan struct{}, 1), kept: map[string]*list.Element{}, order: list.New()}
}

// thumb answers with a small picture of a photo.
func (s *Server) thumb(w http.ResponseWriter, r *http.Request, f *os.File) {
	info, err := f.Stat()
	if err != nil {
		s.reply(w, nil, err)
		return
	}
	q := r.URL.Query()
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %d %d", q.Get("id"), q.Get("name"), info.Size(), info.ModTime().UnixNano()))
	key := hex.EncodeToString(sum[:12])
	small, err := s.thumbs.get(r.Context(), key, f, info.Size())
	if err != nil {
		fail(w, http.StatusUnprocessableEntity, err.Error())
		return
	}
	h := w.Header()
	h.Set("Content-Type", "image/jpeg")
	h.Set("Content-Security-Policy", filePolicy)
	h.Set("Cache-Control", "private, no-cache") // kept by the browser, and asked about
	h.Set("ETag", `"`+key+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(small))
}

// get returns the small picture of a photo, made now or kept under key.
func (t *thumbs) get(ctx context.Context, key string, f io.ReadSeeker, size int64) ([]byte, error) {
	if small, ok := t.find(key); ok {
		return small, nil
	}
	select {
	case t.making <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-t.making }()
	if small, ok := t.find(key); ok {
		return small, nil
	}
	small, err := shrink(f, size)
	if err == nil {
		t.keep(key, small)
	}
	return small, err
}

func (t *thumbs) find(key string) ([]byte, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e, ok := t.kept[key]
	if !ok {
		return nil, false
	}
	t.order.MoveToFront(e)
	return e.Value.(*thumb).jpeg, true
}

func (t *thumbs) keep(key string, small []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept[key] = t.order.PushFront(&thumb{key, small})
	t.bytes += len(small)
	for t.bytes > maxThumbs {
		last := t.order.Back()
		old := t.order.Remove(last).(*thumb)
		delete(t.kept, old.key)
		t.bytes -= len(old.jpeg)
	}
}

// shrink makes a small JPEG of a photo. A photo that would need too much memory is errTooBig, before it needs it.
func shrink(f io.ReadSeeker, size int64) ([]byte, error) {
	head, format, err := image.DecodeConfig(f)
	if err != nil {
		return nil, fmt.Errorf("look at the photo: %w", err)
	}
	pixels := int64(head.Width) * int64(head.Height)
	if pixels > maxPixels || pixels*bytesPerPixel(head.ColorModel, format) > maxDecoded || size > maxEncoded {
		return nil, errTooBig
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	photo, _, err := image.Decode(f)
	if err != nil {
		return nil, fmt.Errorf("read the photo: %w", err)
	}
	to := fit(photo.Bounds().Dx(), photo.Bounds().Dy())
	small := image.NewRGBA(to)
	draw.Draw(small, to, image.White, image.Point{}, draw.Src) // behind what is transparent
	draw.ApproxBiLinear.Scale(small, to, photo, photo.Bounds(), draw.Over, nil)
	var b bytes.Buffer
	err = jpeg.Encode(&b, small, &jpeg.Options{Quality: 80})
	return b.Bytes(), err
}

// bytesPerPixel is how much memory a photo needs at most while it is decoded.
func bytesPerPixel(m color.Model, format string) int64 {
	switch {
	case format == "jpeg" && m == color.GrayModel:
		return 5 // a progressive one is kept as coefficients of four bytes besides
	case format == "jpeg":
		return 16
	case m == color.GrayModel || m == color.AlphaModel:
		return 1
	case m == color.Gray16Model || m == color.Alpha16Model:
		return 2
	case m == color.RGBA64Model || m == color.NRGBA64Model:
		return 8
	}
	return 4
}

// fit is the largest rectangle of a photo's proportions that a small picture may have; it is never larger than the photo.
func fit(width, height int) image.Rectangle {
	scale := min(1, float64(thumbWidth)/float64(max(width, 1)), float64(thumbHeight)/float64(max(height, 1)))
	return image.Rect(0, 0, max(1, int(float64(width)*scale)), max(1, int(float64(height)*scale)))
}
