package upload

import (
	"iter"
	"path"
	"slices"
	"strings"
	"time"

	"kurir/watcher"
)

// setKey names a group of files in an inbox.
type setKey struct {
	name   string
	folder bool // the files lie in the folder of that name; else beside one another in the inbox itself
}

// index groups the files of one inbox into sets. It is pure: it never looks at a disk or a clock, and costs per change,
// not per file. Its caller serialises access.
type index struct {
	marker string // the inbox's done_marker, "" when none

	folders map[string]*group   // by folder name
	root    map[string]*setFile // files directly in the inbox, by name
	byStem  map[string]names    // stem candidate -> files that could belong to it, but for those in wide
	wide    map[string]bool     // files of the inbox itself that could belong to more than maxStems NAMEs
	sidecar map[string]string   // NAME -> the file NAME.json
	listed  map[string][]string // folded file name -> NAMEs of the sidecars that list it, the first has it
	folded  map[string]string   // folded file name -> the file of the inbox itself, where that has another name
	stems   map[string]*group   // by NAME, or by a lonely image's own stem
	lists   map[string][]string // NAME -> the file names its sidecar lists
}

func newIndex(marker string) *index {
	return &index{
		marker: marker, folders: map[string]*group{}, root: map[string]*setFile{}, byStem: map[string]names{},
		wide: map[string]bool{}, sidecar: map[string]string{}, listed: map[string][]string{}, folded: map[string]string{},
		stems: map[string]*group{}, lists: map[string][]string{},
	}
}

// apply takes what a watcher has seen and returns the sets it touches. now is the caller's clock, for what went.
func (x *index) apply(files []watcher.File, now time.Time) map[setKey]bool {
	touched := make(map[setKey]bool)
	for _, f := range files {
		if ours(f.Path) {
			continue
		}
		if dir, _, ok := strings.Cut(f.Path, "/"); ok {
			x.applyFolder(dir, f, now)
			touched[setKey{dir, true}] = true
			continue
		}
		x.applyRoot(f, now, touched)
	}
	return touched
}

func (x *index) applyFolder(dir string, f watcher.File, now time.Time) {
	g := x.folders[dir]
	if g == nil {
		g = &group{}
		x.folders[dir] = g
	}
	if f.State == watcher.Gone {
		g.remove(f.Path, now)
	} else {
		g.see(f)
	}
	if len(g.files) == 0 {
		delete(x.folders, dir)
	}
}

func (x *index) applyRoot(f watcher.File, now time.Time, touched map[setKey]bool) {
	name := f.Path
	if f.State == watcher.Gone {
		x.removeRoot(name, now, touched)
		return
	}
	m, known := x.root[name]
	if known {
		x.stems[m.owner].renew(m, f)
	} else {
		m = &setFile{File: f}
		x.root[name] = m
		if fold := foldName(name); fold != name {
			x.folded[fold] = name
		}
		if could := stems(name); len(could) > maxStems {
			x.wide[name] = true
		} else {
			for _, s := range could {
				x.byStem[s] = x.byStem[s].with(name)
			}
		}
		if isJSON(name) {
			x.sidecar[stemOf(name)] = name
			x.regroup(stemOf(name), now, touched)
		}
	}
	x.assign(name, now, touched)
	if name == x.marker { // it stands for all sets that lie beside one another
		for stem := range x.stems {
			touched[setKey{stem, false}] = true
		}
	}
}

func (x *index) removeRoot(name string, now time.Time, touched map[setKey]bool) {
	m, known := x.root[name]
	if !known {
		return
	}
	delete(x.root, name)
	if x.folded[foldName(name)] == name {
		delete(x.folded, foldName(name))
	}
	if x.wide[name] {
		delete(x.wide, name)
	} else {
		for _, s := range stems(name) {
			if left := x.byStem[s].without(name); left.empty() {
				delete(x.byStem, s)
			} else {
				x.byStem[s] = left
			}
		}
	}
	x.leave(m, now, touched)
	if isJSON(name) {
		stem := stemOf(name)
		delete(x.sidecar, stem)
		for other := range x.could(stem) {
			if isJSON(other) && stemOf(other) == stem { // X.json and X.JSON
				x.sidecar[stem] = other
			}
		}
		x.list(stem, nil, now, touched)
		x.regroup(stem, now, touched)
	}
}

// list records which files a sidecar names, which makes them the set's whatever they are called.
func (x *index) list(stem string, names []string, now time.Time, touched map[setKey]bool) {
	old := x.lists[stem]
	if slices.Equal(old, names) {
		return
	}
	for _, n := range old {
		k := foldName(n)
		x.listed[k] = slices.DeleteFunc(slices.Clone(x.listed[k]), func(s string) bool { return s == stem })
		if len(x.listed[k]) == 0 {
			delete(x.listed, k)
		}
	}
	delete(x.lists, stem)
	if len(names) > 0 {
		x.lists[stem] = names
	}
	for _, n := range names {
		x.listed[foldName(n)] = append(x.listed[foldName(n)], stem)
	}
	for _, n := range append(slices.Clone(old), names...) {
		x.assign(foldName(n), now, touched)
		if actual, ok := x.folded[foldName(n)]; ok {
			x.assign(actual, now, touched)
		}
	}
}

// regroup assigns anew all files that could belong to stem.
func (x *index) regroup(stem string, now time.Time, touched map[setKey]bool) {
	for name := range x.could(stem) {
		x.assign(name, now, touched)
	}
}

// could goes through the files of the inbox itself that could belong to stem.
func (x *index) could(stem string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for name := range x.byStem[stem].all() {
			if !yield(name) {
				return
			}
		}
		for name := range x.wide {
			if strings.HasPrefix(name, stem) && slices.Contains(stems(name), stem) && !yield(name) {
				return
			}
		}
	}
}

// assign gives a file of the inbox itself, if it is there, to its set.
func (x *index) assign(name string, now time.Time, touched map[setKey]bool) {
	m, ok := x.root[name]
	if !ok {
		return
	}
	owner := x.ownerOf(name)
	if m.owner != owner || !m.owned {
		if m.owned {
			x.leave(m, now, touched)
		}
		m.owner, m.owned = owner, true
		g := x.stems[owner]
		if g == nil {
			g = &group{}
			x.stems[owner] = g
		}
		g.add(m)
	}
	if s, ok := markerOwner(x.marker, name); ok {
		touched[setKey{s, true}] = true // it may stand beside a folder set
	}
	touched[setKey{owner, false}] = true
}

// leave takes a file of the inbox itself out of its set.
func (x *index) leave(m *setFile, now time.Time, touched map[setKey]bool) {
	g := x.stems[m.owner]
	g.remove(m.Path, now)
	if len(g.files) == 0 {
		delete(x.stems, m.owner)
	}
	touched[setKey{m.owner, false}] = true
}

// ownerOf decides whose a file of the inbox itself is: a sidecar is its own set's; a listed file its list's; a marker
// that of the name in it; any other that of the longest matching NAME; else it stands alone under its own stem.
func (x *index) ownerOf(name string) string {
	if isJSON(name) {
		return stemOf(name)
	}
	if s := x.listed[foldName(name)]; len(s) > 0 {
		return s[0]
	}
	if s, ok := markerOwner(x.marker, name); ok {
		return s
	}
	for _, s := range stems(name) {
		if _, ok := x.sidecar[s]; ok {
			return s
		}
	}
	return stemOf(name)
}

// group returns the files of a set, nil when there are none.
func (x *index) group(k setKey) *group {
	if k.folder {
		return x.folders[k.name]
	}
	return x.stems[k.name]
}

// find returns a file by its path, nil when it is not there.
func (x *index) find(p string) *setFile {
	dir, _, ok := strings.Cut(p, "/")
	if !ok {
		return x.root[p]
	}
	if g := x.folders[dir]; g != nil {
		if i, ok := g.place(p); ok {
			return g.files[i]
		}
	}
	return nil
}

// get returns a copy of a set's files, in order of path, and whether there are any.
func (x *index) get(k setKey) (snapshot, bool) {
	g := x.group(k)
	if g == nil {
		return snapshot{}, false
	}
	s := snapshot{key: k, changed: g.changed, first: g.first, files: make([]watcher.File, len(g.files))}
	for i, m := range g.files {
		s.files[i] = m.File
	}
	slices.SortFunc(s.files, func(a, b watcher.File) int { return strings.Compare(a.Path, b.Path) })
	s.marker = x.findMarker(k)
	return s, true
}

// size returns how many files a set has.
func (x *index) size(k setKey) int {
	if g := x.group(k); g != nil {
		return len(g.files)
	}
	return 0
}

// findMarker returns the path of a set's done marker, "" while there is none.
func (x *index) findMarker(k setKey) string {
	if x.marker == "" {
		return ""
	}
	name := strings.ReplaceAll(x.marker, "{name}", k.name)
	if k.folder {
		if inside := k.name + "/" + name; x.find(inside) != nil {
			return inside
		}
	}
	m, ok := x.root[name]
	if !ok || k.folder && name == x.marker || name == x.marker && x.cameAfter(m, k) {
		return ""
	}
	return name
}

// markerSlack is by how much later than a marker the watcher may have seen what was written before it.
const markerSlack = 2 * time.Second

// cameAfter reports whether a set has files that came, or changed, after a marker that stands for all sets. Both clocks have to
// say so: ours may have seen two files in one look, and the times of files are those of the originals where they are copies. A set
// that lists its images has them all by its list, whenever they came.
func (x *index) cameAfter(m *setFile, k setKey) bool {
	g := x.stems[k.name]
	return g != nil && len(x.lists[k.name]) == 0 && slices.ContainsFunc(g.files, func(f *setFile) bool {
		return f.Changed.After(m.Changed.Add(markerSlack)) && f.ModTime.After(m.ModTime)
	})
}

// markerServes reports whether a marker stands for a set other than k that has its sidecar and is not among those taken in.
func (x *index) markerServes(marker string, k setKey, taken map[setKey]string) bool {
	if marker != x.marker || x.root[marker] == nil {
		return false
	}
	for name := range x.sidecar {
		if other := (setKey{name, false}); other != k && taken[other] == "" && x.findMarker(other) == marker {
			return true
		}
	}
	return false
}

// snapshot is a set's files at one moment.
type snapshot struct {
	key     setKey
	files   []watcher.File
	marker  string
	changed time.Time
	first   time.Time
}

// maxStems is of how many NAMEs' files one file is kept; one that could belong to more, a name made of separators, is looked
// for whenever a sidecar comes or goes.
const maxStems = 32

// stems returns the NAMEs that a file could belong to, the longest first: NAME.EXT, NAME_*.EXT, NAME-*.EXT and
// NAME (*).EXT.
func stems(file string) []string {
	base := stemOf(file)
	out := []string{base}
	for i := len(base) - 1; i > 0; i-- {
		switch {
		case base[i] == '_' || base[i] == '-':
			out = append(out, base[:i])
		case base[i] == '(' && base[i-1] == ' ' && strings.HasSuffix(base, ")") && i > 1:
			out = append(out, base[:i-1])
		}
	}
	return out
}

// stemOf is a file's name without its extension.
func stemOf(file string) string { return strings.TrimSuffix(file, path.Ext(file)) }

// ours reports whether a file of the inbox itself is named like a reason or a receipt of ours: moved back from failed/ along
// with its set, it is left alone.
func ours(p string) bool {
	lower := strings.ToLower(p)
	return !strings.Contains(p, "/") && (strings.HasSuffix(lower, errorSuffix) || strings.HasSuffix(lower, receiptSuffix))
}

// isJSON reports whether a file is named like a sidecar.
func isJSON(file string) bool { return strings.EqualFold(path.Ext(file), ".json") }

// markerOwner returns the set that a done marker beside it belongs to.
func markerOwner(pattern, file string) (string, bool) {
	before, after, ok := strings.Cut(pattern, "{name}")
	if !ok || len(file) <= len(before)+len(after) || !strings.HasPrefix(file, before) || !strings.HasSuffix(file, after) {
		return "", false
	}
	return file[len(before) : len(file)-len(after)], true
}
