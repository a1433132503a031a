package upload

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"kurir/watcher"
)

// pictureAs encodes a small picture, another for each seed.
func pictureAs(t testing.TB, format string, seed int) []byte {
	t.Helper()
	m := image.NewPaletted(image.Rect(0, 0, 20, 12), color.Palette{color.Black, color.White, color.RGBA{R: 200, A: 255}})
	for i := range m.Pix {
		m.Pix[i] = uint8((i*i + seed) % 3)
	}
	var b bytes.Buffer
	var err error
	switch format {
	case "jpeg":
		err = jpeg.Encode(&b, m, nil)
	case "png":
		err = png.Encode(&b, m)
	case "gif":
		err = gif.Encode(&b, m, nil)
	case "bmp":
		b.WriteString("BM")
		for _, v := range []uint32{54 + 3*4, 0, 54, 40, 1, 3, 1 | 24<<16, 0, 12, 2835, 2835, 0, 0} {
			err = errors.Join(err, binary.Write(&b, binary.LittleEndian, v))
		}
		b.Write(bytes.Repeat([]byte{byte(seed)}, 12))
	case "tiff":
		b.WriteString("II*\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	case "webp":
		b.WriteString("RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00")
	default:
		t.Fatalf("no format %q", format)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// fileAt writes a file below dir and returns it as the watcher would show it at rest.
func fileAt(t testing.TB, dir, rel string, content []byte) watcher.File {
	t.Helper()
	p := filepath.Join(dir, filepath.FromSlash(rel))
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, content, 0o644); err != nil {
		t.Fatal(err)
	}
	st, err := os.Lstat(p)
	if err != nil {
		t.Fatal(err)
	}
	return watcher.File{Path: rel, Size: st.Size(), ModTime: st.ModTime(), Changed: clock0, State: watcher.Rest}
}

func TestInspect(t *testing.T) {
	jpg, pic := pictureAs(t, "jpeg", 1), pictureAs(t, "png", 1)
	pad := func(b []byte, n int) []byte { return append(bytes.Clone(b), make([]byte, n)...) }
	cases := []struct {
		name    string
		content []byte
		state   imageState
		mime    string
	}{
		{"JPEG", jpg, wholeImage, "image/jpeg"},
		{"PNG", pic, wholeImage, "image/png"},
		{"GIF", pictureAs(t, "gif", 1), wholeImage, "image/gif"},
		{"BMP", pictureAs(t, "bmp", 1), wholeImage, "image/bmp"},
		{"TIFF", pictureAs(t, "tiff", 1), wholeImage, "image/tiff"},
		{"WebP", pictureAs(t, "webp", 1), wholeImage, "image/webp"},
		{"JPEG with zeros behind", pad(jpg, 500), wholeImage, "image/jpeg"},
		{"PNG with zeros behind", pad(pic, 500), wholeImage, "image/png"},
		{"JPEG without its end", jpg[:len(jpg)-2], cutImage, "image/jpeg"},
		{"JPEG without its last byte", jpg[:len(jpg)-1], cutImage, "image/jpeg"},
		{"JPEG of which room was made", append(bytes.Clone(jpg[:len(jpg)/2]), make([]byte, 4000)...), cutImage, "image/jpeg"},
		{"PNG without its last byte", pic[:len(pic)-1], cutImage, "image/png"},
		{"the beginning of a JPEG", jpg[:4], cutImage, "image/jpeg"},
		{"nothing", nil, cutImage, "text/plain"},
		{"text", []byte("no picture"), notImage, "text/plain"},
		{"PDF", []byte("%PDF-1.7\n%%EOF"), notImage, "application/pdf"},
		{"an end without a beginning", []byte("\x00\x01\xFF\xD9"), notImage, "application/octet-stream"},
	}
	dir := t.TempDir()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := fileAt(t, dir, "file.bin", c.content)
			l, err := inspect(filepath.Join(dir, f.Path), f)
			if err != nil || l.state != c.state || l.mime != c.mime {
				t.Errorf("%+v, %v; want state %d and %s", l, err, c.state, c.mime)
			}
			h := sha256.Sum256(c.content)
			if sum, err := digest(filepath.Join(dir, f.Path), f); err != nil || sum != hex.EncodeToString(h[:]) {
				t.Errorf("SHA-256 %q, %v", sum, err)
			}
		})
	}
}

// TestLargeFile: a file larger than every buffer, whose end lies far behind its head.
func TestLargeFile(t *testing.T) {
	jpg := pictureAs(t, "jpeg", 2)
	content := append(bytes.Clone(jpg[:len(jpg)-2]), bytes.Repeat([]byte("filling "), 100_000)...)
	content = append(content, 0xFF, 0xD9)
	dir := t.TempDir()
	name, seen := filepath.Join(dir, "a.jpg"), fileAt(t, dir, "a.jpg", content)
	if l, err := inspect(name, seen); err != nil || l.state != wholeImage {
		t.Errorf("%+v, %v", l, err)
	}
	sum, err := digest(name, seen)
	if h := sha256.Sum256(content); err != nil || sum != hex.EncodeToString(h[:]) {
		t.Errorf("%s, %v", sum, err)
	}
}

// readers are the two ways to read an image.
var readers = map[string]func(name string, want watcher.File) error{
	"inspect": func(name string, want watcher.File) error { _, err := inspect(name, want); return err },
	"digest":  func(name string, want watcher.File) error { _, err := digest(name, want); return err },
}

// TestReadersWantTheFileThatWasSeen and nothing else under its name.
func TestReadersWantTheFileThatWasSeen(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "a.jpg")
	jpg := pictureAs(t, "jpeg", 3)
	seen := fileAt(t, dir, "a.jpg", jpg)
	shorter, older := seen, seen
	shorter.Size--
	older.ModTime = older.ModTime.Add(-time.Second)
	for how, read := range readers {
		for _, f := range []watcher.File{shorter, older} {
			if err := read(name, f); !errors.Is(err, errChanged) {
				t.Errorf("%s: %+v: %v", how, f, err)
			}
		}
		if err := read(filepath.Join(dir, "gone.jpg"), seen); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: gone: %v", how, err)
		}
		if err := read(dir, seen); err == nil {
			t.Errorf("%s: a folder was taken for an image", how)
		}
	}
	f, err := os.OpenFile(name, os.O_RDWR|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := unchanged(f, seen); err != nil {
		t.Errorf("before: %v", err)
	}
	if _, err := f.WriteString("more"); err != nil {
		t.Fatal(err)
	}
	if err := unchanged(f, seen); !errors.Is(err, errChanged) {
		t.Errorf("changed while it is open: %v", err)
	}
}

// TestReadersFollowNoLink, not even to a file that looks exactly as what was seen.
func TestReadersFollowNoLink(t *testing.T) {
	dir := t.TempDir()
	seen := fileAt(t, dir, "a.jpg", pictureAs(t, "jpeg", 4))
	link := filepath.Join(dir, "link.jpg")
	if err := os.Symlink(filepath.Join(dir, "a.jpg"), link); err != nil {
		if runtime.GOOS == "windows" {
			t.Skipf("this user may not make symbolic links: %v", err)
		}
		t.Fatal(err)
	}
	for how, read := range readers {
		if err := read(link, seen); err == nil {
			t.Errorf("%s reads through a link", how)
		}
	}
}

func TestNamedLikeImage(t *testing.T) {
	for name, want := range map[string]bool{
		"a.jpg": true, "A.JPEG": true, "x/y.Tif": true, "a.webp": true, "a.jpg.txt": false, "jpg": false, "a.": false, "notes.txt": false,
	} {
		if got := namedLikeImage(name); got != want {
			t.Errorf("namedLikeImage(%q) = %v", name, got)
		}
	}
}
