package watcher

import "time"

// nextJob chooses what the eye does next, nil when there is nothing. Looks and readings take turns, so that neither
// a flood of events nor a huge folder holds up the other.
func (w *Watcher) nextJob(now time.Time) job {
	if w.scan == nil && !now.Before(w.nextScan) {
		return w.startScan(now)
	}
	if !w.now.Offline.IsZero() {
		return nil // only a scan finds out that it is back
	}
	w.turn = !w.turn
	if w.turn {
		if j := w.nextLooks(now); j != nil {
			return j
		}
	}
	if j := w.nextReading(); j != nil {
		return j
	}
	if w.scan != nil && len(w.looks) == 0 {
		w.finishScan(now)
	}
	return w.nextLooks(now)
}

// nextReading goes on with the folder in hand, or begins with the next one.
func (w *Watcher) nextReading() job {
	if r := w.reading; r != nil {
		w.reading = nil
		return w.continueReading(r)
	}
	for len(w.reads) > 0 {
		d := w.reads[len(w.reads)-1]
		w.reads = w.reads[:len(w.reads)-1]
		d.queued = false
		if !d.dropped {
			return w.readFolder(d)
		}
	}
	return nil
}

// idle says that the eye has nothing in hand.
func (w *Watcher) idle() bool { return !w.eye.busy }
