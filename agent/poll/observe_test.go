package poll

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Lists that could not be read are told of when it happens, and found again in the journal until one of the same name
// that can be read has come.
func TestRefusedLists(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var told []string
	r.edit = func(o *Options) {
		o.Now = time.Now // as the journal's
		o.ObserveList = func(e ListEvent) {
			if e.Inbox != "erp" || time.Since(e.At).Abs() > time.Hour {
				t.Errorf("told of %+v", e)
			}
			told = append(told, words(e))
		}
	}
	r.open()
	drop := func(name, content string) {
		t.Helper()
		if err := r.drop(name, content); err != nil {
			t.Fatal(err)
		}
	}
	drop("good.txt", car1)
	drop("cut.json", `["`+car1+`"`)
	drop("binary.csv", "\x7fELF\x02\x01\x01\x00\x00\x03\x00>\x00")
	drop("good.csv", "\x7fELF\x02\x01\x01\x00\x00\x03\x00>\x00") // a later one of a name that was good
	drop("cut.csv", "car\n"+car2)                                // corrected, and saved as another kind
	want := []string{"erp/good good", "erp/cut cut refused", "erp/binary binary refused", "erp/good~2 good refused", "erp/cut~2 cut"}
	if !slices.Equal(told, want) {
		t.Errorf("told of %q", told)
	}
	left := func(since time.Time) string {
		t.Helper()
		found, err := r.p.RefusedLists(t.Context(), since)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, e := range found {
			out = append(out, words(e))
		}
		slices.Sort(out)
		return strings.Join(out, ", ")
	}
	if got := left(time.Now().Add(-time.Hour)); got != "erp/binary binary refused, erp/good~2 good refused" {
		t.Errorf("found are %s", got)
	}
	if got := left(time.Now().Add(time.Hour)); got != "" {
		t.Errorf("later than all: %s", got)
	}
}

func words(e ListEvent) string {
	if e.Refused {
		return e.ID + " " + e.Name + " refused"
	}
	return e.ID + " " + e.Name
}

// A document comes to its end once, whatever becomes of its polls behind it.
func TestTheEndIsToldOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var mu sync.Mutex
	var ends []Event
	r.edit = func(o *Options) {
		o.Observe = func(e Event) {
			mu.Lock()
			defer mu.Unlock()
			if e.State == Done && e.Before != Done {
				ends = append(ends, e)
			}
		}
	}
	r.start()
	for i, tt := range []struct {
		status func(http.ResponseWriter, string)
		state  string
	}{
		{running("104"), Polling}, {running("800"), Done}, {code(500, `{"status":"error"}`), Retrying}, {running("800"), Done},
	} {
		r.server.set(tt.status, nil)
		r.clock.advance(testPace.TailEvery)
		if _, err := r.p.Add(t.Context(), "erp", car1, ""); err != nil {
			t.Fatal(err)
		}
		r.await(car1, tt.state, func(d Document) bool { return d.State == tt.state && d.Polls == i+1 })
	}
	mu.Lock()
	defer mu.Unlock()
	if len(ends) != 1 || ends[0].Before != Polling {
		t.Errorf("told of %+v", ends)
	}
}
