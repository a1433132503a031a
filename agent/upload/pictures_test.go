package upload_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
)

// fields is a sidecar's content.
type fields map[string]any

// side returns a whole sidecar for a declaration named after aju.
func side(aju string, images ...string) fields {
	f := fields{"nomorAju": aju, "nomorBlAwb": "AWB" + aju, "tanggalBlAwb": "2025-09-30", "kodeKantor": "009000"}
	if len(images) > 0 {
		f["images"] = images
	}
	return f
}

func (f fields) json() []byte {
	b, err := json.Marshal(map[string]any(f))
	if err != nil {
		panic(err)
	}
	return b
}

// jpg and pic make small real pictures, another for each seed.
func jpg(seed int) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture(seed), nil); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func pic(seed int) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, picture(seed)); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func picture(seed int) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, 24, 16))
	for i := range 24 * 16 {
		v := uint8((i*7 + seed*31) % 251)
		m.Set(i%24, i/24, color.RGBA{v, uint8(seed), uint8(seed >> 8), 255})
	}
	return m
}

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}
