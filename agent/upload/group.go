package upload

import (
	"iter"
	"maps"
	"time"

	"kurir/watcher"
)

// setFile is one file of the index. There is one for each file that waits in an inbox: it is kept small.
type setFile struct {
	watcher.File
	seen  *cached // what was found in it since it changed last; nil: nobody has looked
	owner string  // of a file of the inbox itself: the NAME of its set
	owned bool    // owner is set
}

// many is how many files of a set are found by looking at each; more than that have a map.
const many = 16

// group is the files of one set.
type group struct {
	files   []*setFile     // in no order
	at      map[string]int // by path: the place in files; nil while they are few
	changed time.Time      // when the last of them appeared, changed or went
	first   time.Time      // when the first of them was seen
}

// place returns where in files the one at a path stands, and whether it is there.
func (g *group) place(p string) (int, bool) {
	if g.at != nil {
		i, ok := g.at[p]
		return i, ok
	}
	for i, m := range g.files {
		if m.Path == p {
			return i, true
		}
	}
	return 0, false
}

// see takes in what was seen of a file that is there.
func (g *group) see(f watcher.File) {
	if i, ok := g.place(f.Path); ok {
		g.renew(g.files[i], f)
		return
	}
	g.add(&setFile{File: f})
}

// add takes in a file that was not there.
func (g *group) add(m *setFile) {
	g.files = append(g.files, m)
	g.changed = later(g.changed, m.Changed)
	if g.first.IsZero() || m.Changed.Before(g.first) {
		g.first = m.Changed
	}
	switch {
	case g.at != nil:
		g.at[m.Path] = len(g.files) - 1
	case len(g.files) > many:
		g.at = make(map[string]int, 2*len(g.files))
		for i, m := range g.files {
			g.at[m.Path] = i
		}
	}
}

// renew takes in what was seen of a file that the group has. That it came to rest is no change.
func (g *group) renew(m *setFile, f watcher.File) {
	if !m.Changed.Equal(f.Changed) {
		g.changed = later(g.changed, f.Changed)
		m.seen = nil
	}
	f.Path = m.Path // the same words once
	m.File = f
}

// remove takes out the file at a path, if it is there.
func (g *group) remove(p string, now time.Time) {
	i, ok := g.place(p)
	if !ok {
		return
	}
	last := len(g.files) - 1
	g.files[i] = g.files[last]
	g.files[last] = nil
	g.files = g.files[:last]
	if g.at != nil {
		delete(g.at, p)
		if i < last {
			g.at[g.files[i].Path] = i
		}
	}
	g.changed = later(g.changed, now)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// names is a set of file names, most often of one.
type names struct {
	one  string          // "" where there is none
	more map[string]bool // the others
}

func (n names) empty() bool { return n.one == "" && len(n.more) == 0 }

// with returns n with a name that it does not have.
func (n names) with(name string) names {
	if n.one == "" {
		n.one = name
		return n
	}
	if n.more == nil {
		n.more = make(map[string]bool)
	}
	n.more[name] = true
	return n
}

// without returns n without a name.
func (n names) without(name string) names {
	if n.one == name {
		n.one = ""
	}
	delete(n.more, name)
	return n
}

// all goes through the names.
func (n names) all() iter.Seq[string] {
	return func(yield func(string) bool) {
		if n.one != "" && !yield(n.one) {
			return
		}
		for name := range maps.Keys(n.more) {
			if !yield(name) {
				return
			}
		}
	}
}
