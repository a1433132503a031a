package upload

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"kurir/agent/reason"
	"kurir/watcher"
)

// TestNamesOfAList are found as strings.EqualFold finds them one by one.
func TestNamesOfAList(t *testing.T) {
	words := []string{"a.jpg", "A.JPG", "b.jpg", "sub/c.jpg", "Sub/C.jpg", "caf\u00e9.jpg", "CAF\u00c9.jpg", "K.jpg", "\u212a.jpg", "k.jpg",
		"\u03c3.jpg", "\u03c2.jpg", "\u0130.jpg", "i.jpg", "I.jpg", "\u017f.jpg", "s.jpg", "stra\u00dfe", "STRASSE", "\u1e9e", "\u00df", "x\xff", "x\xfe"}
	for _, listed := range words {
		for _, file := range append(slices.Clone(words), norm.NFD.String("caf\u00e9.jpg")) {
			composed := norm.NFC.String(file)
			want := strings.EqualFold(listed, composed) || strings.EqualFold(listed, composed[strings.LastIndexByte(composed, '/')+1:])
			set := verdict{list: []string{listed}, names: namesIn([]string{listed}), sidecar: watcher.File{Path: "S/d.json"}}
			if got := set.names.has("S/"+file, "S/d.json"); got != want {
				t.Errorf("%q is listed as %q: %v", file, listed, got)
			}
			gone := missing(set, snapshot{files: []watcher.File{{Path: "S/d.json"}, {Path: "S/" + file}}})
			if (len(gone) == 0) != want {
				t.Errorf("with %q, of %q is missing %q", file, listed, gone)
			}
		}
	}
	if namesIn(nil).has("a.jpg", "S.json") || namesIn([]string{"a.jpg"}).has("", "") {
		t.Error("nothing lists, or is listed")
	}
}

// TestLongListCostsNoMoreThanItIsLong: what one look at a set costs grows with its list and its files, not with their product.
// All that is missing is named in the status; the sentence stays one.
func TestLongListCostsNoMoreThanItIsLong(t *testing.T) {
	cost := func(n int) uint64 {
		p := New(Options{Inboxes: []Inbox{{Name: "lane", Root: t.TempDir(), Settle: testSettle, MinImages: 1}}, Patience: testPatience,
			Language: reason.English})
		in := p.inboxes["lane"]
		var list []string
		files := []watcher.File{{Path: "S/d.json"}}
		for i := range n {
			list = append(list, fmt.Sprintf("\u00e9%06d.jpg", i))
			name := "S/" + norm.NFD.String(fmt.Sprintf("\u00c9%06d.jpg", n/2+i)) // the second half of them, and others
			files = append(files, watcher.File{Path: name, State: watcher.Rest, Changed: clock0})
		}
		s := snapshot{key: setKey{"S", true}, files: files, changed: clock0, first: clock0}
		v := verdict{sidecar: files[0], list: list, names: namesIn(list), listed: true}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		v = in.complete(v, s, found{unsettled: files[1:]}, at(60))
		runtime.ReadMemStats(&after)
		if len(v.waitingFor) != n || v.waitingFor[0] != list[0] || v.waitingFor[n/2-1] != list[n/2-1] {
			t.Errorf("of %d it waits for %d", n, len(v.waitingFor))
		}
		if !strings.HasSuffix(v.note, fmt.Sprintf(", and %d more", n/2-20)) || len(v.note) > 1000 {
			t.Errorf("it says %d bytes: %.100q", len(v.note), v.note)
		}
		return after.TotalAlloc - before.TotalAlloc
	}
	short, long := cost(400), cost(4000)
	if long > 20*short { // ten times, and how maps and slices grow; the product would be a hundred times
		t.Errorf("a list ten times as long costs %d bytes instead of %d", long, short)
	}
}
