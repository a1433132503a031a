package demo

import (
	"bytes"
	"fmt"

	"kurir/agent/pictures"
)

const (
	pictureWidth  = 1000
	pictureHeight = 700
	jpegQuality   = 85
)

// pictures draws n pictures, each different from all others of the demonstration. It is called from any play.
func (s *stage) pictures(n int, ext string) []photo {
	photos := make([]photo, n)
	for i := range photos {
		seed := s.o.Seed<<20 + s.drawn.Add(1)
		var b bytes.Buffer
		var err error
		if ext == "png" {
			err = pictures.PNG(&b, seed, pictureWidth/2, pictureHeight/2)
		} else {
			err = pictures.JPEG(&b, seed, pictureWidth, pictureHeight, jpegQuality)
		}
		if err != nil {
			panic(err) // memory takes everything
		}
		photos[i] = photo{name: fmt.Sprintf("image%d.%s", i+1, ext), data: b.Bytes()}
	}
	return photos
}
