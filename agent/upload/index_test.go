package upload

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/unicode/norm"

	"kurir/watcher"
)

var clock0 = time.Date(2025, 9, 30, 8, 0, 0, 0, time.UTC)

// groups returns all sets of an index with the paths in them.
func groups(x *index) map[setKey][]string {
	out := map[setKey][]string{}
	for _, folder := range []bool{true, false} {
		m := x.stems
		if folder {
			m = x.folders
		}
		for name := range m {
			s, ok := x.get(setKey{name, folder})
			if !ok {
				continue
			}
			for _, f := range s.files {
				out[s.key] = append(out[s.key], f.Path)
			}
		}
	}
	return out
}

// naiveGroups is the contract's rule, written as one reads it: every file against every sidecar.
func naiveGroups(files []string, lists map[string][]string, before, after string) map[setKey][]string {
	out := map[setKey][]string{}
	for _, f := range files {
		k := setKey{name: naiveOwner(f, files, lists, before, after)}
		if dir, _, inFolder := strings.Cut(f, "/"); inFolder {
			k = setKey{dir, true}
		}
		out[k] = append(out[k], f)
	}
	for _, paths := range out {
		slices.Sort(paths)
	}
	return out
}

func naiveOwner(file string, files []string, lists map[string][]string, before, after string) string {
	stem := strings.TrimSuffix(file, path.Ext(file))
	if strings.EqualFold(path.Ext(file), ".json") {
		return stem
	}
	for name, list := range lists {
		if slices.Contains(list, norm.NFC.String(file)) {
			return name
		}
	}
	if before+after != "" && strings.HasPrefix(file, before) && strings.HasSuffix(file, after) && len(file) > len(before+after) {
		return file[len(before) : len(file)-len(after)]
	}
	best := ""
	for _, car := range files {
		name := strings.TrimSuffix(car, path.Ext(car))
		if !strings.EqualFold(path.Ext(car), ".json") || strings.Contains(car, "/") || len(name) <= len(best) {
			continue
		}
		if stem == name || strings.HasPrefix(stem, name+"_") || strings.HasPrefix(stem, name+"-") ||
			strings.HasPrefix(stem, name+" (") && strings.HasSuffix(stem, ")") {
			best = name
		}
	}
	if best != "" {
		return best
	}
	return stem
}

// inboxNames are the names of the property test: NAMEs that begin with one another, separators alone and in rows, both forms of
// Unicode, markers, folders with a stem set's name.
func inboxNames() (names []string, lists map[string][]string) {
	for _, set := range []string{"A", "A_1", "A_1-b", "A (2)", "_", "__-", "x.y", "é", "e\u0301"} {
		names = append(names, set+".json", set+".jpg", set+"_1.jpg", set+"-z.png", set+" (3).gif", set+".done", set+"/a.jpg")
	}
	many := strings.Repeat("_-", 40)
	names = append(names, "A_"+many+".jpg", "A"+many[:50]+".JSON", many+".jpg", many+".Json", "B.JSON", "B_1.jpg", "B.json", "A/d.json", "A/deep/b.jpg", "front.jpg", norm.NFD.String("café.jpg"), "A_1-back.jpg", "lonely", "a(1).jpg", " (1).jpg", "--.jpg")
	lists = map[string][]string{"A": {"front.jpg", "nowhere.jpg", "A_1-back.jpg"}, "x.y": {norm.NFC.String("café.jpg")}}
	slices.Sort(names)
	return slices.Compact(names), lists
}

// TestGroupingDoesNotDependOnTheOrder feeds the same files in random orders, with files that go and come back, and compares with
// the naive rule. Whatever changes is touched, and an inbox that was emptied leaves nothing behind.
func TestGroupingDoesNotDependOnTheOrder(t *testing.T) {
	names, lists := inboxNames()
	for seed := range uint64(12) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		x := newIndex("{name}.done")
		now := clock0
		there := map[string]bool{}
		step := func(f watcher.File) {
			now = now.Add(time.Second)
			before := groups(x)
			touched := x.apply([]watcher.File{f}, now)
			there[f.Path] = f.State != watcher.Gone
			if car, isCar := strings.CutSuffix(f.Path, ".json"); isCar && there[f.Path] && lists[car] != nil {
				x.list(car, lists[car], now, touched)
			}
			checkTouched(t, seed, f, before, groups(x), touched)
		}
		for range 3 * len(names) {
			f := watcher.File{Path: names[rnd.IntN(len(names))], Changed: now, State: watcher.State(rnd.IntN(3))}
			step(f)
		}
		wanted := slices.DeleteFunc(slices.Clone(names), func(string) bool { return rnd.IntN(3) == 0 })
		for _, i := range rnd.Perm(len(names)) {
			state := watcher.Gone
			if slices.Contains(wanted, names[i]) {
				state = watcher.Rest
			}
			step(watcher.File{Path: names[i], Changed: now, State: state})
		}
		active := maps.Clone(lists)
		maps.DeleteFunc(active, func(car string, _ []string) bool { return !slices.Contains(wanted, car+".json") })
		want := naiveGroups(wanted, active, "", ".done")
		if got := groups(x); !maps.EqualFunc(got, want, slices.Equal) {
			t.Fatalf("seed %d:\n got %v\nwant %v", seed, got, want)
		}
		for _, n := range names {
			step(watcher.File{Path: n, State: watcher.Gone})
		}
		if n := len(x.folders) + len(x.root) + len(x.byStem) + len(x.wide) + len(x.sidecar) + len(x.listed) + len(x.stems) + len(x.folded) + len(x.lists); n != 0 {
			t.Fatalf("seed %d: %d entries are left of an empty inbox: %+v", seed, n, x)
		}
	}
}

func checkTouched(t *testing.T, seed uint64, f watcher.File, before, after map[setKey][]string, touched map[setKey]bool) {
	t.Helper()
	all := maps.Clone(before)
	maps.Copy(all, after)
	for k := range all {
		if !slices.Equal(before[k], after[k]) && !touched[k] {
			t.Fatalf("seed %d: %s (%v) changed %v from %v to %v, but nobody looks at it", seed, f.Path, f.State, k, before[k], after[k])
		}
	}
}

func TestStems(t *testing.T) {
	cases := []struct {
		file string
		want []string
	}{
		{"A.jpg", []string{"A"}},
		{"A_1.jpg", []string{"A_1", "A"}},
		{"A_1-2.jpg", []string{"A_1-2", "A_1", "A"}},
		{"A (2).jpg", []string{"A (2)", "A"}},
		{"A (2)_x.jpg", []string{"A (2)_x", "A (2)"}},
		{"A(2).jpg", []string{"A(2)"}},
		{"_A.jpg", []string{"_A"}},
		{" (1).jpg", []string{" (1)"}},
		{"A_.jpg", []string{"A_", "A"}},
		{"__.jpg", []string{"__", "_"}},
		{"AWB1.5_1.jpg", []string{"AWB1.5_1", "AWB1.5"}},
		{"noext", []string{"noext"}},
	}
	for _, c := range cases {
		if got := stems(c.file); !slices.Equal(got, c.want) {
			t.Errorf("stems(%q) = %q, want %q", c.file, got, c.want)
		}
	}
}

// TestNameMadeOfSeparators: a hostile name takes no more memory than any other, and belongs where any other would.
func TestNameMadeOfSeparators(t *testing.T) {
	name := strings.Repeat("_-", 120) + ".jpg"
	x := newIndex("")
	see := func(name string, state watcher.State) map[setKey]bool {
		return x.apply([]watcher.File{{Path: name, Changed: clock0, State: state}}, clock0)
	}
	see(name, watcher.Rest)
	if n := len(x.byStem) + len(x.wide); n != 1 {
		t.Errorf("%d entries are kept", n)
	}
	for _, c := range []struct {
		car  string
		want string
	}{{"_.json", "_"}, {strings.Repeat("_-", 60) + ".json", strings.Repeat("_-", 60)}} {
		see(c.car, watcher.Rest)
		if got := x.ownerOf(name); got != c.want || x.root[name].owner != got {
			t.Errorf("with %s it belongs to %q, and is in %q", c.car, got, x.root[name].owner)
		}
	}
	if touched := see(strings.Repeat("_-", 60)+".json", watcher.Gone); x.root[name].owner != "_" || !touched[setKey{"_", false}] {
		t.Errorf("without the longer sidecar it is in %q; touched %v", x.root[name].owner, touched)
	}
}

// TestMarkerOfASet: beside the set or in its folder, and never of another set.
func TestMarkerOfASet(t *testing.T) {
	cases := []struct {
		pattern string
		files   []string
		set     setKey
		want    string
	}{
		{"{name}.done", []string{"F/d.json", "F.done"}, setKey{"F", true}, "F.done"},
		{"{name}.done", []string{"F/d.json", "F/F.done"}, setKey{"F", true}, "F/F.done"},
		{"{name}.done", []string{"F/d.json", "F/F.done", "F.done"}, setKey{"F", true}, "F/F.done"},
		{"{name}.done", []string{"F/d.json", "F/deep/F.done"}, setKey{"F", true}, ""},
		{"{name}.done", []string{"F/d.json", "G.done"}, setKey{"F", true}, ""},
		{"{name}.done", []string{"S.json", "S.done"}, setKey{"S", false}, "S.done"},
		{"{name}.done", []string{"S.json", "S_1.done"}, setKey{"S", false}, ""},
		{"ok-{name}", []string{"S.json", "ok-S"}, setKey{"S", false}, "ok-S"},
		{"ready.txt", []string{"F/d.json", "F/ready.txt"}, setKey{"F", true}, "F/ready.txt"},
		{"ready.txt", []string{"F/d.json", "ready.txt"}, setKey{"F", true}, ""},
		{"", []string{"S.json", "S.done"}, setKey{"S", false}, ""},
	}
	for i, c := range cases {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			x := newIndex(c.pattern)
			for _, f := range c.files {
				touched := x.apply([]watcher.File{{Path: f, Changed: clock0, State: watcher.Rest}}, clock0)
				if f == c.want && !touched[c.set] {
					t.Errorf("nobody looks at %v when its marker %s comes", c.set, f)
				}
			}
			s, ok := x.get(c.set)
			if !ok || s.marker != c.want {
				t.Errorf("marker %q, want %q (set there: %v)", s.marker, c.want, ok)
			}
		})
	}
}

// TestMarkerForAllSets stands for what came before it, by either clock, and not for what came later.
func TestMarkerForAllSets(t *testing.T) {
	at := func(s int) time.Time { return clock0.Add(time.Duration(s) * time.Second) }
	marker := watcher.File{Path: "ready.txt", Changed: at(100), ModTime: at(100)}
	for _, c := range []struct {
		what          string
		seen, touched int
		want          string
	}{
		{"before", 90, 90, "ready.txt"},
		{"seen in the same look, touched after", 101, 105, "ready.txt"},
		{"seen later, as after a start, but touched before", 200, 99, "ready.txt"},
		{"later", 103, 103, ""},
		{"long after", 9000, 9000, ""},
	} {
		x := newIndex("ready.txt")
		car := watcher.File{Path: "S.json", Changed: at(c.seen), ModTime: at(c.touched), State: watcher.Rest}
		x.apply([]watcher.File{{Path: "S_1.jpg", Changed: at(1), ModTime: at(1), State: watcher.Rest}, car, marker}, at(c.seen))
		s, _ := x.get(setKey{"S", false})
		if s.marker != c.want {
			t.Errorf("a set that came %s: marker %q, want %q", c.what, s.marker, c.want)
		}
		x.list("S", []string{"S_1.jpg"}, at(9000), map[setKey]bool{})
		if s, _ := x.get(setKey{"S", false}); s.marker != "ready.txt" {
			t.Errorf("a set with a list that came %s: marker %q", c.what, s.marker)
		}
		x.list("S", nil, at(9000), map[setKey]bool{})
		again := marker
		again.Changed, again.ModTime = at(9001), at(9001)
		touched := x.apply([]watcher.File{again}, at(9001))
		if s, _ := x.get(setKey{"S", false}); s.marker != "ready.txt" || !touched[s.key] {
			t.Errorf("a set that came %s, with a new marker: %q, looked at %v", c.what, s.marker, touched[s.key])
		}
	}
}

// TestListTakesAndGivesBack: a listed file is its list's, whatever it is called, until the list says otherwise.
func TestListTakesAndGivesBack(t *testing.T) {
	x := newIndex("")
	put := func(names ...string) {
		for _, n := range names {
			x.apply([]watcher.File{{Path: n, Changed: clock0, State: watcher.Rest}}, clock0)
		}
	}
	put("P.json", "Q.json", "Q_1.jpg", "front.jpg")
	x.list("P", []string{"front.jpg", "Q_1.jpg", "later.jpg"}, clock0, map[setKey]bool{})
	put("later.jpg")
	want := map[setKey][]string{{"P", false}: {"P.json", "Q_1.jpg", "front.jpg", "later.jpg"}, {"Q", false}: {"Q.json"}}
	if got := groups(x); !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("listed: %v", got)
	}
	touched := map[setKey]bool{}
	x.list("P", []string{"front.jpg"}, clock0, touched)
	want = map[setKey][]string{{"P", false}: {"P.json", "front.jpg"}, {"Q", false}: {"Q.json", "Q_1.jpg"}, {"later", false}: {"later.jpg"}}
	if got := groups(x); !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("a shorter list: %v", got)
	}
	if !touched[setKey{"Q", false}] || !touched[setKey{"P", false}] || !touched[setKey{"later", false}] {
		t.Errorf("touched %v", touched)
	}
}

// TestSetKnowsWhenItChanged: coming to rest is no change; appearing, changing and going are.
func TestSetKnowsWhenItChanged(t *testing.T) {
	x := newIndex("")
	at := func(s int) time.Time { return clock0.Add(time.Duration(s) * time.Second) }
	steps := []struct {
		file watcher.File
		now  time.Time
		want time.Time
	}{
		{watcher.File{Path: "S/a.jpg", Changed: at(1)}, at(1), at(1)},
		{watcher.File{Path: "S/a.jpg", Changed: at(1), State: watcher.Rest}, at(3), at(1)},
		{watcher.File{Path: "S/b.jpg", Changed: at(4)}, at(4), at(4)},
		{watcher.File{Path: "S/c.jpg", Changed: at(2), State: watcher.Rest}, at(5), at(4)},
		{watcher.File{Path: "S/a.jpg", Changed: at(6), Size: 1}, at(6), at(6)},
		{watcher.File{Path: "S/c.jpg", State: watcher.Gone}, at(9), at(9)},
		{watcher.File{Path: "S/never.jpg", State: watcher.Gone}, at(12), at(9)},
	}
	for i, st := range steps {
		x.apply([]watcher.File{st.file}, st.now)
		s, _ := x.get(setKey{"S", true})
		if !s.changed.Equal(st.want) || !s.first.Equal(at(1)) {
			t.Errorf("step %d: changed %v, first %v", i, s.changed, s.first)
		}
	}
}
