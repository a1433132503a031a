package upload

import (
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"kurir/watcher"
)

// FuzzGroups: whatever files are called, each is in exactly one set, in that of the naive rule, and an inbox that was
// emptied leaves nothing behind.
func FuzzGroups(f *testing.F) {
	names, _ := inboxNames()
	f.Add(strings.Join(names, "\n"))
	for _, s := range []string{"A.json\nA_1.jpg\nA_1.json\nA_1_2.jpg", "a/x.json\na.json\na.jpg", "-.json\n--.jpg\n_-.png", "x\nx.json\nx (1).jpg\nx (.jpg", ".json\n.jpg", "é.json\ne\u0301_1.jpg",
		"A.Json\nA_", "A.json\nA" + strings.Repeat("_", 60) + ".jpg"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var files []string
		for n := range strings.SplitSeq(s, "\n") {
			if n != "" && len(n) < 200 && n == path.Clean(n) && !strings.HasPrefix(n, "/") && !strings.HasPrefix(n, "..") && n != "." && !ours(n) &&
				!strings.Contains(n, "\x00") && norm.NFC.IsNormalString(n) {
				files = append(files, n)
			}
		}
		slices.Sort(files)
		if files = slices.Compact(files); len(files) > 60 {
			return
		}
		x := newIndex("")
		apply := func(state watcher.State) {
			for _, n := range files {
				x.apply([]watcher.File{{Path: n, Size: 1, ModTime: clock0, Changed: clock0, State: state}}, clock0)
			}
		}
		apply(watcher.Rest)
		got := groups(x)
		for _, paths := range got {
			slices.Sort(paths)
		}
		if want := naiveGroups(files, nil, "", ""); !maps.EqualFunc(got, want, slices.Equal[[]string]) {
			t.Errorf("grouped as %v, want %v", got, want)
		}
		apply(watcher.Gone)
		if left := groups(x); len(left) > 0 || len(x.root) > 0 {
			t.Errorf("left behind: %v, %v", left, x.root)
		}
	})
}
