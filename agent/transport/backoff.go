package transport

import (
	"math/rand/v2"
	"time"
)

// Backoff returns the pace of attempts that fail: exponential with full jitter. The wait after attempt n, counted from
// 1, is drawn evenly between 0 and first·2^(n-1), which max bounds; but it is never shorter than a tenth of first, so
// that bad luck is no hammering. rnd returns numbers in [0,1); nil takes the system's. The function is safe for
// concurrent use if rnd is.
func Backoff(first, max time.Duration, rnd func() float64) func(attempt int) time.Duration {
	if rnd == nil {
		rnd = rand.Float64
	}
	return func(attempt int) time.Duration {
		ceiling := first
		for ; attempt > 1 && ceiling < max; attempt-- {
			ceiling *= 2
			if ceiling <= 0 { // overflow
				ceiling = max
			}
		}
		ceiling = min(ceiling, max)
		floor := min(first, max) / 10
		return floor + time.Duration(rnd()*float64(ceiling-floor))
	}
}
