package watcher

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"
)

// The limits of one job, so that other work gets its turn.
const (
	readStep  = 256
	readBatch = 1024
	readTime  = 200 * time.Millisecond
)

// certainAfter is how long a version must have been there before a reading, for that reading to have seen all that
// came under it: no file system counts time in coarser steps than 2 s.
const certainAfter = 2500 * time.Millisecond

// never is a wait longer than any that ends.
const never = 1000 * time.Hour

// scan is a full scan in progress.
type scan struct {
	began time.Time
	deep  bool // read every folder, whatever its version says
}

// reading is a folder in the middle of being read. It is either in a job's hands or the loop's.
type reading struct {
	d       *folder
	f       *os.File
	version version
	began   time.Time
}

func (r *reading) close() { _ = r.f.Close() } // it was only read from

// found is one entry of a folder.
type found struct {
	name string
	info info
	err  error
}

// read queues a folder to be read.
func (w *Watcher) read(d *folder) {
	if !d.queued {
		d.queued = true
		w.reads = append(w.reads, d)
	}
}

// scanBy asks for a full scan at that time or before.
func (w *Watcher) scanBy(at time.Time, deep bool) {
	w.nextDeep = w.nextDeep || deep
	if at.Before(w.nextScan) {
		w.nextScan = at
	}
}

// startScan begins a full scan with a look at the root.
func (w *Watcher) startScan(now time.Time) job {
	w.scan = &scan{began: now, deep: w.nextDeep || !now.Before(w.deepDue)}
	w.nextDeep = false
	w.nextScan = now.Add(never) // unless someone asks meanwhile
	return w.probe(now)
}

// finishScan ends a full scan in which nothing is left to do.
func (w *Watcher) finishScan(now time.Time) {
	took := now.Sub(w.scan.began)
	w.now.LastScan, w.now.ScanTook = now, took
	if w.scan.deep {
		w.deepDue = now.Add(w.deepEvery(took))
	}
	w.scan, w.chunk = nil, nil
	if w.base.doubt > 0 {
		w.base.doubt--
		w.nextDeep = w.nextDeep || w.base.doubt > 0
	}
	w.offerAgain()
	w.scanBy(now.Add(max(w.interval(took), took)), false)
}

// interval is the wait between two full scans. Where events should be but cannot be had, the folder is polled every
// 5 s if the configured interval is longer, but never for more than a twentieth of the time.
func (w *Watcher) interval(took time.Duration) time.Duration {
	switch {
	case w.base.doubt > 0:
		return min(w.opts.Rescan, offlinePause)
	case !w.retry.IsZero():
		return min(w.opts.Rescan, max(offlinePause, 20*took))
	default:
		return w.opts.Rescan
	}
}

// deepEvery is the wait between two scans that look at every file, for changes that neither an event nor a folder's
// time tells of. They take half a percent of the time at most, but come every ten minutes anyhow.
func (w *Watcher) deepEvery(took time.Duration) time.Duration {
	every := w.opts.Rescan
	if w.now.Mode == Events {
		every *= 10
	}
	return max(w.opts.Rescan, min(max(every, 200*took), 10*time.Minute))
}

// readFolder begins to read a folder, unless it is unchanged and that is enough. It is watched before it is read, so
// that nothing can come between.
func (w *Watcher) readFolder(d *folder) job {
	known := d.version
	skippable := d.certain && w.scan != nil && !w.scan.deep
	path, id, src, room := w.path(d.rel), d.id, w.source, w.chunk
	return func(p *progress) func(bool) {
		in, err := w.sys.lstat(path)
		p.step()
		at := time.Now()
		if err != nil {
			return func(live bool) { w.readFailed(live, d, err) }
		}
		if !in.mode.IsDir() {
			return func(live bool) { w.readFailed(live, d, os.ErrNotExist) }
		}
		v := version{mod: in.mod, changed: in.changed}
		if skippable && v.same(known) && in.id == id {
			return func(live bool) { w.readSkipped(live, d) }
		}
		var unwatched error
		if src != nil {
			unwatched = src.watch(path, in.id)
		}
		f, err := openSame(path, in)
		if err != nil {
			return func(live bool) {
				d.id = in.id // as it is watched
				w.readFailed(live, d, err)
			}
		}
		p.step()
		r := &reading{d: d, f: f, version: v, began: time.Now()}
		chunk, more, err := w.readChunk(r, room, p)
		return func(live bool) {
			w.chunk = chunk
			if !live || d.dropped {
				r.close()
				return
			}
			if unwatched != nil && src == w.source && !notThere(unwatched) && !os.IsPermission(unwatched) {
				w.fallBack(unwatched)
			}
			d.id = in.id
			d.reading++
			if !v.same(d.version) {
				d.version, d.since = v, at
			}
			d.certain = false
			w.readSome(r, chunk, more, err)
		}
	}
}

// continueReading goes on with a folder that was too long for one job.
func (w *Watcher) continueReading(r *reading) job {
	room := w.chunk
	return func(p *progress) func(bool) {
		chunk, more, err := w.readChunk(r, room, p)
		return func(live bool) {
			w.chunk = chunk
			if !live || r.d.dropped {
				r.close()
				return
			}
			w.readSome(r, chunk, more, err)
		}
	}
}

// errReplaced says that a folder gave way to another one while it was opened.
var errReplaced = errors.New("replaced while it was opened")

// openSame opens the folder that was looked at and no other.
func openSame(path string, in info) (*os.File, error) {
	f, err := openDir(path)
	if err != nil {
		return nil, err
	}
	opened, err := fstat(f)
	if err == nil && !opened.sameFolder(in) {
		err = errReplaced
	}
	if err != nil {
		_ = f.Close() // nothing was read
		return nil, err
	}
	return f, nil
}

// readChunk reads some entries into room and looks at each. Part of a job.
func (w *Watcher) readChunk(r *reading, room []found, p *progress) (chunk []found, more bool, err error) {
	clear(room)
	chunk = room[:0]
	dir := r.f.Name() + string(filepath.Separator)
	begin := time.Now()
	for len(chunk) < readBatch && time.Since(begin) < readTime {
		entries, err := r.f.ReadDir(readStep)
		p.step()
		for _, e := range entries {
			name := e.Name()
			if Ignored(name, w.opts.Ignore) {
				continue
			}
			if mode := e.Type(); leftAlone(mode) != "" {
				chunk = append(chunk, found{name: name, info: info{mode: mode}})
				continue
			}
			in, err := w.sys.lstat(dir + name)
			p.step()
			if err != nil && notThere(err) {
				continue
			}
			chunk = append(chunk, found{name: name, info: in, err: err})
		}
		if errors.Is(err, io.EOF) {
			return chunk, false, nil
		}
		if err != nil {
			return chunk, false, err
		}
	}
	return chunk, true, nil
}

// readSome takes in what was read of a folder.
func (w *Watcher) readSome(r *reading, chunk []found, more bool, err error) {
	now := time.Now()
	for _, e := range chunk {
		w.saw(r.d, e, sight{stamp: e.info.stamp, touched: e.info.changed, before: now, after: now}, false)
	}
	if more {
		w.reading = r
		return
	}
	r.close()
	if err != nil {
		w.readFailed(true, r.d, err)
		return
	}
	w.readDone(r)
}

// readDone finds out what is missing from a folder that was read to its end, and goes down in a full scan.
func (w *Watcher) readDone(r *reading) {
	d := r.d
	d.certain = r.began.Sub(d.since) >= certainAfter
	w.unskip(d.rel)
	for name, f := range d.files {
		if f.met != d.reading {
			w.look(target{in: d, name: name})
		}
	}
	for name, sub := range d.subs {
		if sub.met != d.reading {
			w.look(target{in: d, name: name})
		}
	}
	for name, met := range d.others {
		if met != d.reading {
			w.look(target{in: d, name: name})
		}
	}
	w.descend(d)
}

// readSkipped goes down from a folder that did not change.
func (w *Watcher) readSkipped(live bool, d *folder) {
	if live && !d.dropped {
		w.unskip(d.rel)
		w.descend(d)
	}
}

// descend queues the folders in a folder, in a full scan.
func (w *Watcher) descend(d *folder) {
	if w.scan == nil {
		return
	}
	for _, sub := range d.subs {
		w.read(sub)
	}
}

// readFailed decides what it means that a folder could not be read.
func (w *Watcher) readFailed(live bool, d *folder, err error) {
	if !live || d.dropped {
		return
	}
	d.version = version{}
	d.certain = false
	switch {
	case d.parent == nil:
		w.offline(w.rootTrouble(err), time.Now())
	case errors.Is(err, errReplaced):
		w.scanBy(time.Now().Add(time.Second), false)
	case notThere(err):
		w.look(target{in: d.parent, name: d.name})
	default:
		w.skip(d.rel, unreadable(err))
	}
}

// path is where the system finds a path from the root.
func (w *Watcher) path(rel string) string {
	if rel == "" {
		return w.root
	}
	return w.root + string(filepath.Separator) + filepath.FromSlash(rel)
}
