package agent

import (
	"context"
	"hash/maphash"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"kurir/agent/control"
	"kurir/agent/upload"
)

const (
	historySpan = 24 // hours
	historyAge  = 10 * time.Second
	// historyOverlap is how far each look reaches back behind the one before: a change may be seen a little after its time.
	historyOverlap = time.Minute
)

// history is the last day of the X-ray pipeline. It is read from the journal, the latest change first, until the time of
// the look before: its cost is what has happened since, not what ever happened.
type history struct {
	mu     sync.Mutex
	seed   maphash.Seed
	ended  map[uint64]outcome // by the hash of a job's key
	looked time.Time
	last   control.History
}

// History implements control.Source.
func (a *Agent) History(ctx context.Context) (control.History, error) {
	h, now := &a.history, time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	if now.Sub(h.looked) < historyAge {
		return h.last, nil
	}
	first := firstHour(now.In(a.cfg.Location()))
	since := first
	if back := h.looked.Add(-historyOverlap); back.After(since) {
		since = back
	}
	if h.ended == nil {
		h.seed, h.ended = maphash.MakeSeed(), map[uint64]outcome{}
	}
	if a.upload != nil {
		if err := a.upload.Outcomes(ctx, since, h.add); err != nil {
			return control.History{}, err
		}
	}
	maps.DeleteFunc(h.ended, func(_ uint64, e outcome) bool { return time.Unix(0, e.at).Before(first) })
	h.looked, h.last = now, bucketed(maps.Values(h.ended), first)
	return h.last, nil
}

// outcome is how a set has ended, in few bytes: there may be a hundred thousand in a day.
type outcome struct {
	at   int64 // Unix time in nanoseconds
	took time.Duration
}

// tookFailed is in the place of a time: the set has failed.
const tookFailed = -1

// add remembers how a set ended. One that was sent keeps its first time: a late photo does not make it slow.
func (h *history) add(o upload.Outcome) {
	key, e := maphash.String(h.seed, o.Key), outcome{o.At.UnixNano(), o.Took}
	if o.Failed {
		e.took = tookFailed
	}
	if known, ok := h.ended[key]; ok && known.took != tookFailed && e.took != tookFailed {
		return
	}
	h.ended[key] = e
}

// firstHour is the beginning of the first of the hours that end with the one of now.
func firstHour(now time.Time) time.Time {
	hour := time.Date(now.Year(), now.Month(), now.Day(), now.Hour(), 0, 0, 0, now.Location())
	return hour.Add(-(historySpan - 1) * time.Hour)
}

// bucketed counts outcomes by the hour.
func bucketed(all iter.Seq[outcome], first time.Time) control.History {
	h := control.History{Step: "1h", Buckets: make([]control.Bucket, historySpan)}
	took := map[int][]float64{}
	for i := range h.Buckets {
		h.Buckets[i].At = first.Add(time.Duration(i) * time.Hour)
	}
	for e := range all {
		at := time.Unix(0, e.at)
		i := int(at.Sub(first) / time.Hour)
		switch {
		case at.Before(first) || i >= historySpan:
		case e.took == tookFailed:
			h.Buckets[i].Failed++
		default:
			h.Buckets[i].Sent++
			took[i] = append(took[i], e.took.Seconds())
		}
	}
	for i, times := range took {
		if len(times) > 0 {
			slices.Sort(times)
			h.Buckets[i].P50Seconds, h.Buckets[i].MaxSeconds = times[(len(times)-1)/2], times[len(times)-1]
		}
	}
	return h
}
