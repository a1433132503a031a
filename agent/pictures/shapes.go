package pictures

import "math"

type point struct{ x, y float64 }

// roundedBox is how far a point is outside a box with rounded corners around 0, 0; negative inside.
func roundedBox(x, y, halfX, halfY, radius float64) float64 {
	dx, dy := math.Abs(x)-halfX+radius, math.Abs(y)-halfY+radius
	if dx > 0 && dy > 0 {
		return math.Hypot(dx, dy) - radius
	}
	return max(dx, dy) - radius
}

// cover turns a distance into how much of a cell is inside.
func (c *canvas) cover(distance float64) float64 {
	return min(max(0.5-distance*c.scale, 0), 1)
}

// slab adds a massive plate with rounded corners.
func (c *canvas) slab(p place, halfX, halfY, radius float64, m material, thickness float64) {
	c.fill(p, halfX, halfY, m, func(x, y float64) float64 {
		return thickness * c.cover(roundedBox(x, y, halfX, halfY, radius))
	})
}

// shell adds a box of thin walls: two faces seen from the front, and the sides seen along them, of which the far
// edges lie a little within the near ones.
func (c *canvas) shell(p place, halfX, halfY, radius, wall float64, m material, thickness float64) {
	lean := 2.2 * wall * p.x / 800
	sides := 6 * wall // beyond them there are only faces
	c.fill(p, halfX, halfY, m, func(x, y float64) float64 {
		near := roundedBox(x, y, halfX, halfY, radius)
		if near > 2 {
			return 0
		}
		faces := thickness * c.cover(near)
		if near < -sides {
			return faces
		}
		far := roundedBox(x-lean, y-lean/3, halfX-1.8*wall, halfY-1.8*wall, radius)
		return faces * (1 + 1.6*fade(-near/wall) + 1.1*fade(math.Abs(far)/wall*1.8))
	})
}

// stuffed is slab with content that is not the same everywhere.
func (c *canvas) stuffed(p place, halfX, halfY, radius float64, m material, thickness float64) {
	a, b := 0.05+0.03*math.Abs(sine(p.x)), 0.04+0.03*math.Abs(sine(p.y))
	c.fill(p, halfX, halfY, m, func(x, y float64) float64 {
		d := roundedBox(x, y, halfX, halfY, radius)
		if d > 2 {
			return 0
		}
		rounding := min(1, 0.55-d/(radius+8))
		return thickness * c.cover(d) * rounding * (1 + 0.06*sine(a*x+b*y) + 0.05*sine(a*1.7*y-b*0.6*x))
	})
}

// disc adds a round plate or, with an inner radius, a ring.
func (c *canvas) disc(p place, radius, inner float64, m material, thickness float64) {
	c.fill(p, radius, radius, m, func(x, y float64) float64 {
		r := math.Hypot(x, y)
		return thickness * c.cover(r-radius) * c.cover(inner-r)
	})
}

// turned adds a body of revolution lying along x. outline gives its radius at x; wall is how thick it is, 0 for a
// massive one.
func (c *canvas) turned(p place, halfX, halfY, wall float64, m material, thickness float64, outline func(x float64) float64) {
	c.fill(p, halfX, halfY, m, func(x, y float64) float64 {
		r := outline(x)
		if r <= 0 || math.Abs(y) >= r || math.Abs(x) > halfX {
			return 0
		}
		through := math.Sqrt(r*r - y*y)
		if inner := r - wall; wall > 0 && math.Abs(y) < inner && math.Abs(x) < halfX-wall {
			through -= math.Sqrt(inner*inner - y*y)
		}
		return thickness * through / halfY
	})
}

// curve makes a smooth line of the given knots (Catmull-Rom), placed at p.
func curve(p place, knots []point) []point {
	const pieces = 14
	sin, cos := math.Sincos(p.angle)
	var line []point
	for i := range max(len(knots)-1, 0) {
		a, b := knots[max(i-1, 0)], knots[i]
		d, e := knots[i+1], knots[min(i+2, len(knots)-1)]
		for s := range pieces {
			t := float64(s) / pieces
			x, y := between(a.x, b.x, d.x, e.x, t), between(a.y, b.y, d.y, e.y, t)
			line = append(line, point{p.x + x*cos - y*sin, p.y + x*sin + y*cos})
		}
	}
	return line
}

func between(a, b, c, d, t float64) float64 {
	return 0.5 * (2*b + (c-a)*t + (2*a-5*b+4*c-d)*t*t + (3*b-a-3*c+d)*t*t*t)
}

// fade falls from 1 at 0 towards 0, much like math.Exp of the negative and several times as fast.
func fade(x float64) float64 {
	x = max(x, 0)
	return 1 / (1 + x*(1+x*(0.5+x*0.3)))
}

// sine is near enough to math.Sin for looks, and several times as fast.
func sine(x float64) float64 {
	x *= 1 / (2 * math.Pi)
	x -= math.Floor(x) + 0.5
	return 16 * x * (math.Abs(x) - 0.5)
}
