package watcher

import (
	"container/heap"
	"path"
	"time"
)

// folder is one folder below the root, or the root itself. Like everything in this file it belongs to Run's loop.
type folder struct {
	parent  *folder // nil for the root
	name    string
	rel     string // path from the root, "" for the root
	id      identity
	version version            // when it was last read; zero: it must be read
	since   time.Time          // when this version was first seen
	certain bool               // the last reading cannot have missed a later change under the same version
	subs    map[string]*folder // folders in it
	files   map[string]*file   // regular files in it
	others  map[string]uint16  // what is left alone in it, and the reading that met it last
	reading uint16             // counts the readings, to tell what was not met any more
	met     uint16             // the parent's reading that met it last
	queued  bool               // it waits to be read
	dropped bool               // it is not part of the tree any more
}

// version is what changes when entries come to a folder or leave it.
type version struct{ mod, changed time.Time }

func (v version) same(o version) bool { return v.mod.Equal(o.mod) && v.changed.Equal(o.changed) }

// file is one regular file. There is one for each file below the root, most of them at rest: it is kept small.
type file struct {
	in      *folder
	name    string
	stamp   stamp
	changed time.Time // end of the look that first saw this stamp
	awaited *awaited  // nil: at rest
	met     uint16    // the folder's reading that met it last
	gone    bool
	limbo   bool // it was forgotten, and nobody has looked yet whether it is there
	queued  bool // waits to be told to the Handler
	offered bool // the Handler was told of it
	owed    bool // the Handler refused it
	blind   bool // the last look at it failed
}

// awaited is what is known besides of a file that is not at rest.
type awaited struct {
	next    time.Time     // when to look again
	pause   time.Duration // the last wait for a writer to go
	place   int           // in the agenda, -1 when it is not there
	quiet   bool          // it had been quiet for long enough when it was first seen
	offered time.Time     // when the Handler was last told; zero: not since it was unsettled
}

// track is the file's as settling has left it.
func (f *file) track() track {
	tr := track{stamp: f.stamp, changed: f.changed, rest: f.awaited == nil}
	if a := f.awaited; a != nil {
		tr.next, tr.pause, tr.quiet = a.next, a.pause, a.quiet
	}
	return tr
}

// path is the file's path from the root.
func (f *file) path() string { return path.Join(f.in.rel, f.name) }

// tree is what is known of the folders and files below the root.
type tree struct {
	root      *folder
	folders   map[string]*folder // by path from the root
	agenda    agenda             // unsettled files by the time of their next look
	files     int
	unsettled int
}

func newTree() *tree {
	t := &tree{folders: make(map[string]*folder)}
	t.root = t.addFolder(nil, "", identity{})
	return t
}

// addFolder adds an empty folder that must be read.
func (t *tree) addFolder(parent *folder, name string, id identity) *folder {
	d := &folder{parent: parent, name: name, id: id}
	if parent != nil {
		d.met = parent.reading
		d.rel = path.Join(parent.rel, name)
		if parent.subs == nil {
			parent.subs = make(map[string]*folder)
		}
		parent.subs[name] = d
	}
	t.folders[d.rel] = d
	return d
}

// addFile adds an unsettled file.
func (t *tree) addFile(d *folder, name string, tr track) *file {
	f := &file{in: d, name: name, met: d.reading, awaited: &awaited{place: -1}}
	if d.files == nil {
		d.files = make(map[string]*file)
	}
	d.files[name] = f
	t.files++
	t.unsettled++
	t.retrack(f, tr)
	return f
}

// addOther notes something that is left alone, so that its going is noticed.
func (d *folder) addOther(name string) {
	if d.others == nil {
		d.others = make(map[string]uint16)
	}
	d.others[name] = d.reading
}

// retrack gives a file a new track after a look.
func (t *tree) retrack(f *file, tr track) {
	f.stamp, f.changed = tr.stamp, tr.changed
	switch {
	case tr.rest && f.awaited != nil:
		t.unsettled--
		t.unplan(f)
		f.awaited = nil
	case !tr.rest && f.awaited == nil:
		t.unsettled++
		f.awaited = &awaited{place: -1}
	}
	if a := f.awaited; a != nil {
		a.next, a.pause, a.quiet = tr.next, tr.pause, tr.quiet
		t.plan(f)
	}
}

// plan puts a file that is awaited where it belongs in the agenda.
func (t *tree) plan(f *file) {
	if f.awaited.place >= 0 {
		heap.Fix(&t.agenda, f.awaited.place)
	} else {
		heap.Push(&t.agenda, f)
	}
}

func (t *tree) unplan(f *file) {
	if f.awaited != nil && f.awaited.place >= 0 {
		heap.Remove(&t.agenda, f.awaited.place)
	}
}

// removeFile takes a file out of the tree and marks it gone.
func (t *tree) removeFile(f *file) {
	t.unplan(f)
	delete(f.in.files, f.name)
	f.gone = true
	t.files--
	if f.awaited != nil {
		t.unsettled--
	}
}

// removeFolder takes a folder and all below it out of the tree, inner things first, and calls each for them.
func (t *tree) removeFolder(d *folder, eachFile func(*file), eachFolder func(*folder)) {
	for _, sub := range d.subs {
		t.removeFolder(sub, eachFile, eachFolder)
	}
	for _, f := range d.files {
		t.removeFile(f)
		eachFile(f)
	}
	d.dropped = true
	delete(t.folders, d.rel)
	if d.parent != nil {
		delete(d.parent.subs, d.name)
	}
	eachFolder(d)
}

// known says whether a file of this path is in the tree.
func (t *tree) known(rel string) bool {
	dir, name := split(rel)
	d, ok := t.folders[dir]
	return ok && d.files[name] != nil
}

// split is path.Split without the slash.
func split(rel string) (dir, name string) {
	dir, name = path.Split(rel)
	if dir != "" {
		dir = dir[:len(dir)-1]
	}
	return dir, name
}

// agenda is a heap of unsettled files by the time of their next look.
type agenda []*file

func (a agenda) Len() int           { return len(a) }
func (a agenda) Less(i, j int) bool { return a[i].awaited.next.Before(a[j].awaited.next) }
func (a agenda) Swap(i, j int) {
	a[i], a[j] = a[j], a[i]
	a[i].awaited.place, a[j].awaited.place = i, j
}

func (a *agenda) Push(x any) {
	f := x.(*file)
	f.awaited.place = len(*a)
	*a = append(*a, f)
}

func (a *agenda) Pop() any {
	old := *a
	last := len(old) - 1
	f := old[last]
	old[last] = nil
	*a = old[:last]
	if last == 0 {
		*a = nil // lets the memory of a burst go
	}
	f.awaited.place = -1
	return f
}
