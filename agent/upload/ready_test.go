package upload

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kurir/agent/reason"
	"kurir/watcher"
)

// The clock of these tests: files changed at clock0, settle is 10 s, patience 60 s.
func at(seconds int) time.Time { return clock0.Add(time.Duration(seconds) * time.Second) }

const (
	testSettle   = 10 * time.Second
	testPatience = 60 * time.Second
)

// judged is one look at a set of real files: what lies there and what is said of it.
type judged struct {
	name  string
	in    func(in *Inbox)
	files map[string]string // path -> content; a leading ! is a file that is still being written
	set   setKey
	now   int // seconds after the files changed

	ready   bool
	cause   reason.Code
	says    string   // in the cause or the note
	waiting []string // in any order
	again   int      // seconds; 0: only when something changes
	images  []string
	others  []string
}

// judge puts the files on the disk and has the set judged.
func (j judged) judge(t *testing.T) verdict {
	t.Helper()
	in := Inbox{Name: "lane", Root: t.TempDir(), Settle: testSettle, MinImages: 1}
	if j.in != nil {
		j.in(&in)
	}
	p := New(Options{Inboxes: []Inbox{in}, Patience: testPatience, Language: reason.English})
	q := p.inboxes["lane"]
	for name, content := range j.files {
		unsettled := strings.HasPrefix(content, "!")
		f := fileAt(t, in.Root, name, []byte(strings.TrimPrefix(content, "!")))
		if unsettled {
			f.State = watcher.Unsettled
		}
		q.idx.apply([]watcher.File{f}, clock0)
	}
	s, ok := q.idx.get(j.set)
	if !ok {
		t.Fatalf("no set %v", j.set)
	}
	v := q.judge(s, at(j.now))
	if v.listed && !j.set.folder && q.relist(j.set, v.list, at(j.now)) {
		s, _ = q.idx.get(j.set)
		v = q.judge(s, at(j.now))
	}
	return v
}

func paths(files []watcher.File) []string {
	var out []string
	for _, f := range files {
		out = append(out, f.Path)
	}
	slices.Sort(out)
	return out
}

func (j judged) check(t *testing.T, v verdict) {
	t.Helper()
	code, words := reason.Code(""), v.note
	if v.cause != nil {
		code, words = reason.Code(v.cause.Code), v.cause.Message
	}
	slices.Sort(v.waitingFor)
	slices.Sort(j.waiting)
	if v.ready != j.ready || code != j.cause || !slices.Equal(v.waitingFor, j.waiting) {
		t.Errorf("ready %v, cause %q, waiting for %q, in words %q", v.ready, code, v.waitingFor, words)
	}
	if !v.ready && words == "" {
		t.Error("it waits without a word")
	}
	if !strings.Contains(words, j.says) {
		t.Errorf("%q does not say %q", words, j.says)
	}
	if j.again != 0 && !v.again.Equal(at(j.again)) || j.again == 0 && !v.again.IsZero() {
		t.Errorf("looks again after %v", v.again.Sub(clock0))
	}
	if j.images != nil && !slices.Equal(paths(v.images), j.images) || j.others != nil && !slices.Equal(paths(v.others), j.others) {
		t.Errorf("images %q, others %q", paths(v.images), paths(v.others))
	}
}

func TestJudge(t *testing.T) {
	jpg, jpg2 := string(pictureAs(t, "jpeg", 1)), string(pictureAs(t, "jpeg", 2))
	cut := jpg[:len(jpg)-40]
	folder, stem := setKey{"S", true}, setKey{"S", false}
	marker := func(in *Inbox) { in.DoneMarker = "{name}.done" }
	min3 := func(in *Inbox) { in.MinImages = 3 }
	listed := with(`"images": ["a.jpg", "sub/b.jpg"]`)
	beside := with(`"images": ["front.jpg", "S_2.jpg"]`)
	alone := int(aloneAfter / time.Second)
	cases := []judged{
		// settle
		{name: "settle is not over", files: map[string]string{"S/d.json": goodSidecar, "S/a.jpg": jpg}, set: folder, now: 9, again: 10},
		{name: "settle is over", files: map[string]string{"S/d.json": goodSidecar, "S/a.jpg": jpg}, set: folder, now: 10, ready: true, images: []string{"S/a.jpg"}},
		{name: "a stem set", files: map[string]string{"S.json": goodSidecar, "S_1.jpg": jpg, "S (2).jpg": jpg2}, set: stem, now: 10, ready: true, images: []string{"S (2).jpg", "S_1.jpg"}},
		{name: "files deeper and other files", files: map[string]string{"S/d.json": goodSidecar, "S/x/y/a.jpg": jpg, "S/n.txt": "hello", "S/x/more.json": "{}"},
			set: folder, now: 10, ready: true, images: []string{"S/x/y/a.jpg"}, others: []string{"S/n.txt", "S/x/more.json"}},
		{name: "an image under any name", files: map[string]string{"S/d.json": goodSidecar, "S/a.dat": jpg}, set: folder, now: 10, ready: true, images: []string{"S/a.dat"}},
		{name: "an empty file that is not named like an image", files: map[string]string{"S/d.json": goodSidecar, "S/a.jpg": jpg, "S/flag": ""}, set: folder, now: 10, ready: true, others: []string{"S/flag"}},
		// at rest
		{name: "an image is being written", files: map[string]string{"S/d.json": goodSidecar, "S/a.jpg": jpg, "S/b.jpg": "!" + cut}, set: folder, now: 99, waiting: []string{"S/b.jpg"}, says: "b.jpg"},
		{name: "the sidecar is being written", files: map[string]string{"S/d.json": "!{", "S/a.jpg": jpg}, set: folder, now: 99, waiting: []string{"S/d.json"}, says: "d.json"},
		// min_images
		{name: "no image", files: map[string]string{"S/d.json": goodSidecar}, set: folder, now: 99, waiting: []string{"1 more image"}, again: alone},
		{name: "too few images", in: min3, files: map[string]string{"S/d.json": goodSidecar, "S/a.jpg": jpg}, set: folder, now: 99, waiting: []string{"2 more images"}, again: alone},
		{name: "enough images", in: min3, files: map[string]string{"S/d.json": goodSidecar, "S/a.jpg": jpg, "S/b.jpg": jpg2, "S/c.jpg": jpg}, set: folder, now: 10, ready: true},
		// a list
		{name: "a list is complete and does not wait for settle", files: map[string]string{"S/d.json": listed, "S/a.jpg": jpg, "S/sub/b.jpg": jpg2}, set: folder, now: 0, ready: true},
		{name: "a list by names alone", files: map[string]string{"S/d.json": with(`"images": ["A.JPG", "b.jpg"]`), "S/a.jpg": jpg, "S/sub/b.jpg": jpg2}, set: folder, now: 0, ready: true},
		{name: "a list is not complete", files: map[string]string{"S/d.json": listed, "S/a.jpg": jpg, "S/c.jpg": jpg2}, set: folder, now: 99, waiting: []string{"sub/b.jpg"}, says: "sub/b.jpg"},
		{name: "a listed image is being written", files: map[string]string{"S/d.json": listed, "S/a.jpg": "!" + cut, "S/sub/b.jpg": jpg}, set: folder, now: 99, waiting: []string{"S/a.jpg"}},
		{name: "an image that is not listed is being written", files: map[string]string{"S/d.json": listed, "S/a.jpg": jpg, "S/sub/b.jpg": jpg2, "S/c.jpg": "!"}, set: folder, now: 0, ready: true, images: []string{"S/a.jpg", "S/sub/b.jpg"}},
		{name: "another file that just came is being written", files: map[string]string{"S/d.json": listed, "S/a.jpg": jpg, "S/sub/b.jpg": jpg2, "S/n.txt": "!"}, set: folder, now: 9, waiting: []string{"S/n.txt"}, says: "n.txt", again: 10},
		{name: "another file is kept open", files: map[string]string{"S/d.json": listed, "S/a.jpg": jpg, "S/sub/b.jpg": jpg2, "S/n.txt": "!"}, set: folder, now: 10, ready: true, others: []string{}},
		{name: "a list stands above min_images", in: min3, files: map[string]string{"S/d.json": listed, "S/a.jpg": jpg, "S/sub/b.jpg": jpg2}, set: folder, now: 0, ready: true},
		{name: "a stem set's list takes any name", files: map[string]string{"S.json": beside, "front.jpg": jpg, "S_2.jpg": jpg2}, set: stem, now: 0, ready: true, images: []string{"S_2.jpg", "front.jpg"}},
		{name: "a listed file that is no image", files: map[string]string{"S/d.json": with(`"images": ["a.raw"]`), "S/a.raw": "raw"}, set: folder, now: 0, cause: reason.ImageInvalid, says: "a.raw"},
		// a marker
		{name: "no marker yet", in: marker, files: map[string]string{"S/d.json": goodSidecar, "S/a.jpg": jpg}, set: folder, now: 99, waiting: []string{"S.done"}, says: "S.done"},
		{name: "a marker beside, without settle", in: marker, files: map[string]string{"S/d.json": goodSidecar, "S/a.jpg": jpg, "S.done": ""}, set: folder, now: 0, ready: true},
		{name: "a marker inside is no file of the set", in: marker, files: map[string]string{"S/d.json": goodSidecar, "S/a.jpg": jpg, "S/S.done": "x"}, set: folder, now: 0, ready: true, others: []string{}},
		{name: "a marker of a stem set", in: marker, files: map[string]string{"S.json": goodSidecar, "S_1.jpg": jpg, "S.done": ""}, set: stem, now: 0, ready: true},
		{name: "a list without its marker", in: marker, files: map[string]string{"S/d.json": listed, "S/a.jpg": jpg, "S/sub/b.jpg": jpg2}, set: folder, now: 99, waiting: []string{"S.done"}},
		{name: "a marker although an image is being written", in: marker, files: map[string]string{"S/d.json": goodSidecar, "S/a.jpg": jpg, "S/b.jpg": "!", "S.done": ""}, set: folder, now: 99, waiting: []string{"S/b.jpg"}},
		{name: "a marker and no image", in: marker, files: map[string]string{"S/d.json": goodSidecar, "S.done": ""}, set: folder, now: 99, waiting: []string{"1 more image"}, again: alone},
		// sidecars
		{name: "two sidecars, perhaps one is on its way out", files: map[string]string{"S/d.json": goodSidecar, "S/e.json": goodSidecar, "S/a.jpg": jpg}, set: folder, now: 9, again: 10},
		{name: "two sidecars", files: map[string]string{"S/d.json": goodSidecar, "S/e.json": goodSidecar, "S/a.jpg": jpg}, set: folder, now: 10, cause: reason.SidecarInvalid, says: "d.json, e.json"},
		{name: "a sidecar in a folder below, where there is none above", files: map[string]string{"S/x/d.json": goodSidecar, "S/x/a.jpg": jpg}, set: folder, now: 10, ready: true},
		{name: "a bad sidecar", files: map[string]string{"S/d.json": "[]", "S/a.jpg": jpg}, set: folder, now: 10, cause: reason.SidecarInvalid, says: "d.json"},
		{name: "a sidecar that breaks off, for less than the patience", files: map[string]string{"S/d.json": goodSidecar[:30], "S/a.jpg": jpg}, set: folder, now: 59, waiting: []string{"S/d.json"}, again: 60},
		{name: "a sidecar that breaks off, for the patience", files: map[string]string{"S/d.json": goodSidecar[:30], "S/a.jpg": jpg}, set: folder, now: 60, cause: reason.SidecarInvalid, says: "breaks off"},
		{name: "an empty sidecar", files: map[string]string{"S/d.json": "", "S/a.jpg": jpg}, set: folder, now: 60, cause: reason.SidecarInvalid, says: "empty"},
		// broken images
		{name: "a cut image, for less than the patience", files: map[string]string{"S/d.json": goodSidecar, "S/a.jpg": cut}, set: folder, now: 59, waiting: []string{"S/a.jpg"}, again: 60},
		{name: "a cut image, for the patience", files: map[string]string{"S/d.json": goodSidecar, "S/a.jpg": cut}, set: folder, now: 60, cause: reason.ImageInvalid, says: "a.jpg breaks off"},
		{name: "an empty image, for less than the patience", files: map[string]string{"S/d.json": goodSidecar, "S/a.jpg": jpg, "S/b.jpg": ""}, set: folder, now: 30, waiting: []string{"S/b.jpg"}, again: 60},
		{name: "an empty image, for the patience", files: map[string]string{"S/d.json": goodSidecar, "S/a.jpg": jpg, "S/b.jpg": ""}, set: folder, now: 60, cause: reason.ImageInvalid, says: "b.jpg is empty"},
		{name: "a text named like an image", files: map[string]string{"S/d.json": goodSidecar, "S/a.jpg": jpg, "S/b.jpg": "hello"}, set: folder, now: 10, cause: reason.ImageInvalid, says: "b.jpg is no image"},
		{name: "a text named like an image in a list that is not complete", files: map[string]string{"S/d.json": listed, "S/a.jpg": "hello"}, set: folder, now: 99, waiting: []string{"sub/b.jpg"}},
		{name: "two broken images, both named", files: map[string]string{"S/d.json": goodSidecar, "S/a.jpg": "x", "S/b.png": ""}, set: folder, now: 60, cause: reason.ImageInvalid, says: "b.png is empty"},
		// partners
		{name: "an image alone", files: map[string]string{"S.jpg": jpg}, set: stem, now: 0, waiting: []string{"S.json"}, says: "S.json", again: 50},
		{name: "an image alone, later", files: map[string]string{"S.jpg": jpg}, set: stem, now: 51, waiting: []string{"S.json"}, again: alone},
		{name: "a folder without a sidecar", files: map[string]string{"S/a.jpg": jpg}, set: folder, now: 51, waiting: []string{"S/*.json"}, again: alone},
	}
	for _, c := range cases {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) { c.check(t, c.judge(t)) })
	}
}

// TestJudgeSaysNothingOfAMarkerAlone: it is no set.
func TestJudgeSaysNothingOfAMarkerAlone(t *testing.T) {
	j := judged{in: func(in *Inbox) { in.DoneMarker = "{name}.done" }, files: map[string]string{"S.done": ""}, set: setKey{"S", false}}
	if v := j.judge(t); v.ready || v.cause != nil || v.note != "" || v.orphan {
		t.Errorf("verdict %+v", v)
	}
}

// TestJudgeOfAFileThatIsNoLongerAsItWasSeen: the watcher will say more; nothing is concluded.
func TestJudgeOfAFileThatIsNoLongerAsItWasSeen(t *testing.T) {
	for _, change := range []func(name string) error{
		os.Remove,
		func(name string) error { return os.WriteFile(name, []byte("another content"), 0o644) },
	} {
		in := Inbox{Name: "lane", Root: t.TempDir(), Settle: testSettle, MinImages: 1}
		q := New(Options{Inboxes: []Inbox{in}, Patience: testPatience, Language: reason.English}).inboxes["lane"]
		image := fileAt(t, in.Root, "S/a.jpg", pictureAs(t, "jpeg", 1))
		q.idx.apply([]watcher.File{fileAt(t, in.Root, "S/d.json", []byte(goodSidecar)), image}, clock0)
		if err := change(filepath.Join(in.Root, "S", "a.jpg")); err != nil {
			t.Fatal(err)
		}
		s, _ := q.idx.get(setKey{"S", true})
		v := q.judge(s, at(99))
		if v.ready || v.cause != nil || !slices.Equal(v.waitingFor, []string{"S/a.jpg"}) || !v.again.After(at(99)) {
			t.Errorf("verdict %+v", v)
		}
	}
}

// TestJudgeReadsAFileOnce as long as it stays the same, and again when it changes.
func TestJudgeReadsAFileOnce(t *testing.T) {
	in := Inbox{Name: "lane", Root: t.TempDir(), Settle: testSettle, MinImages: 1}
	q := New(Options{Inboxes: []Inbox{in}, Patience: testPatience, Language: reason.English}).inboxes["lane"]
	car := fileAt(t, in.Root, "S/d.json", []byte(goodSidecar))
	image := fileAt(t, in.Root, "S/a.jpg", pictureAs(t, "jpeg", 1))
	q.idx.apply([]watcher.File{car, image}, clock0)
	look := func() verdict {
		s, _ := q.idx.get(setKey{"S", true})
		return q.judge(s, at(99))
	}
	if v := look(); !v.ready {
		t.Fatalf("verdict %+v", v)
	}
	for _, f := range []watcher.File{car, image} { // what is remembered needs no disk
		if err := os.Remove(filepath.Join(in.Root, filepath.FromSlash(f.Path))); err != nil {
			t.Fatal(err)
		}
	}
	if v := look(); !v.ready {
		t.Errorf("verdict %+v", v)
	}
	car = fileAt(t, in.Root, "S/d.json", []byte("[]"))
	car.Changed = at(20)
	q.idx.apply([]watcher.File{car}, at(20))
	if v := look(); v.cause == nil {
		t.Errorf("verdict %+v", v)
	}
}
