package watcher

import (
	"maps"
	"slices"
)

// maxExamples is how many skips Status shows.
const maxExamples = 20

// skip notes that something is left alone, and logs it the first time.
func (w *Watcher) skip(rel, reason string) {
	if w.skips[rel] == reason {
		return
	}
	w.skips[rel] = reason
	w.stale = true
	w.log.Warn("left alone", "path", rel, "reason", reason)
}

// unskip takes that back.
func (w *Watcher) unskip(rel string) {
	if _, ok := w.skips[rel]; ok {
		delete(w.skips, rel)
		w.stale = true
	}
}

// examples are the first skips by name. The slice is never written to again.
func (w *Watcher) examples() []Skip {
	if !w.stale || w.scan != nil {
		return w.skipped
	}
	w.stale = false
	w.skipped = nil
	for _, rel := range slices.Sorted(maps.Keys(w.skips)) {
		if len(w.skipped) == maxExamples {
			break
		}
		w.skipped = append(w.skipped, Skip{Path: rel, Reason: w.skips[rel]})
	}
	return w.skipped
}
