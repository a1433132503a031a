// Package pictures makes pictures that look like what an X-ray scanner makes of a parcel: things of paper and
// plastic in orange, of glass and electronics in green, of metal in blue, translucent where they overlap.
//
// They show that the agent works, in the demo and in tests, and stand for nothing real. The package knows of no
// files and imports nothing of ours.
package pictures

import (
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"math/rand/v2"
)

// Xray draws a parcel. The same size and seed always give the same picture; sizes below 1 count as 1. A picture of
// two megapixels takes some tens of milliseconds. It may be called from several goroutines.
func Xray(width, height int, seed uint64) image.Image {
	source := rand.NewPCG(seed, 0x6b75726972)
	rnd := rand.New(source) //nolint:gosec // repeatable, not secret
	width, height = max(width, 1), max(height, 1)
	c := newCanvas(width, height)
	pack(c, rnd)
	return c.develop(width, height, source)
}

// JPEG writes the picture of Xray as a JPEG of the given quality, 1 to 100.
func JPEG(w io.Writer, seed uint64, width, height, quality int) error {
	if err := jpeg.Encode(w, Xray(width, height, seed), &jpeg.Options{Quality: quality}); err != nil {
		return fmt.Errorf("write JPEG: %w", err)
	}
	return nil
}

// PNG writes the picture of Xray as a PNG.
func PNG(w io.Writer, seed uint64, width, height int) error {
	encoder := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := encoder.Encode(w, Xray(width, height, seed)); err != nil {
		return fmt.Errorf("write PNG: %w", err)
	}
	return nil
}
