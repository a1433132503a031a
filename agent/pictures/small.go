package pictures

import (
	"math"
	"math/rand/v2"
)

func keys(c *canvas, rnd *rand.Rand, p place, radius float64) {
	c.disc(p, radius*0.3, radius*0.25, steel, 1.1)
	for i := range 2 + rnd.IntN(3) {
		key := p.at(0, 0, float64(i)*within(rnd, 0.5, 0.8)).at(radius*0.5, 0, 0)
		c.disc(key, radius*0.2, radius*0.06, steel, 0.8)
		c.slab(key.at(radius*0.45, 0, 0), radius*0.32, radius*0.05, 2, steel, 0.9)
		for tooth := range 4 {
			c.slab(key.at(radius*(0.4+0.1*float64(tooth)), radius*0.07, 0), 3, radius*within(rnd, 0.02, 0.05), 1, steel, 0.9)
		}
	}
}

func coins(c *canvas, rnd *rand.Rand, p place, radius float64) {
	for range 3 + rnd.IntN(4) {
		coin := p.at(within(rnd, -0.7, 0.7)*radius, within(rnd, -0.5, 0.5)*radius, 0)
		size := radius * within(rnd, 0.2, 0.28)
		c.disc(coin, size, 0, copper, 0.75)
		c.disc(coin, size, size*0.86, steel, 0.4)
	}
}

func scissors(c *canvas, _ *rand.Rand, p place, radius float64) {
	const opening = 0.14
	for _, side := range []float64{-1, 1} {
		half := p.at(0, 0, side*opening)
		c.fill(half.at(radius*0.45, 0, 0), radius*0.5, radius*0.07, steel, func(x, y float64) float64 {
			return 0.95 * c.cover(math.Abs(y)-radius*0.065*(0.5-x/radius)) * c.cover(math.Abs(x)-radius*0.5)
		})
		c.slab(half.at(-radius*0.22, 0, 0), radius*0.22, radius*0.05, 4, steel, 0.9)
		c.disc(half.at(-radius*0.62, side*radius*0.06, 0), radius*0.23, radius*0.13, plastic, 1)
	}
	c.disc(p, radius*0.06, 0, steel, 1.2)
}

// battery is one or more round cells side by side.
func battery(c *canvas, rnd *rand.Rand, p place, radius float64) {
	r := radius * 0.17
	for i := range 1 + rnd.IntN(4) {
		cell := p.at(0, float64(i)*2.1*r, 0)
		c.turned(cell, radius*0.62, r, r*0.12, steel, 1.6, func(float64) float64 { return r })
		c.turned(cell, radius*0.56, r, 0, lead, 0.42, func(float64) float64 { return r * 0.86 })
		c.slab(cell.at(radius*0.65, 0, 0), radius*0.04, r*0.35, 2, steel, 1.2)
	}
}

func pen(c *canvas, _ *rand.Rand, p place, radius float64) {
	c.turned(p, radius*0.95, radius*0.07, radius*0.02, plastic, 1.8, func(x float64) float64 {
		return radius * min(0.07, 0.6*(0.97-math.Abs(x)/radius))
	})
	c.slab(p, radius*0.8, 2.5, 2, copper, 0.6)
	c.slab(p.at(radius*0.55, -radius*0.08, 0), radius*0.3, 3, 2, steel, 0.9)
}

func spring(c *canvas, rnd *rand.Rand, p place, radius float64) {
	var knots []point
	turns := 9 + rnd.IntN(6)
	for i := range turns*2 + 1 {
		knots = append(knots, point{radius * (-0.7 + 1.4*float64(i)/float64(turns*2)), radius * 0.2 * float64(i%2*2-1)})
	}
	c.stroke(curve(p, knots), 3.2, steel, 0.9)
}
