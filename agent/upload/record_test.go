package upload

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"kurir/agent/journal"
)

// stepOf makes a step as it stands in the journal.
func stepOf(name string, at int, n note) journal.Step {
	b, err := json.Marshal(n)
	if err != nil {
		panic(err)
	}
	return journal.Step{Name: name, At: clock0.Add(time.Duration(at) * time.Second), Note: b}
}

// jobOf makes a job of a record and steps.
func jobOf(r *Record, steps ...journal.Step) journal.Job {
	return journal.Job{ID: "lane/S", Data: r.encode(), Steps: steps}
}

func states(r *Record) string {
	out := ""
	for _, im := range r.Images {
		out += fmt.Sprintf("%s/%s/%s ", im.Name, im.State, im.Via)
	}
	return out
}

func TestLoadFoldsTheSteps(t *testing.T) {
	intent12 := stepOf(stepIntent, 1, note{Op: viaKirim, Images: []int{0, 1}, Names: []string{"a", "b"}})
	answer12 := stepOf(stepAnswer, 2, note{Op: viaKirim, Images: []int{0, 1}, Names: []string{"a", "b"}, Raw: json.RawMessage(`{"n":1}`)})
	cases := []struct {
		name     string
		steps    []journal.Step
		states   string
		open     bool
		openAt   int
		response string
	}{
		{"nothing yet", nil, "/waiting/ /waiting/ /waiting/ ", false, 0, ""},
		{"an intent", []journal.Step{intent12}, "a/waiting/ b/waiting/ /waiting/ ", true, 1, ""},
		{"answered", []journal.Step{intent12, answer12}, "a/sent/kirim b/sent/kirim /waiting/ ", false, 0, `{"n":1}`},
		{"void", []journal.Step{intent12, stepOf(stepVoid, 2, note{Raw: json.RawMessage(`{"n":2}`)})}, "a/waiting/ b/waiting/ /waiting/ ", false, 0, `{"n":2}`},
		{"unknown", []journal.Step{intent12, stepOf(stepUnknown, 5, note{})}, "a/waiting/ b/waiting/ /waiting/ ", true, 5, ""},
		{"unknown, then listed in part", []journal.Step{intent12, stepOf(stepUnknown, 5, note{}),
			stepOf(stepListing, 6, note{Op: viaGet, Images: []int{1}, Names: []string{"b"}, Raw: json.RawMessage(`{"n":3}`)})},
			"a/waiting/ b/sent/get /waiting/ ", false, 0, `{"n":3}`},
		{"listed without any", []journal.Step{intent12, stepOf(stepListing, 6, note{Op: viaGet, Raw: json.RawMessage(`{"n":4}`)})},
			"a/waiting/ b/waiting/ /waiting/ ", false, 0, `{"n":4}`},
		{"answered, then an add", []journal.Step{intent12, answer12, stepOf(stepIntent, 3, note{Op: viaAdd, Images: []int{2}, Names: []string{"c"}})},
			"a/sent/kirim b/sent/kirim c/waiting/ ", true, 3, `{"n":1}`},
		{"what was confirmed once stays so", []journal.Step{intent12, answer12, stepOf(stepListing, 9, note{Op: viaGet, Images: []int{0}, Names: []string{"a"}})},
			"a/sent/kirim b/sent/kirim /waiting/ ", false, 0, `{"n":1}`},
		{"a move and a reopening settle nothing", []journal.Step{intent12, stepOf(stepMove, 2, note{}), stepOf(stepReopen, 3, note{})},
			"a/waiting/ b/waiting/ /waiting/ ", true, 1, ""},
		{"images that the record does not have", []journal.Step{stepOf(stepAnswer, 1, note{Op: viaKirim, Images: []int{0, 7}, Names: []string{"a"}})},
			"a/sent/kirim /waiting/ /waiting/ ", false, 0, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			blank := Image{State: imageWaiting}
			r, open, err := load(jobOf(&Record{Images: []Image{blank, blank, blank}}, c.steps...))
			if err != nil {
				t.Fatal(err)
			}
			if got := states(r); got != c.states || string(r.Response) != c.response {
				t.Errorf("%s, response %s", got, r.Response)
			}
			if (open != nil) != c.open || open != nil && !open.at.Equal(clock0.Add(time.Duration(c.openAt)*time.Second)) {
				t.Errorf("open intent %+v", open)
			}
		})
	}
}

func TestLoadRefusesWhatItCannotRead(t *testing.T) {
	if _, _, err := load(journal.Job{ID: "x", Data: json.RawMessage(`[]`)}); err == nil {
		t.Error("a record that is none")
	}
	bad := journal.Step{Name: stepAnswer, Note: json.RawMessage(`[`)}
	if _, _, err := load(jobOf(&Record{}, bad)); err == nil {
		t.Error("a step that is none")
	}
}

// TestRecordWrittenBetweenTwoSteps: the journal may hold a record that knows the first steps already, and steps that
// are folded again. It makes no difference where that was, nor how often.
func TestRecordWrittenBetweenTwoSteps(t *testing.T) {
	for seed := range uint64(40) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		blank := &Record{}
		for i := range 4 {
			blank.Images = append(blank.Images, Image{Path: fmt.Sprint(i), State: imageWaiting, Here: true})
		}
		steps := randomSteps(rnd)
		want, wantOpen, err := load(jobOf(blank, steps...))
		if err != nil {
			t.Fatal(err)
		}
		for cut := range len(steps) + 1 {
			known, open, err := load(jobOf(blank, steps[:cut]...))
			if err != nil {
				t.Fatal(err)
			}
			twice, openTwice, err := load(jobOf(known, steps[:cut]...))
			if err != nil || !reflect.DeepEqual(twice, known) || !reflect.DeepEqual(openTwice, open) {
				t.Fatalf("seed %d: %d steps folded twice: %+v, not %+v; %v", seed, cut, twice, known, err)
			}
			got, gotOpen, err := load(jobOf(known, steps...))
			if err != nil || !reflect.DeepEqual(got, want) || !reflect.DeepEqual(gotOpen, wantOpen) {
				t.Fatalf("seed %d: written after %d of %d steps: %+v, not %+v; %v", seed, cut, len(steps), got, want, err)
			}
		}
	}
}

// randomSteps is a job's life: requests that are answered, refused, lost and asked about, under names that may change.
func randomSteps(rnd *rand.Rand) []journal.Step {
	var out []journal.Step
	add := func(name string, n note) { out = append(out, stepOf(name, len(out), n)) }
	for range 1 + rnd.IntN(6) {
		op, n := viaKirim, note{}
		if len(out) > 0 {
			op = viaAdd
		}
		for i := range 4 {
			if rnd.IntN(2) == 0 {
				n.Images, n.Names = append(n.Images, i), append(n.Names, fmt.Sprintf("%d~%d.jpg", i, rnd.IntN(2)))
			}
		}
		n.Op = op
		add(stepIntent, n)
		raw := json.RawMessage(fmt.Sprintf(`{"n":%d}`, len(out)))
		switch rnd.IntN(5) {
		case 0:
			n.Raw = raw
			add(stepAnswer, n)
		case 1:
			add(stepVoid, note{Raw: raw})
		case 2:
			add(stepUnknown, note{})
		case 3:
			add(stepUnknown, note{})
			k := rnd.IntN(len(n.Images) + 1)
			add(stepListing, note{Op: viaGet, Images: n.Images[:k], Names: n.Names[:k], Raw: raw})
		}
		if rnd.IntN(4) == 0 {
			add(stepReopen, note{})
		}
	}
	return out
}

// TestTakingASetUpAgain: confirmed images stay confirmed, the same file again after the set was sent is one more, and
// what is not there any more is not waited for.
func TestTakingASetUpAgain(t *testing.T) {
	cases := []struct {
		name  string
		state journal.State
		fresh []Image
		want  string
	}{
		{"the same files while it is under way", journal.Active, []Image{waitingImage("a", "1"), waitingImage("b", "2")}, "a:sent b:waiting"},
		{"one more file", journal.Active, []Image{waitingImage("a", "1"), waitingImage("b", "2"), waitingImage("c", "3")}, "a:sent b:waiting c:waiting"},
		{"a file was replaced", journal.Active, []Image{waitingImage("a", "1"), waitingImage("b", "9")}, "a:sent (b:waiting) b:waiting"},
		{"a file is gone", journal.Active, []Image{waitingImage("b", "2")}, "(a:sent) b:waiting"},
		{"back from failed/", journal.Failed, []Image{waitingImage("a", "1"), waitingImage("b", "2")}, "a:sent b:waiting"},
		{"the same again after it was sent", journal.Done, []Image{waitingImage("a", "1")}, "(a:sent) (b:waiting) a:waiting"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			old := &Record{Images: []Image{sentImage("a", "a", "1"), waitingImage("b", "2")}, Archive: "failed/S", Tries: 3}
			old.take(&Record{Images: slices.Clone(c.fresh), Sidecar: "S.json"}, c.state)
			got := ""
			for _, im := range old.Images {
				s := im.Path + ":" + im.State
				if !im.Here {
					s = "(" + s + ")"
				}
				got += s + " "
			}
			if got != c.want+" " {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if old.Archive != "" || old.Round != 1 || (old.Tries == 0) != (c.state != journal.Active) {
				t.Errorf("record %+v", old)
			}
		})
	}
}
