package pictures

import (
	"math"
	"math/rand/v2"
)

// pack draws a parcel that fills most of the picture.
func pack(c *canvas, rnd *rand.Rand) {
	belt(c)
	halfX, halfY := c.halfWidth()*within(rnd, 0.84, 0.91), 500*within(rnd, 0.80, 0.88)
	parcel := place{within(rnd, -15, 15), within(rnd, -15, 15), within(rnd, -0.045, 0.045)}
	wrapping(c, rnd, parcel, halfX, halfY)

	columns := max(int(math.Round(halfX/halfY*2)), 1)
	const rows = 2
	stepX, stepY := 2*halfX/float64(columns), 2*halfY/rows
	order := rnd.Perm(len(bigThings))
	for i := range columns * rows {
		radius := min(stepX, stepY) * within(rnd, 0.54, 0.68)
		x := -halfX + stepX*(float64(i%columns)+within(rnd, 0.4, 0.6))
		y := -halfY + stepY*(float64(i/columns)+within(rnd, 0.4, 0.6))
		turn := within(rnd, -0.4, 0.4) + float64(rnd.IntN(2))*math.Pi
		bigThings[order[i%len(order)]](c, rnd, parcel.at(keep(x, halfX-radius), keep(y, halfY-radius*0.8), turn), radius)
	}
	for range 4 + rnd.IntN(4) {
		x, y := within(rnd, -0.85, 0.85)*halfX, within(rnd, -0.8, 0.8)*halfY
		turn := within(rnd, 0, 2*math.Pi)
		small := smallThings[rnd.IntN(len(smallThings))]
		small(c, rnd, parcel.at(x, y, turn), within(rnd, 60, 110))
	}
	strayCable(c, rnd, parcel, halfX, halfY)
}

// keep holds a number within limit to either side of 0.
func keep(v, limit float64) float64 { return min(max(v, -limit), max(limit, 0)) }

// belt is what the parcel lies on: next to nothing, with two faint rails.
func belt(c *canvas) {
	for _, y := range []float64{-478, 478} {
		c.slab(place{0, y, 0}, c.halfWidth(), 7, 1, material{0.05, 0.05, 0.04}, 1)
	}
}

// wrapping is the outer box: its walls, the flaps that meet in the middle, tape, staples and bubble wrap.
func wrapping(c *canvas, rnd *rand.Rand, p place, halfX, halfY float64) {
	c.shell(p, halfX, halfY, 14, 7, paper, 0.9)
	c.slab(p, halfX, 3, 1, paper, 0.9)
	c.slab(p, halfX+10, 30, 2, plastic, 0.10)
	for _, x := range []float64{-0.55, 0.55} {
		c.slab(p.at(x*halfX, 0, 0), 2, halfY, 1, paper, 0.8)
	}
	for i := range 8 {
		x := halfX * (0.92 - 0.05*float64(i%4))
		if i >= 4 {
			x = -x
		}
		c.slab(p.at(x, within(rnd, -14, 14), within(rnd, -0.2, 0.2)), 12, 2.2, 1, steel, 0.7)
	}
	corner := p.at(halfX*(float64(rnd.IntN(2))*1.2-0.6), halfY*(float64(rnd.IntN(2))*1.2-0.6), 0)
	for row := range 7 {
		for column := range 10 {
			x, y := (float64(column)+0.5*float64(row%2)-5)*26, (float64(row)-3.5)*23
			c.disc(corner.at(x, y, 0), 11.5, 9, plastic, 0.10)
		}
	}
}

// strayCable winds through the whole parcel.
func strayCable(c *canvas, rnd *rand.Rand, p place, halfX, halfY float64) {
	var knots []point
	x, y := -0.75*halfX, within(rnd, -0.6, 0.6)*halfY
	for range 7 {
		knots = append(knots, point{x, y})
		x = min(x+within(rnd, 0.12, 0.34)*halfX, 0.9*halfX)
		y = min(max(y+within(rnd, -0.5, 0.5)*halfY, -0.85*halfY), 0.85*halfY)
	}
	cable(c, curve(p, knots))
	end := knots[len(knots)-1]
	c.slab(p.at(end.x, end.y, 0), 16, 9, 3, steel, 1)
}
