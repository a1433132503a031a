package agent

import (
	"hash/maphash"
	"maps"
	"slices"
	"testing"
	"time"

	"kurir/agent/control"
	"kurir/agent/upload"
)

func TestHistoryByTheHour(t *testing.T) {
	jakarta := time.FixedZone("WIB", 7*3600)
	now := time.Date(2026, 3, 1, 10, 20, 0, 0, jakarta)
	first := firstHour(now)
	if want := time.Date(2026, 2, 28, 11, 0, 0, 0, jakarta); !first.Equal(want) {
		t.Fatalf("the first hour is %v", first)
	}
	sent := func(at time.Time, seconds int) outcome {
		return outcome{at.UnixNano(), time.Duration(seconds) * time.Second}
	}
	h := bucketed(slices.Values([]outcome{
		sent(first, 4), sent(first.Add(59*time.Minute), 2), sent(first.Add(30*time.Minute), 9),
		{now.UnixNano(), tookFailed}, sent(now, 1), sent(first.Add(-time.Second), 7), sent(now.Add(time.Hour), 7),
	}), first)
	if h.Step != "1h" || len(h.Buckets) != 24 {
		t.Fatalf("history is %+v", h)
	}
	for i, want := range map[int]control.Bucket{
		0:  {At: first, Sent: 3, P50Seconds: 4, MaxSeconds: 9},
		1:  {At: first.Add(time.Hour)},
		23: {At: first.Add(23 * time.Hour), Sent: 1, Failed: 1, P50Seconds: 1, MaxSeconds: 1},
	} {
		if h.Buckets[i] != want {
			t.Errorf("bucket %d is %+v, want %+v", i, h.Buckets[i], want)
		}
	}
}

// A set that failed and went out later counts as sent; a late photo of a set that was sent does not make it slow.
func TestHistoryKeepsTheLastWord(t *testing.T) {
	h := history{seed: maphash.MakeSeed(), ended: map[uint64]outcome{}}
	at := time.Now()
	h.add(upload.Outcome{Key: "a", Failed: true, At: at})
	h.add(upload.Outcome{Key: "a", At: at.Add(time.Minute), Took: time.Second})
	h.add(upload.Outcome{Key: "a", At: at.Add(time.Hour), Took: time.Hour})
	if got := slices.Collect(maps.Values(h.ended)); len(got) != 1 || got[0] != (outcome{at.Add(time.Minute).UnixNano(), time.Second}) {
		t.Errorf("the set is %+v", got)
	}
}
