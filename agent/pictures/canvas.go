package pictures

import (
	"image"
	"math"
	"math/rand/v2"
)

// A canvas adds up what stands between the X-ray source and each cell of a detector. Places are given in units of a
// thousandth of the picture's height, with 0, 0 in the middle.
type canvas struct {
	w, h  int
	scale float64      // cells per unit
	depth [][3]float32 // how much of red, green and blue each cell has lost, as a negative logarithm
	mask  []float32    // of one stroke; all zero between strokes
}

// cellSize is how many pixels of the picture a cell has to each side. Scanners too show more than they see.
const cellSize = 2

// A material is how much of red, green and blue a thickness of 1 takes away.
type material [3]float32

// The materials in the colours that two-energy scanners give them.
var (
	paper   = material{0.03, 0.13, 0.30}
	plastic = material{0.07, 0.36, 0.85}
	liquid  = material{0.16, 0.60, 1.35}
	glass   = material{0.80, 0.26, 0.62}
	circuit = material{0.95, 0.36, 0.55}
	steel   = material{1.70, 1.05, 0.42}
	copper  = material{1.35, 0.80, 0.30}
	lead    = material{4.20, 3.30, 1.90}
)

// newCanvas makes the canvas for a picture of w times h pixels.
func newCanvas(w, h int) *canvas {
	w, h = (w+cellSize-1)/cellSize, (h+cellSize-1)/cellSize
	return &canvas{
		w: w, h: h, scale: float64(h) / 1000,
		depth: make([][3]float32, w*h), mask: make([]float32, w*h),
	}
}

// halfWidth is how far the picture reaches to either side of its middle, in units.
func (c *canvas) halfWidth() float64 { return float64(c.w) / c.scale / 2 }

// A place is where a thing lies and how far it is turned.
type place struct{ x, y, angle float64 }

// at is a place given in the coordinates of another.
func (p place) at(x, y, angle float64) place {
	sin, cos := math.Sincos(p.angle)
	return place{p.x + x*cos - y*sin, p.y + x*sin + y*cos, p.angle + angle}
}

// span returns the cells of a box around a point, within the canvas.
func (c *canvas) span(x, y, halfX, halfY float64) image.Rectangle {
	px, py := x*c.scale+float64(c.w)/2, y*c.scale+float64(c.h)/2
	halfX, halfY = halfX*c.scale+1, halfY*c.scale+1
	return image.Rect(int(math.Floor(px-halfX)), int(math.Floor(py-halfY)), int(px+halfX)+1, int(py+halfY)+1).
		Intersect(image.Rect(0, 0, c.w, c.h))
}

// fill adds a thing that fits into a box of the given half sides. thickness is asked for each cell in the box, in
// the thing's own coordinates.
func (c *canvas) fill(p place, halfX, halfY float64, m material, thickness func(x, y float64) float64) {
	sin, cos := math.Sincos(p.angle)
	reachX := math.Abs(halfX*cos) + math.Abs(halfY*sin)
	reachY := math.Abs(halfX*sin) + math.Abs(halfY*cos)
	box := c.span(p.x, p.y, reachX, reachY)
	unit := 1 / c.scale
	for py := box.Min.Y; py < box.Max.Y; py++ {
		dx := (float64(box.Min.X)+0.5-float64(c.w)/2)*unit - p.x
		dy := (float64(py)+0.5-float64(c.h)/2)*unit - p.y
		x, y := dx*cos+dy*sin, dy*cos-dx*sin
		row := c.depth[py*c.w+box.Min.X : py*c.w+box.Max.X]
		for i := range row {
			if x > -halfX-unit && x < halfX+unit && y > -halfY-unit && y < halfY+unit {
				add(&row[i], m, float32(thickness(x, y)))
			}
			x += unit * cos
			y -= unit * sin
		}
	}
}

// stroke adds a round wire along the points of a line, which does not add to itself where it crosses itself.
func (c *canvas) stroke(line []point, radius float64, m material, thickness float64) {
	if len(line) == 0 {
		return
	}
	touched := image.Rectangle{}
	for i, to := range line {
		from := line[max(i-1, 0)]
		steps := int(math.Hypot(to.x-from.x, to.y-from.y)*c.scale) + 1
		for s := range steps {
			t := float64(s) / float64(steps)
			touched = touched.Union(c.dab(from.x+(to.x-from.x)*t, from.y+(to.y-from.y)*t, radius))
		}
	}
	for y := touched.Min.Y; y < touched.Max.Y; y++ {
		for i := y*c.w + touched.Min.X; i < y*c.w+touched.Max.X; i++ {
			if c.mask[i] > 0 {
				add(&c.depth[i], m, c.mask[i]*float32(thickness))
				c.mask[i] = 0
			}
		}
	}
}

// dab marks a ball in the mask, and returns the cells it may have marked.
func (c *canvas) dab(x, y, radius float64) image.Rectangle {
	box := c.span(x, y, radius, radius)
	px, py, pr := x*c.scale+float64(c.w)/2, y*c.scale+float64(c.h)/2, max(radius*c.scale, 0.7)
	for j := box.Min.Y; j < box.Max.Y; j++ {
		for i := box.Min.X; i < box.Max.X; i++ {
			dx, dy := (float64(i)+0.5-px)/pr, (float64(j)+0.5-py)/pr
			if square := dx*dx + dy*dy; square < 1 {
				at := &c.mask[j*c.w+i]
				*at = max(*at, float32(math.Sqrt(1-square)))
			}
		}
	}
	return box
}

func add(p *[3]float32, m material, thickness float32) {
	p[0] += m[0] * thickness
	p[1] += m[1] * thickness
	p[2] += m[2] * thickness
}

const (
	developSteps = 4096
	deepest      = 6 // beyond it everything is black
)

// develop makes the picture: what passes through, with the noise of few photons and the stripes of a line of
// detectors that are not quite alike.
func (c *canvas) develop(width, height int, photons *rand.PCG) *image.RGBA {
	var passes [developSteps + 1]uint8
	for i := range passes {
		passes[i] = uint8(250 * math.Exp(-float64(i)*deepest/developSteps))
	}
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	row := make([][3]float32, c.w+2) // one cell more at both ends, so that each has neighbours
	for y := range height {
		c.readRow(row, y)
		stripe := normal(photons.Uint64()) * 0.004
		var bits uint64
		for x := range width {
			if bits >>= 32; x%cellSize == 0 {
				bits = photons.Uint64()
			}
			near, far := &row[x/cellSize+1], &row[x/cellSize+x%cellSize*2]
			noise := normal(bits)*(0.006+0.014*min(near[1], 2)) + stripe
			at := img.Pix[img.PixOffset(x, y):][:4:4]
			for i := range near {
				step := (0.75*near[i] + 0.25*far[i] + noise) * (developSteps / deepest)
				at[i] = passes[int(min(max(step, 0), developSteps))]
			}
			at[3] = 0xff
		}
	}
	return img
}

// readRow blends the two rows of cells nearest to a row of pixels.
func (c *canvas) readRow(row [][3]float32, y int) {
	near := y / cellSize
	far := min(max(near+y%cellSize*2-1, 0), c.h-1)
	a, b := c.depth[near*c.w:][:c.w], c.depth[far*c.w:][:c.w]
	for x := range a {
		for i := range a[x] {
			row[x+1][i] = 0.75*a[x][i] + 0.25*b[x][i]
		}
	}
	row[0], row[c.w+1] = row[1], row[c.w]
}

// normal makes a normally distributed number, nearly, of the lower 32 bits: the sum of four bytes.
func normal(bits uint64) float32 {
	return (float32(bits&0xff+bits>>8&0xff+bits>>16&0xff+bits>>24&0xff) - 510) / 148
}
