package agent

import (
	"context"
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
	ended  map[string]upload.Outcome // by job
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
		h.ended = map[string]upload.Outcome{}
	}
	if a.upload != nil {
		if err := a.upload.Outcomes(ctx, since, h.add); err != nil {
			return control.History{}, err
		}
	}
	maps.DeleteFunc(h.ended, func(_ string, o upload.Outcome) bool { return o.At.Before(first) })
	h.looked, h.last = now, bucketed(slices.Collect(maps.Values(h.ended)), first)
	return h.last, nil
}

// add remembers how a set ended. One that was sent keeps its first time: a late photo does not make it slow.
func (h *history) add(o upload.Outcome) {
	if known, ok := h.ended[o.Key]; ok && !known.Failed && !o.Failed {
		return
	}
	h.ended[o.Key] = o
}

// firstHour is the beginning of the first of the hours that end with the one of now.
func firstHour(now time.Time) time.Time {
	hour := time.Date(now.Year(), now.Month(), now.Day(), now.Hour(), 0, 0, 0, now.Location())
	return hour.Add(-(historySpan - 1) * time.Hour)
}

// bucketed counts outcomes by the hour.
func bucketed(ended []upload.Outcome, first time.Time) control.History {
	h := control.History{Step: "1h", Buckets: make([]control.Bucket, historySpan)}
	took := map[int][]float64{}
	for i := range h.Buckets {
		h.Buckets[i].At = first.Add(time.Duration(i) * time.Hour)
	}
	for _, o := range ended {
		i := int(o.At.Sub(first) / time.Hour)
		switch {
		case o.At.Before(first) || i >= historySpan:
		case o.Failed:
			h.Buckets[i].Failed++
		default:
			h.Buckets[i].Sent++
			took[i] = append(took[i], o.Took.Seconds())
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
