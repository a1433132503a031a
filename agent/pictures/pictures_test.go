package pictures

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"testing"
)

func TestSameSeedSamePicture(t *testing.T) {
	encode := func(seed uint64) []byte {
		var b bytes.Buffer
		if err := JPEG(&b, seed, 320, 240, 85); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	first := encode(1)
	if !bytes.Equal(first, encode(1)) {
		t.Error("one seed gave two pictures")
	}
	if bytes.Equal(first, encode(2)) {
		t.Error("two seeds gave one picture")
	}
}

func TestEncodings(t *testing.T) {
	for name, c := range map[string]struct {
		encode func(w io.Writer, seed uint64, width, height int) error
		decode func(io.Reader) (image.Image, error)
		end    string
	}{
		"JPEG": {
			func(w io.Writer, seed uint64, width, height int) error { return JPEG(w, seed, width, height, 80) },
			jpeg.Decode, "\xff\xd9",
		},
		"PNG": {PNG, png.Decode, "IEND\xaeB`\x82"},
	} {
		for _, size := range []image.Point{{640, 480}, {480, 640}, {33, 17}, {1, 1}, {0, -5}} {
			var b bytes.Buffer
			if err := c.encode(&b, 7, size.X, size.Y); err != nil {
				t.Fatalf("%s %v: %v", name, size, err)
			}
			if !bytes.HasSuffix(b.Bytes(), []byte(c.end)) {
				t.Errorf("%s %v ends with % x", name, size, b.Bytes()[max(b.Len()-8, 0):])
			}
			img, err := c.decode(&b)
			if err != nil {
				t.Fatalf("%s %v: %v", name, size, err)
			}
			want := image.Pt(max(size.X, 1), max(size.Y, 1))
			if got := img.Bounds().Size(); got != want {
				t.Errorf("%s of %v has %v", name, size, got)
			}
		}
	}
}

// The pictures of some seeds have what a scan has: much white, orange and at least one of green and blue, some of it dark.
func TestLooksLikeAScan(t *testing.T) {
	for seed := range uint64(12) {
		img := Xray(320, 240, seed)
		var white, orange, cold, dark int
		for y := range 240 {
			for x := range 320 {
				c := color.RGBAModel.Convert(img.At(x, y)).(color.RGBA)
				r, g, b := int(c.R), int(c.G), int(c.B)
				switch {
				case min(r, g, b) > 230:
					white++
				case max(r, g, b) < 120:
					dark++
				case r > g+15 && g > b+15:
					orange++
				case g > r+10 || b > r+10:
					cold++
				}
			}
		}
		const all = 320 * 240
		if white < all/20 || orange < all/4 || cold < all/200 || dark < all/1000 {
			t.Errorf("seed %d: %d white, %d orange, %d green or blue, %d dark of %d", seed, white, orange, cold, dark, all)
		}
	}
}

// Scans have a few hundred kilobytes: the demo's sets are to be like real ones.
func TestSize(t *testing.T) {
	var b bytes.Buffer
	if err := JPEG(&b, 1, 1600, 1200, 88); err != nil {
		t.Fatal(err)
	}
	if size := b.Len(); size < 150_000 || size > 500_000 {
		t.Errorf("%d bytes", size)
	}
}

func TestWriteFails(t *testing.T) {
	for name, err := range map[string]error{
		"JPEG": JPEG(broken{}, 1, 64, 48, 80), "PNG": PNG(broken{}, 1, 64, 48),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func BenchmarkJPEG(b *testing.B) {
	for b.Loop() {
		if err := JPEG(io.Discard, 1, 1600, 1200, 88); err != nil {
			b.Fatal(err)
		}
	}
}
