package watcher

import "time"

// Forget drops what is known of the files at paths, relative to the root and slash-separated. A Handler calls it for
// files that it has moved away, so that files which come back are offered as new ones, even when nobody has looked in
// between. Nothing is told of those that are not there. It never blocks.
func (w *Watcher) Forget(paths ...string) {
	w.mu.Lock()
	w.dropped = append(w.dropped, paths...)
	w.mu.Unlock()
	select {
	case w.drops <- struct{}{}:
	default:
	}
}

// forgetFiles does what Forget asked for. It belongs to the loop.
func (w *Watcher) forgetFiles() {
	w.mu.Lock()
	dropped := w.dropped
	w.dropped = nil
	w.mu.Unlock()
	for _, rel := range dropped {
		dir, name := split(rel)
		d := w.tree.folders[dir]
		if d == nil || d.files[name] == nil {
			continue // not known, so it is new anyway
		}
		f := d.files[name]
		w.tree.removeFile(f)
		w.unskip(rel)
		f.owed, f.offered = false, time.Time{} // nothing is told of it any more
		w.look(target{in: d, name: name})
	}
}
