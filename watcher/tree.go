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
	others  map[string]uint64  // what is left alone in it, and the reading that met it last
	reading uint64             // counts the readings, to tell what was not met any more
	met     uint64             // the parent's reading that met it last
	queued  bool               // it waits to be read
	dropped bool               // it is not part of the tree any more
}

// version is what changes when entries come to a folder or leave it.
type version struct{ mod, changed time.Time }

func (v version) same(o version) bool { return v.mod.Equal(o.mod) && v.changed.Equal(o.changed) }

// file is one regular file.
type file struct {
	in      *folder
	name    string
	track   track
	gone    bool
	limbo   bool      // it was forgotten, and nobody has looked yet whether it is there
	met     uint64    // the folder's reading that met it last
	place   int       // in the agenda, -1 when it is not there
	queued  bool      // waits to be told to the Handler
	offered time.Time // when it was last told to the Handler; zero: never
	owed    bool      // the Handler refused it
	blind   bool      // the last look at it failed
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
	f := &file{in: d, name: name, track: tr, place: -1, met: d.reading}
	if d.files == nil {
		d.files = make(map[string]*file)
	}
	d.files[name] = f
	t.files++
	t.unsettled++
	t.plan(f)
	return f
}

// addOther notes something that is left alone, so that its going is noticed.
func (d *folder) addOther(name string) {
	if d.others == nil {
		d.others = make(map[string]uint64)
	}
	d.others[name] = d.reading
}

// retrack gives a file a new track after a look.
func (t *tree) retrack(f *file, tr track) {
	if f.track.rest != tr.rest {
		if tr.rest {
			t.unsettled--
		} else {
			t.unsettled++
		}
	}
	f.track = tr
	t.plan(f)
}

// plan puts the file where it belongs in the agenda.
func (t *tree) plan(f *file) {
	switch {
	case f.track.rest:
		t.unplan(f)
	case f.place >= 0:
		heap.Fix(&t.agenda, f.place)
	default:
		heap.Push(&t.agenda, f)
	}
}

func (t *tree) unplan(f *file) {
	if f.place >= 0 {
		heap.Remove(&t.agenda, f.place)
	}
}

// removeFile takes a file out of the tree and marks it gone.
func (t *tree) removeFile(f *file) {
	t.unplan(f)
	delete(f.in.files, f.name)
	f.gone = true
	t.files--
	if !f.track.rest {
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
func (a agenda) Less(i, j int) bool { return a[i].track.next.Before(a[j].track.next) }
func (a agenda) Swap(i, j int) {
	a[i], a[j] = a[j], a[i]
	a[i].place, a[j].place = i, j
}

func (a *agenda) Push(x any) {
	f := x.(*file)
	f.place = len(*a)
	*a = append(*a, f)
}

func (a *agenda) Pop() any {
	old := *a
	last := len(old) - 1
	f := old[last]
	old[last] = nil
	*a = old[:last]
	f.place = -1
	return f
}
