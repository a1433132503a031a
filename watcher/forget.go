package watcher

// Forget drops what is known of the files at paths, relative to the root and slash-separated. A Handler calls it for
// files that it has moved away, so that files which come back are offered as new ones, even when nobody has looked in
// between. Those that are not there are reported as gone. It never blocks and may be called from any goroutine.
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
		f.owed, f.limbo = false, true
		w.look(target{in: d, name: name, forgotten: f})
	}
}

// forgottenGone tells of a forgotten file, if f is one, that it is not there any more.
func (w *Watcher) forgottenGone(f *file) {
	if f != nil {
		f.limbo = false
		w.tell(f)
	}
}
