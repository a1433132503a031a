package watcher

import (
	"context"
	"time"
)

// The Handler's pace.
const (
	maxBatch   = 1024                  // files in one call
	reportWait = 50 * time.Millisecond // news wait so long for more while the eye is busy
	sameNews   = time.Second           // that an unsettled file changed again is told no more often
)

// report is what the Handler is to be told. It belongs to the loop.
type report struct {
	pending []*file
	oldest  time.Time // when the first of them came
	refused []*file   // to be offered again when the next scan ends
}

// due says whether it is time to tell the Handler.
func (r *report) due(now time.Time, idle bool) bool {
	return len(r.pending) > 0 && (idle || len(r.pending) >= maxBatch || now.Sub(r.oldest) >= reportWait)
}

// tell queues a file for the Handler.
func (w *Watcher) tell(f *file) {
	if f.queued {
		return
	}
	if len(w.report.pending) == 0 {
		w.report.oldest = time.Now()
	}
	f.queued = true
	w.report.pending = append(w.report.pending, f)
}

// deliver tells the Handler all that is queued.
func (w *Watcher) deliver(ctx context.Context) {
	var failed int
	var last error
	pending := w.report.pending
	w.report.pending = nil
	for len(pending) > 0 && ctx.Err() == nil {
		n := min(len(pending), maxBatch)
		batch := w.news(pending[:n])
		pending = pending[n:]
		if len(batch) == 0 {
			continue
		}
		files := make([]File, len(batch))
		for i, f := range batch {
			files[i] = f.file()
		}
		err := w.handler.Handle(ctx, files)
		now := time.Now()
		for _, f := range batch {
			f.offered, f.owed = true, err != nil
			if f.awaited != nil {
				f.awaited.offered = now
			}
		}
		if err != nil {
			failed, last = failed+len(batch), err
			w.report.refused = append(w.report.refused, batch...)
		}
	}
	if failed > 0 && ctx.Err() == nil {
		w.log.Warn("files not taken, to be offered again", "files", failed, "error", last)
	}
}

// news are the queued files that the Handler has reason to hear of.
func (w *Watcher) news(queued []*file) []*file {
	batch := make([]*file, 0, len(queued))
	for _, f := range queued {
		f.queued = false
		if f.limbo || f.gone && (!f.offered || w.tree.known(f.path())) {
			continue // never heard of, or another has its name and is told instead
		}
		batch = append(batch, f)
	}
	return batch
}

// offerAgain queues what the Handler refused, when a scan ends.
func (w *Watcher) offerAgain() {
	refused := w.report.refused
	w.report.refused = nil
	for _, f := range refused {
		if f.owed {
			f.owed = false // it may stand here twice
			w.tell(f)
		}
	}
}

// file is the File that the Handler is told of.
func (f *file) file() File {
	state := Unsettled
	switch {
	case f.gone:
		state = Gone
	case f.awaited == nil:
		state = Rest
	}
	return File{
		Path:    f.path(),
		Size:    f.stamp.size,
		ModTime: f.stamp.mod,
		Changed: f.changed,
		State:   state,
	}
}
