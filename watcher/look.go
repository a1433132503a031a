package watcher

import (
	"errors"
	"io/fs"
	"path"
	"time"
)

// lookBatch is how many paths one job looks at.
const lookBatch = 256

// target is a name in a folder that is to be looked at.
type target struct {
	in        *folder
	name      string
	stirred   bool  // an event says that something came, went or moved there
	forgotten *file // what Forget took out of the tree under this name, or nil
}

// glance is one target as a job needs it and finds it.
type glance struct {
	target
	path  string
	known bool // as a file, with this track
	track track
	found found
	sight sight
	check error // of asking for writers
}

// look queues a target.
func (w *Watcher) look(t target) { w.looks = append(w.looks, t) }

// hinted turns hints into targets.
func (w *Watcher) hinted(h hints) {
	now := time.Now()
	if h.overflows > 0 {
		w.now.Overflows += h.overflows
		w.log.Warn("events lost, scanning all", "overflows", w.now.Overflows)
		w.scanBy(now.Add(max(quickSettle, w.now.ScanTook)), true)
	}
	if h.err != nil {
		w.log.Warn("event source failed, scanning all", "error", h.err)
		w.scanBy(now.Add(max(quickSettle, w.now.ScanTook)), true)
	}
	seen := make(map[target]bool, len(h.names))
	for rel, stirred := range h.names {
		if rel == "" {
			if stirred {
				w.scanBy(now.Add(quickSettle), false) // something befell the root itself
			}
			continue
		}
		if t := w.resolve(rel, stirred); !seen[t] && !Ignored(t.name, w.opts.Ignore) {
			seen[t] = true
			w.look(t)
		}
	}
	if h.closed {
		w.fallBack(errEventsEnded)
		w.scanBy(now, true)
	}
}

// resolve finds the target for a changed path: that path, or the first part of it that is not known yet.
func (w *Watcher) resolve(rel string, stirred bool) target {
	for {
		dir, name := split(rel)
		if d, ok := w.tree.folders[dir]; ok {
			return target{in: d, name: name, stirred: stirred}
		}
		rel, stirred = dir, true
	}
}

// nextLooks takes the next targets, or else the unsettled files whose time has come. It returns nil when there is
// nothing to look at.
func (w *Watcher) nextLooks(now time.Time) job {
	if len(w.looks) == 0 && (len(w.tree.agenda) == 0 || w.tree.agenda[0].awaited.next.After(now)) {
		return nil
	}
	if n := min(len(w.looks)+len(w.tree.agenda), lookBatch); cap(w.glances) < n {
		w.glances = make([]glance, 0, n)
	}
	batch := w.glances[:0]
	for len(w.looks) > 0 && len(batch) < lookBatch {
		t := w.looks[0]
		w.looks = w.looks[1:]
		if t.in.dropped {
			w.forgottenGone(t.forgotten)
			continue
		}
		batch = append(batch, w.glance(t))
	}
	if len(w.looks) == 0 {
		w.looks = nil // lets the memory of a burst go
	}
	for len(w.tree.agenda) > 0 && len(batch) < lookBatch {
		f := w.tree.agenda[0]
		if f.awaited.next.After(now) {
			break
		}
		w.tree.unplan(f)
		batch = append(batch, w.glance(target{in: f.in, name: f.name}))
	}
	if len(batch) == 0 {
		return nil
	}
	root, r := w.base.info, w.rule
	return func(p *progress) func(bool) {
		absent := w.lookAt(r, batch, p)
		rooted := true
		if absent {
			in, err := w.sys.lstat(w.root)
			rooted = err == nil && in.sameFolder(root)
		}
		return func(live bool) { w.looked(live, batch, rooted) }
	}
}

func (w *Watcher) glance(t target) glance {
	g := glance{target: t, path: w.path(path.Join(t.in.rel, t.name))}
	if f := t.in.files[t.name]; f != nil {
		g.known, g.track = true, f.track()
	}
	return g
}

// lookAt looks at each path and, where that can settle something, for its writers. It reports whether any is
// absent. Part of a job.
func (w *Watcher) lookAt(r rule, batch []glance, p *progress) (absent bool) {
	for i := range batch {
		g := &batch[i]
		s := sight{before: time.Now()}
		in, err := w.sys.lstat(g.path)
		p.step()
		asked := g.known && err == nil && in.mode.IsRegular() && r.same(in.stamp, g.track.stamp) &&
			r.ask(&g.track, s.before)
		if asked {
			s.writer, g.check = w.sys.writer(g.path, !r.trusted)
			p.step()
			in, err = w.sys.lstat(g.path) // a change between the two would show
			p.step()
		}
		s.stamp, s.touched, s.after = in.stamp, in.changed, time.Now()
		g.sight = s
		g.found = found{name: g.name, info: in, err: err}
		absent = absent || err != nil && notThere(err)
	}
	return absent
}

// looked takes in what looks found.
func (w *Watcher) looked(live bool, batch []glance, rooted bool) {
	now := time.Now()
	for i := range batch {
		g := &batch[i]
		f := g.in.files[g.name]
		switch {
		case g.in.dropped:
			w.forgottenGone(g.forgotten)
			continue
		case !live:
		case g.found.err == nil:
			w.saw(g.in, g.found, g.sight, g.stirred)
			w.judged(g)
			continue
		case !notThere(g.found.err):
			w.saw(g.in, g.found, g.sight, g.stirred)
			if !errors.Is(g.found.err, fs.ErrPermission) {
				w.scanBy(now.Add(offlinePause), false) // perhaps it is the root that is in trouble
			}
		case !rooted:
			w.scanBy(now, true)
		case w.absenceCounts():
			w.lost(g.in, g.name)
			w.forgottenGone(g.forgotten)
			continue
		}
		if f != nil && f.awaited != nil {
			f.awaited.next = now.Add(maxPause)
			w.tree.plan(f)
		}
	}
	clear(batch)
	if len(w.looks)+len(w.tree.agenda) == 0 {
		w.glances = nil
	}
}

// judged notes or takes back that a file cannot be read.
func (w *Watcher) judged(g *glance) {
	rel := path.Join(g.in.rel, g.name)
	switch {
	case g.sight.writer == failedCheck && g.check != nil && !notThere(g.check):
		w.skip(rel, unreadable(g.check))
	case g.sight.writer != notAsked:
		w.unskip(rel)
	}
}

// absenceCounts says whether what is not there is to be believed gone.
func (w *Watcher) absenceCounts() bool {
	return w.base.doubt == 0 || w.base.doubt == 1 && w.scan != nil
}

// saw takes in what stands under a name.
func (w *Watcher) saw(d *folder, e found, s sight, stirred bool) {
	rel := path.Join(d.rel, e.name)
	if e.err != nil {
		w.sawNothing(d, e)
		return
	}
	f, sub := d.files[e.name], d.subs[e.name]
	isFile, isDir := e.info.mode.IsRegular(), e.info.mode.IsDir()
	if f != nil && !isFile || sub != nil && !isDir {
		w.lost(d, e.name)
		f, sub = nil, nil
	}
	if _, ok := d.others[e.name]; ok && (isFile || isDir) {
		delete(d.others, e.name)
		w.unskip(rel)
	}
	switch {
	case isFile:
		w.sawFile(d, f, e.name, s)
	case isDir:
		w.sawFolder(d, sub, e, stirred)
	default:
		d.addOther(e.name)
		w.skip(rel, leftAlone(e.info.mode))
	}
}

// sawNothing takes in that something is there that cannot be looked at.
func (w *Watcher) sawNothing(d *folder, e found) {
	if f := d.files[e.name]; f != nil {
		f.met, f.blind = d.reading, true
	} else if sub := d.subs[e.name]; sub != nil {
		sub.met = d.reading
	} else {
		d.addOther(e.name)
	}
	w.skip(path.Join(d.rel, e.name), unreadable(e.err))
}

// sawFile takes in a look at a regular file.
func (w *Watcher) sawFile(d *folder, f *file, name string, s sight) {
	if f == nil {
		w.tell(w.tree.addFile(d, name, w.rule.begin(s)))
		return
	}
	f.met = d.reading
	if f.blind {
		f.blind = false
		w.unskip(f.path())
	}
	tr := f.track()
	rest := tr.rest
	changed := w.rule.judge(&tr, s, w.tree.unsettled)
	w.tree.retrack(f, tr)
	if rest != tr.rest || changed && !tr.rest && s.after.Sub(f.awaited.offered) >= sameNews {
		w.tell(f)
	}
}

// sawFolder takes in a look at a folder. One that is new, another than before, or that came back must be read and
// watched.
func (w *Watcher) sawFolder(d, sub *folder, e found, stirred bool) {
	switch {
	case sub == nil:
		sub = w.tree.addFolder(d, e.name, e.info.id)
	case sub.id != e.info.id || stirred:
		sub.id, sub.version, sub.certain = e.info.id, version{}, false
	default:
		sub.met = d.reading
		return
	}
	sub.met = d.reading
	w.read(sub)
}

// lost takes in that nothing stands under a name any more.
func (w *Watcher) lost(d *folder, name string) {
	if f := d.files[name]; f != nil {
		w.tree.removeFile(f)
		w.fileGone(f)
	}
	if sub := d.subs[name]; sub != nil {
		w.tree.removeFolder(sub, w.fileGone, w.folderGone)
	}
	if _, ok := d.others[name]; ok {
		delete(d.others, name)
		w.unskip(path.Join(d.rel, name))
	}
}

func (w *Watcher) fileGone(f *file) {
	w.unskip(f.path())
	w.tell(f)
}

func (w *Watcher) folderGone(d *folder) {
	w.unskip(d.rel)
	for name := range d.others {
		w.unskip(path.Join(d.rel, name))
	}
	if w.source != nil {
		w.forgets = append(w.forgets, watched{path: w.path(d.rel), id: d.id})
	}
}

// watched is a folder whose watch is to be ended.
type watched struct {
	path string
	id   identity
}

// forgetting puts the ending of watches before a job.
func (w *Watcher) forgetting(j job) job {
	if len(w.forgets) == 0 {
		return j
	}
	src, gone := w.source, w.forgets
	w.forgets = nil
	return func(p *progress) func(bool) {
		for _, g := range gone {
			src.forget(g.path, g.id)
		}
		p.step()
		return j(p)
	}
}
