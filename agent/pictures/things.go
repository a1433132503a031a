package pictures

import (
	"math"
	"math/rand/v2"
)

// A thing draws something that fits into a circle of the given radius around a place.
type thing func(c *canvas, rnd *rand.Rand, p place, radius float64)

// Big things fill a part of the parcel, small ones lie between and over them.
var (
	bigThings   = []thing{carton, bottle, phone, board, charger, cloth, can, book, carton, toolCase}
	smallThings = []thing{keys, coins, scissors, battery, pen, spring}
)

// within picks a number between low and high.
func within(rnd *rand.Rand, low, high float64) float64 { return low + (high-low)*rnd.Float64() }

// carton is a small box with one or more things of one stuff in it.
func carton(c *canvas, rnd *rand.Rand, p place, radius float64) {
	halfX, halfY := radius*within(rnd, 0.7, 0.85), radius*within(rnd, 0.45, 0.65)
	c.shell(p, halfX, halfY, 6, 5, paper, 1.1)
	stuff := []material{plastic, liquid, glass}[rnd.IntN(3)]
	columns, rows := 1+rnd.IntN(4), 1+rnd.IntN(2)
	stepX, stepY := 2*(halfX-12)/float64(columns), 2*(halfY-12)/float64(rows)
	thickness := within(rnd, 0.5, 1)
	for i := range columns * rows {
		x := -halfX + 12 + stepX*(float64(i%columns)+0.5)
		y := -halfY + 12 + stepY*(float64(i/columns)+0.5)
		c.stuffed(p.at(x, y, within(rnd, -0.02, 0.02)), stepX*0.46, stepY*0.45, min(stepX, stepY)*0.16, stuff, thickness)
	}
}

func bottle(c *canvas, rnd *rand.Rand, p place, radius float64) {
	length, body := radius, radius*within(rnd, 0.28, 0.36)
	neck := body * 0.32
	outline := func(x float64) float64 {
		t := x / length
		switch {
		case t < -0.94:
			return body * (0.9 + 0.1*math.Sqrt(max(0, 1-math.Pow((t+0.94)/0.06, 2))))
		case t < 0.3:
			return body
		case t < 0.58:
			s := (t - 0.3) / 0.28
			return body + (neck-body)*s*s*(3-2*s)
		}
		return neck
	}
	shell, wall := glass, body*0.13
	if rnd.IntN(2) == 0 {
		shell, wall = plastic, body*0.06
	}
	c.turned(p, length, body, wall, shell, 1.5, outline)
	level := within(rnd, 0.05, 0.4)
	c.turned(p, length-wall, body, 0, liquid, 0.85, func(x float64) float64 {
		if x > level*length {
			return 0
		}
		return outline(x) - wall
	})
	c.slab(p.at(length*0.88, 0, 0), length*0.12, neck*1.35, 4, plastic, 0.9)
	for i := range 4 {
		c.slab(p.at(length*(0.79+0.055*float64(i)), 0, 0), 2, neck*1.35, 1, plastic, 0.7)
	}
}

func phone(c *canvas, rnd *rand.Rand, p place, radius float64) {
	halfX, halfY := radius*0.82, radius*0.42
	c.shell(p, halfX, halfY, radius*0.1, 4, glass, 0.55)
	c.slab(p.at(-halfX*0.12, halfY*0.1, 0), halfX*0.56, halfY*0.68, 8, lead, 0.16)
	c.stuffed(p.at(-halfX*0.12, halfY*0.1, 0), halfX*0.53, halfY*0.62, 6, liquid, 0.6)
	chips(c, rnd, p.at(halfX*0.68, 0, 0), halfX*0.24, halfY*0.85, 16)
	chips(c, rnd, p.at(-halfX*0.86, 0, 0), halfX*0.1, halfY*0.8, 7)
	for i := range 3 {
		lens := p.at(halfX*0.78, halfY*(-0.65+0.26*float64(i)), 0)
		c.disc(lens, halfY*0.11, 0, glass, 0.5)
		c.disc(lens, halfY*0.12, halfY*0.08, steel, 0.8)
	}
	c.slab(p.at(-halfX+5, 0, 0), 6, halfY*0.12, 2, steel, 1)
}

// chips scatters parts over a printed board.
func chips(c *canvas, rnd *rand.Rand, p place, halfX, halfY float64, count int) {
	c.slab(p, halfX, halfY, 3, circuit, 0.45)
	for range count {
		x, y := within(rnd, -0.85, 0.85)*halfX, within(rnd, -0.88, 0.88)*halfY
		w, h := within(rnd, 3, 16), within(rnd, 3, 14)
		m := []material{circuit, steel, copper, lead}[rnd.IntN(4)]
		c.slab(p.at(x, y, float64(rnd.IntN(2))*math.Pi/2), min(w, halfX*0.3), min(h, halfY*0.3), 1.5, m, within(rnd, 0.2, 0.6))
	}
}

func board(c *canvas, rnd *rand.Rand, p place, radius float64) {
	halfX, halfY := radius*0.78, radius*0.52
	c.shell(p, halfX+14, halfY+14, 16, 6, plastic, 0.45)
	chips(c, rnd, p, halfX, halfY, 46)
	for range 5 { // rows of pins
		x, y := within(rnd, -0.7, 0.7)*halfX, within(rnd, -0.8, 0.8)*halfY
		for pin := range 9 {
			c.disc(p.at(x+float64(pin)*8, y, 0), 2.6, 0, lead, 0.4)
		}
	}
	for range 3 { // capacitors, seen from above
		can := p.at(within(rnd, -0.7, 0.7)*halfX, within(rnd, -0.7, 0.7)*halfY, 0)
		c.disc(can, 15, 0, circuit, 0.8)
		c.disc(can, 15, 12, steel, 0.9)
	}
	for _, corner := range []point{{-0.93, -0.9}, {0.93, -0.9}, {-0.93, 0.9}, {0.93, 0.9}} {
		c.disc(p.at(corner.x*halfX, corner.y*halfY, 0), 7, 3, steel, 1.2)
	}
}

// charger is a transformer in a plastic case with its cable.
func charger(c *canvas, rnd *rand.Rand, p place, radius float64) {
	half := radius * 0.36
	block := p.at(-radius*0.5, 0, 0)
	c.shell(block, half, half*0.72, 10, 5, plastic, 0.7)
	c.slab(block.at(-half*0.25, 0, 0), half*0.45, half*0.5, 4, lead, 0.4)
	c.slab(block.at(-half*0.25, 0, 0), half*0.3, half*0.28, 4, copper, 0.9)
	chips(c, rnd, block.at(half*0.55, 0, 0), half*0.28, half*0.55, 9)
	for _, y := range []float64{-0.3, 0.3} {
		c.slab(block.at(-half-16, y*half, 0), 18, 4, 2, steel, 1.5)
	}
	knots := []point{{half, 0}}
	turns := 3 + rnd.IntN(2)
	for i := range turns * 8 {
		r := radius * (0.3 + 0.012*float64(i%5) + within(rnd, 0, 0.05))
		sin, cos := math.Sincos(math.Pi + float64(i)*math.Pi/4)
		knots = append(knots, point{radius*0.95 + r*cos, r * sin * 1.15})
	}
	knots = append(knots, point{radius * 0.6, radius * 0.75}, point{radius * 0.3, radius * 0.8})
	cable(c, curve(block, knots))
	c.slab(block.at(radius*0.24, radius*0.8, 0), 20, 9, 3, steel, 1.1)
}

func cable(c *canvas, line []point) {
	c.stroke(line, 7.5, plastic, 0.55)
	c.stroke(line, 3.6, copper, 0.75)
}

// cloth is something folded and soft.
func cloth(c *canvas, rnd *rand.Rand, p place, radius float64) {
	var waves [5][4]float64
	for i := range waves {
		angle, length := within(rnd, 0, math.Pi), within(rnd, 22, 90)
		waves[i] = [4]float64{
			math.Cos(angle) * 2 * math.Pi / length, math.Sin(angle) * 2 * math.Pi / length,
			within(rnd, 0, 6), within(rnd, 0.04, 0.11),
		}
	}
	halfX, halfY := radius*0.9, radius*0.7
	c.fill(p, halfX, halfY, plastic, func(x, y float64) float64 {
		edge := roundedBox(x, y, halfX-8, halfY-8, radius*0.4)
		if edge > 8 {
			return 0
		}
		thickness, ripple := 0.34, 0.0
		for _, w := range waves {
			s := sine(w[0]*x + w[1]*y + w[2])
			thickness += w[3] * s
			ripple += s
		}
		return thickness * min(max(0.4-(edge+2.5*ripple)/14, 0), 1)
	})
}

// can is a tin with something in it, lying.
func can(c *canvas, rnd *rand.Rand, p place, radius float64) {
	halfX, r := radius*within(rnd, 0.55, 0.7), radius*within(rnd, 0.36, 0.44)
	round := func(float64) float64 { return r }
	c.turned(p, halfX, r, r*0.035, steel, 1.5, round)
	c.turned(p, halfX-6, r, 0, liquid, within(rnd, 0.7, 1.1), func(float64) float64 { return r * 0.95 })
	for _, end := range []float64{-1, 1} {
		c.slab(p.at(end*halfX, 0, 0), 5, r+3, 3, steel, 0.75)
	}
	for i := range 5 {
		c.slab(p.at(halfX*(-0.4+0.2*float64(i)), 0, 0), 2, r-1, 1, steel, 0.12)
	}
}

func book(c *canvas, rnd *rand.Rand, p place, radius float64) {
	halfX, halfY := radius*0.72, radius*0.54
	c.stuffed(p, halfX, halfY, 3, liquid, within(rnd, 0.4, 0.6))
	c.shell(p, halfX+6, halfY+6, 4, 4, paper, 1.1)
	c.slab(p.at(-halfX+4, 0, 0), 5, halfY+4, 3, liquid, 0.4)
	for range 6 { // pages that do not lie flat
		c.slab(p.at(halfX-within(rnd, 1, 16), 0, within(rnd, -0.01, 0.01)), 1.5, halfY, 1, paper, 0.8)
	}
}

// toolCase is a plastic case with tools in their places.
func toolCase(c *canvas, rnd *rand.Rand, p place, radius float64) {
	halfX, halfY := radius*0.84, radius*0.5
	c.shell(p, halfX, halfY, 18, 8, plastic, 0.6)
	const bits = 7
	for i := range bits {
		x := halfX * (-0.8 + 1.6*float64(i)/(bits-1))
		length := halfY * within(rnd, 0.3, 0.6)
		c.slab(p.at(x, -halfY*0.25, 0), 6+float64(i), length*0.5, 2, steel, 0.9)
		c.slab(p.at(x, -halfY*0.25+length*0.6, 0), 3, length*0.35, 1, steel, 0.9)
	}
	c.slab(p.at(0, halfY*0.62, 0), halfX*0.5, 9, 5, steel, 1.1)
	c.slab(p.at(halfX*0.58, halfY*0.62, 0), halfX*0.22, 17, 9, plastic, 1.1)
	for _, x := range []float64{-0.5, 0.5} {
		c.slab(p.at(x*halfX, halfY, 0), 26, 7, 2, steel, 0.8)
	}
}
