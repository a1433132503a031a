package tune

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// room is how much garbage may gather before a collection, whatever is kept, unless that is so much that leastPercent of it is
// more. An agent at work keeps a few megabytes and makes as much garbage with every few sets, so that it would collect dozens of
// times a second, which took an eighth of its processor time. What it keeps grows with what waits in its inboxes, which makes
// little garbage: as much again would be memory for nothing.
const room = 16 << 20

// The runtime's unit: garbage in percent of what is kept. The larger is the bound of what may gather before anything is
// known of what is kept.
const (
	leastPercent = 40
	mostPercent  = 400 // of the runtime's own 4 MiB
)

// spareCollections has the collector run less often while there is little to keep, and more often while there is much.
func spareCollections() {
	if os.Getenv("GOGC") == "" {
		adjust(0)
	}
}

// adjust sets the percentage that makes room, and does so again after every collection. was is what it set before.
func adjust(was int) {
	percent := percentFor(kept())
	if percent != was { // setting it stops the world for a moment
		debug.SetGCPercent(percent)
	}
	runtime.SetFinalizer(new(mark), func(*mark) { adjust(percent) })
}

// mark is garbage that tells of a collection.
type mark struct{ _ *mark }

// kept is how much the last collection has left; 0 before the first.
func kept() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return room // not told: as by default
	}
	return sample[0].Value.Uint64()
}

// percentFor is the percentage of kept that room is, within bounds.
func percentFor(kept uint64) int {
	if kept == 0 {
		return mostPercent
	}
	return int(min(max(room*100/kept, leastPercent), mostPercent))
}
