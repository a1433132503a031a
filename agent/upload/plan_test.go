package upload

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// waitingImage is an image that has been taken in and named by nobody yet.
func waitingImage(path, sha string) Image {
	return Image{Path: path, SHA256: sha, Size: 100, State: imageWaiting, Here: true}
}

func sentImage(path, name, sha string) Image {
	return Image{Path: path, Name: name, SHA256: sha, Size: 100, State: imageSent, Via: viaKirim}
}

// planned returns what plan made of images: the name each is sent under, or = and the name it is a duplicate of.
func planned(r *Record) []string {
	var out []string
	for _, im := range r.Images {
		switch im.State {
		case imageDuplicate:
			out = append(out, "="+im.Of)
		default:
			out = append(out, im.Name)
		}
	}
	return out
}

func TestPlan(t *testing.T) {
	cases := []struct {
		name   string
		images []Image
		others []*Record // of the same declaration
		want   []string
	}{
		{"names as they are", []Image{waitingImage("a.jpg", "1"), waitingImage("sub/b.png", "2")}, nil, []string{"a.jpg", "b.png"}},
		{"one name in two folders", []Image{waitingImage("x/a.jpg", "1"), waitingImage("y/a.jpg", "2"), waitingImage("z/A.JPG", "3")}, nil,
			[]string{"a.jpg", "a~2.jpg", "A~3.JPG"}},
		{"composed and decomposed", []Image{waitingImage("\u00e9.jpg", "1"), waitingImage("e\u0301.jpg", "2")}, nil, []string{"\u00e9.jpg", "\u00e9~2.jpg"}},
		{"names that servers do not take", []Image{waitingImage("CON.jpg", "1"), waitingImage("a:b.jpg", "2")}, nil, []string{"CON_.jpg", "a_b.jpg"}},
		{"equal content in the set", []Image{waitingImage("a.jpg", "1"), waitingImage("b.jpg", "1"), waitingImage("c.jpg", "2")}, nil,
			[]string{"a.jpg", "=a.jpg", "c.jpg"}},
		{"sent before in this set", []Image{sentImage("a.jpg", "a.jpg", "1"), waitingImage("again.jpg", "1"), waitingImage("a.jpg", "2")}, nil,
			[]string{"a.jpg", "=a.jpg", "a~2.jpg"}},
		{"sent before in another set", []Image{waitingImage("b.jpg", "1"), waitingImage("A.jpg", "2")},
			[]*Record{{Images: []Image{sentImage("a.jpg", "a.jpg", "1")}}}, []string{"=a.jpg", "A~2.jpg"}},
		{"waiting in another set", []Image{waitingImage("a.jpg", "1")},
			[]*Record{{Images: []Image{waitingImage("a.jpg", "1")}}}, []string{"a.jpg"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r, m := &Record{Images: c.images}, newMemory()
			for _, o := range c.others {
				m.learn(o, nil)
			}
			plan(r, m, nil)
			if got := planned(r); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestPlanLeavesTheOpenRequestAlone: its photos keep their names, and nobody else gets them.
func TestPlanLeavesTheOpenRequestAlone(t *testing.T) {
	mine := Image{Path: "x/a.jpg", Name: "a~7.jpg", SHA256: "1", State: imageWaiting, Here: true}
	r := &Record{Images: []Image{mine, waitingImage("a~7.jpg", "2")}}
	plan(r, newMemory(), &intent{note: note{Images: []int{0}, Names: []string{"a~7.jpg"}}})
	if got := planned(r); !slices.Equal(got, []string{"a~7.jpg", "a~7~2.jpg"}) || r.Images[0].State != imageWaiting {
		t.Errorf("got %q", got)
	}
	m := newMemory()
	m.learn(&Record{Images: []Image{{Name: "b.jpg", SHA256: "9", State: imageWaiting}}}, &intent{note: note{Images: []int{0}}})
	r = &Record{Images: []Image{waitingImage("B.jpg", "3"), waitingImage("c.jpg", "9")}}
	plan(r, m, nil)
	if got := planned(r); got[0] != "B~2.jpg" || r.Images[1].State != imageWaiting {
		t.Errorf("another set's open request: %q, %s", got, r.Images[1].State)
	}
}

// randomRecord makes a record and a memory that collide in names and contents.
func randomRecord(rnd *rand.Rand) (*Record, *memory) {
	names := []string{"a.jpg", "A.jpg", "x/a.jpg", "a~2.jpg", "A~2.JPG", "\u00e9.png", "e\u0301.png", "CON.jpg", "con_.jpg", strings.Repeat("n", 250) + ".jpg"}
	pick := func() (string, string) { return names[rnd.IntN(len(names))], fmt.Sprint(rnd.IntN(8)) }
	m := newMemory()
	other := &Record{}
	for i := range rnd.IntN(3) {
		_, sha := pick()
		other.Images = append(other.Images, sentImage("o", fmt.Sprintf("a~%d.jpg", i+2), sha))
	}
	m.learn(other, nil)
	r := &Record{}
	for range 1 + rnd.IntN(9) {
		p, sha := pick()
		im := waitingImage(p, sha)
		im.Size = int64(rnd.IntN(3000))
		im.Here = rnd.IntN(5) > 0
		r.Images = append(r.Images, im)
	}
	return r, m
}

// TestPlanKeepsNamesUniqueAndLosesNothing, whatever names and contents meet.
func TestPlanKeepsNamesUniqueAndLosesNothing(t *testing.T) {
	for seed := range uint64(1000) {
		r, m := randomRecord(rand.New(rand.NewPCG(seed, 1)))
		same, sameMemory := randomRecord(rand.New(rand.NewPCG(seed, 1)))
		plan(r, m, nil)
		plan(same, sameMemory, nil)
		if !reflect.DeepEqual(r, same) {
			t.Fatalf("seed %d: planned twice: %q and %q", seed, planned(r), planned(same))
		}
		again := &Record{Images: slices.Clone(r.Images)}
		plan(again, m, nil)
		if !reflect.DeepEqual(r, again) {
			t.Fatalf("seed %d: a plan of a plan: %q and %q", seed, planned(r), planned(again))
		}
		names, content := map[string]bool{}, map[string]int{}
		for n := range m.names {
			names[n] = true
		}
		for _, i := range r.pending() {
			im := r.Images[i]
			if im.Name == "" || names[foldName(im.Name)] {
				t.Fatalf("seed %d: name %q of %q", seed, im.Name, planned(r))
			}
			names[foldName(im.Name)] = true
			content[im.SHA256]++
		}
		for sha := range m.sent {
			content[sha]++
		}
		for _, im := range r.Images {
			if im.Here && content[im.SHA256] != 1 {
				t.Fatalf("seed %d: content %s is sent %d times: %q", seed, im.SHA256, content[im.SHA256], planned(r))
			}
			if im.State == imageDuplicate && !names[foldName(im.Of)] {
				t.Fatalf("seed %d: a duplicate of %q, which nobody sends: %q", seed, im.Of, planned(r))
			}
		}
	}
}

// TestBatchStaysBelowItsLimitsAndEnds: every image goes out in one request, in order, and no request is too large
// unless one image alone is.
func TestBatchStaysBelowItsLimitsAndEnds(t *testing.T) {
	for seed := range uint64(1000) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		r, m := randomRecord(rnd)
		plan(r, m, nil)
		r.PerBatch = rnd.IntN(4)
		in := Inbox{MaxImages: 1 + rnd.IntN(5), MaxBytes: int64(1 + rnd.IntN(6000))}
		want, turns := r.pending(), 0
		var got []int
		for next := batch(r, in); len(next) > 0; next = batch(r, in) {
			var bytes int64
			for _, i := range next {
				bytes += r.Images[i].Size
				r.Images[i].State = imageSent
			}
			if len(next) > in.MaxImages || r.PerBatch > 0 && len(next) > r.PerBatch || len(next) > 1 && bytes > in.MaxBytes {
				t.Fatalf("seed %d: %d images of %d bytes, limits %+v and %d", seed, len(next), bytes, in, r.PerBatch)
			}
			got = append(got, next...)
			if turns++; turns > len(want) {
				t.Fatalf("seed %d: no end", seed)
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d: sent %v, want %v", seed, got, want)
		}
	}
}
