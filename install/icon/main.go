// Command icon draws kurir's icon, a parcel on its way, and writes it to standard output as a Windows .ico with the
// sizes that Explorer asks for. The packages' script is its only caller.
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
)

func main() {
	if err := write(os.Stdout, []int{16, 24, 32, 48, 64, 256}); err != nil {
		panic(err) // standard output is a file of the packages' script
	}
}

// write writes an .ico whose entries are PNGs, which Windows reads since Vista.
func write(w io.Writer, sizes []int) error {
	const header, entry = 6, 16
	var index, pictures bytes.Buffer
	_ = binary.Write(&index, binary.LittleEndian, []uint16{0, 1, uint16(len(sizes))}) // a buffer takes everything
	for _, size := range sizes {
		offset := header + entry*len(sizes) + pictures.Len()
		before := pictures.Len()
		if err := png.Encode(&pictures, draw(size)); err != nil {
			return fmt.Errorf("draw %d pixels: %w", size, err)
		}
		index.Write([]byte{byte(size), byte(size), 0, 0}) // 256 is written as 0
		_ = binary.Write(&index, binary.LittleEndian, []uint16{1, 32})
		_ = binary.Write(&index, binary.LittleEndian, []uint32{uint32(pictures.Len() - before), uint32(offset)})
	}
	_, err := w.Write(append(index.Bytes(), pictures.Bytes()...))
	return err
}

var (
	ground = color.NRGBA{0x0b, 0x4f, 0x8a, 0xff}
	box    = color.NRGBA{0xf4, 0xf1, 0xe8, 0xff}
	tape   = color.NRGBA{0xe0, 0x8a, 0x1e, 0xff}
	speed  = color.NRGBA{0x8f, 0xc3, 0xea, 0xff}
)

// draw draws the picture in a square of so many pixels, each the mean of 6x6 points.
func draw(size int) image.Image {
	const fine = 6
	img := image.NewNRGBA(image.Rect(0, 0, size, size))
	for y := range size {
		for x := range size {
			var r, g, b, hit int
			for i := range fine * fine {
				px := (float64(x) + (float64(i%fine)+0.5)/fine) / float64(size)
				py := (float64(y) + (float64(i/fine)+0.5)/fine) / float64(size)
				if c, in := at(px, py); in {
					r, g, b, hit = r+int(c.R), g+int(c.G), b+int(c.B), hit+1
				}
			}
			if hit > 0 {
				img.SetNRGBA(x, y, color.NRGBA{uint8(r / hit), uint8(g / hit), uint8(b / hit), uint8(hit * 255 / (fine * fine))})
			}
		}
	}
	return img
}

// at is the colour at a point of the unit square, if there is any.
func at(x, y float64) (c color.NRGBA, in bool) {
	switch {
	case !rounded(x, y, 0.02, 0.02, 0.98, 0.98, 0.2):
		return c, false
	case rounded(x, y, 0.38, 0.26, 0.86, 0.74, 0.05):
		if x > 0.56 && x < 0.68 || y > 0.46 && y < 0.54 {
			return tape, true
		}
		return box, true
	case rounded(x, y, 0.12, 0.32, 0.32, 0.39, 0.035), rounded(x, y, 0.18, 0.47, 0.32, 0.54, 0.035),
		rounded(x, y, 0.12, 0.62, 0.32, 0.69, 0.035):
		return speed, true
	}
	return ground, true
}

// rounded reports whether a point lies in a rectangle with round corners.
func rounded(x, y, left, top, right, bottom, radius float64) bool {
	if x < left || x > right || y < top || y > bottom {
		return false
	}
	dx := max(left+radius-x, x-(right-radius), 0)
	dy := max(top+radius-y, y-(bottom-radius), 0)
	return dx*dx+dy*dy <= radius*radius
}
