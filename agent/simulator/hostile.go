package simulator

import (
	"net/http"
	"time"
)

// Hostile is the fault script of --faults: a bad day on the network and at the server. What befalls one declaration,
// one document or the login is bounded: after three faults it is left in peace, so that a demonstration ends within a
// minute or two. The seed shifts which request is hit; the same seed hits the same ones again.
func Hostile(seed uint64) []Rule {
	rules := []Rule{
		{Op: Kirim, Do: DoStatus, Status: http.StatusNotFound, Probability: 0.04},
		{Do: DoStatus, Status: http.StatusInternalServerError, Probability: 0.04},
		{Do: DoStatus, When: WhenStored, Status: http.StatusInternalServerError, Probability: 0.05},
		{Do: DoStatus, Status: http.StatusServiceUnavailable, RetryAfter: time.Second, Probability: 0.02},
		{Do: DoStatus, Status: http.StatusServiceUnavailable, Probability: 0.02},
		{Do: DoStatus, Status: http.StatusTooManyRequests, RetryAfter: time.Second, Probability: 0.02},
		{Do: DoExpire, Probability: 0.02},
		{Do: DoCut, When: WhenArrival, Probability: 0.03},
		{Do: DoCut, When: WhenBody, Probability: 0.05},
		{Do: DoCut, When: WhenStored, Probability: 0.06},
		{Do: DoCut, When: WhenAnswer, Probability: 0.03},
		{Do: DoHTML, Probability: 0.03},
		{Do: DoHTML, When: WhenStored, Status: http.StatusOK, Probability: 0.02},
		{Do: DoTruncate, Probability: 0.03},
		{Do: DoEmpty, Probability: 0.02},
		{Do: DoWrongCount, Probability: 0.03},
		{Do: DoLosePhoto, Probability: 0.03},
	}
	for i := range rules {
		rules[i].Group, rules[i].PerKey, rules[i].Seed = "hostile", 3, seed
	}
	return append(rules,
		Rule{LatencyAfter: 800 * time.Millisecond, Probability: 0.05, Seed: seed + 1},
		Rule{LatencyBefore: 300 * time.Millisecond, Probability: 0.05, Seed: seed + 2},
		Rule{Op: Kirim, ReadRate: 2 << 20, Probability: 0.05, Seed: seed + 3},
	)
}
