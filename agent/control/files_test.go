package control

import (
	"bytes"
	"context"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"kurir/agent/pictures"
)

// folder is Files of one folder: ids do not matter, names are its files.
type folder string

func (f folder) Photo(_ context.Context, _, name string) (*os.File, error) {
	file, err := os.Open(filepath.Join(string(f), filepath.Base(name)))
	if os.IsNotExist(err) {
		return nil, fmt.Errorf("%w: %s", ErrNoMatch, name)
	}
	return file, err
}

func (f folder) DocumentFile(ctx context.Context, id, name string) (*os.File, error) {
	return f.Photo(ctx, id, name)
}

func withFiles(t *testing.T, files map[string][]byte) *running {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return serve(t, &agentStub{}, func(o *Options) { o.Files = folder(dir) })
}

func photoAddress(name, size string) string {
	return "/api/v1/sets/image?" + url.Values{"id": {"lane-1/A"}, "name": {name}, "size": {size}}.Encode()
}

func encoded(t *testing.T, encode func(b *bytes.Buffer, m image.Image) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b, pictures.Xray(640, 400, 1)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPhotosAreShownWholeAndSmall(t *testing.T) {
	files := map[string][]byte{
		"a.jpg": encoded(t, func(b *bytes.Buffer, m image.Image) error { return jpeg.Encode(b, m, nil) }),
		"a.png": encoded(t, func(b *bytes.Buffer, m image.Image) error { return png.Encode(b, m) }),
		"a.gif": encoded(t, func(b *bytes.Buffer, m image.Image) error { return gif.Encode(b, m, nil) }),
		"a.bmp": encoded(t, func(b *bytes.Buffer, m image.Image) error { return bmp.Encode(b, m) }),
		"a.tif": encoded(t, func(b *bytes.Buffer, m image.Image) error { return tiff.Encode(b, m, nil) }),
		"photo": encoded(t, func(b *bytes.Buffer, m image.Image) error { return jpeg.Encode(b, m, nil) }), // by its content
	}
	r := withFiles(t, files)
	for name, content := range files {
		response, body := r.get(t, photoAddress(name, ""))
		if response.StatusCode != http.StatusOK || body != string(content) || !strings.HasPrefix(response.Header.Get("Content-Type"), "image/") {
			t.Errorf("%s: %d, %s, %d bytes", name, response.StatusCode, response.Header.Get("Content-Type"), len(body))
		}
		response, body = r.get(t, photoAddress(name, "thumb"))
		small, err := jpeg.Decode(strings.NewReader(body))
		if err != nil || small.Bounds().Dx() != 320 || small.Bounds().Dy() != 200 || response.Header.Get("Content-Type") != "image/jpeg" {
			t.Errorf("small %s: %d, %v", name, response.StatusCode, err)
		}
		again, _ := r.get(t, photoAddress(name, "thumb"), "If-None-Match", response.Header.Get("ETag"))
		if again.StatusCode != http.StatusNotModified {
			t.Errorf("small %s again: %d", name, again.StatusCode)
		}
	}
}

// What a scanner calls a photo need not be one, and what a browser would run must not be given to it.
func TestOnlyPhotosAreShown(t *testing.T) {
	const svg = `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`
	r := withFiles(t, map[string][]byte{
		"a.svg": []byte(svg), "b.jpg": []byte(svg), "c.jpg": []byte("<html><script>alert(1)</script>"), "d.jpg": {}, "e.jpg": []byte("%PDF-1.4"),
	})
	for _, name := range []string{"a.svg", "b.jpg", "c.jpg", "d.jpg", "e.jpg"} {
		for _, size := range []string{"", "thumb"} {
			response, body := r.get(t, photoAddress(name, size))
			if response.StatusCode != http.StatusUnsupportedMediaType || strings.Contains(body, "<script") {
				t.Errorf("%s: %d, %s", name, response.StatusCode, body)
			}
		}
	}
	if response, _ := r.get(t, photoAddress("none.jpg", "")); response.StatusCode != http.StatusNotFound {
		t.Errorf("what is not there: %d", response.StatusCode)
	}
}

// A few bytes can claim to be a picture of any size; nothing is decoded that would not fit.
func TestHugePhotosAreNotDecoded(t *testing.T) {
	r := withFiles(t, map[string][]byte{
		"wide.png": claims(t, 60_000, 60_000), "deep.png": claims(t, 7_000, 7_000), "cut.png": claims(t, 100, 100),
	})
	for _, name := range []string{"wide.png", "deep.png", "cut.png"} {
		response, body := r.get(t, photoAddress(name, "thumb"))
		if response.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d, %s", name, response.StatusCode, body)
		}
		if name != "cut.png" && !strings.Contains(body, errTooBig.Error()) {
			t.Errorf("%s: %s", name, body)
		}
		if response, _ := r.get(t, photoAddress(name, "")); response.StatusCode != http.StatusOK {
			t.Errorf("the original of %s: %d", name, response.StatusCode)
		}
	}
}

// claims is the beginning of a PNG with 16 bits a channel that claims a size, and no pixels.
func claims(t *testing.T, width, height uint32) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewNRGBA64(image.Rect(0, 0, 1, 1))); err != nil {
		t.Fatal(err)
	}
	p := b.Bytes()
	head := p[12:29] // the type IHDR and its content, before their checksum
	for i, n := range []uint32{width, height} {
		head[4+4*i], head[5+4*i], head[6+4*i], head[7+4*i] = byte(n>>24), byte(n>>16), byte(n>>8), byte(n)
	}
	sum := crc32.ChecksumIEEE(head)
	p[29], p[30], p[31], p[32] = byte(sum>>24), byte(sum>>16), byte(sum>>8), byte(sum)
	return p[:33]
}

func TestBytesPerPixel(t *testing.T) {
	for _, tc := range []struct {
		m      color.Model
		format string
		want   int64
	}{{color.YCbCrModel, "jpeg", 16}, {color.GrayModel, "png", 1}, {color.NRGBA64Model, "png", 8}, {color.RGBAModel, "bmp", 4}, {color.Gray16Model, "tiff", 2}} {
		if got := bytesPerPixel(tc.m, tc.format); got != tc.want {
			t.Errorf("%s: %d, want %d", tc.format, got, tc.want)
		}
	}
}

func TestSmallPicturesAreForgottenInTime(t *testing.T) {
	made := newThumbs()
	for i := range 100 {
		made.keep(fmt.Sprint(i), make([]byte, maxThumbs/10))
		made.find("0")
	}
	if _, ok := made.find("0"); !ok || made.bytes > maxThumbs || len(made.kept) != made.order.Len() || len(made.kept) > 10 {
		t.Errorf("%d kept, %d bytes", len(made.kept), made.bytes)
	}
}

func TestDocumentFilesAreSavedNotShown(t *testing.T) {
	const hostile = "<script>alert(1)</script>"
	r := withFiles(t, map[string][]byte{"SPPB.pdf": []byte("%PDF-1.4 " + hostile), "SPPB.json": []byte(`{"a": "` + hostile + `"}`), "x.bin": []byte(hostile)})
	for name, want := range map[string]string{"SPPB.pdf": "application/pdf", "SPPB.json": "application/json", "x.bin": "application/octet-stream"} {
		response, _ := r.get(t, "/api/v1/documents/file?"+url.Values{"id": {"erp/1"}, "name": {"respon/" + name}}.Encode())
		h := response.Header
		disposition, params, err := mime.ParseMediaType(h.Get("Content-Disposition"))
		if h.Get("Content-Type") != want || err != nil || disposition != "attachment" || params["filename"] != name ||
			!strings.Contains(h.Get("Content-Security-Policy"), "sandbox") || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", name, h)
		}
	}
}

func TestNoFilesWithoutFiles(t *testing.T) {
	r := serve(t, &agentStub{})
	if response, _ := r.get(t, photoAddress("a.jpg", "")); response.StatusCode != http.StatusNotFound {
		t.Errorf("answers %d", response.StatusCode)
	}
}
