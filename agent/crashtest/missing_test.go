//go:build linux

package crashtest

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// missing says what is not yet as it has to be in the end of the story, "" when all is.
func (w *world) missing() string {
	return cmp.Or(w.missingSets(w.story.all()), w.missingLate(4), w.missingRefused(), w.missingCars(w.story.allCars()), w.missingLists())
}

// missingSets looks at the statuses of sets and into the inboxes.
func (w *world) missingSets(sets []set) string {
	for _, s := range sets {
		var st struct{ State, NomorAju string }
		want := map[string]string{"sent": "sent", "deleted": "sent", "failed": "failed", "retrying": "retrying"}[s.end]
		if s.lateFails {
			continue
		}
		if err := readJSON(filepath.Join(w.outbox(s.inbox), "status", s.name+".json"), &st); err != nil || st.State != want || st.NomorAju != s.aju {
			text, _ := os.ReadFile(filepath.Join(w.outbox(s.inbox), "status", s.name+".json")) // for people
			return fmt.Sprintf("%s is %q of %q, %v\n%s", s.name, st.State, st.NomorAju, err, text)
		}
	}
	for _, f := range visible(filepath.Join(w.dir, "in")) {
		waits := func(s set) bool { return s.end == "retrying" && strings.HasPrefix(f, s.inbox+"/"+s.name+"/") }
		if !slices.ContainsFunc(sets, waits) {
			return f + " is in the inbox"
		}
	}
	return ""
}

// missingRefused looks whether the late photo of the set "twice" has failed.
func (w *world) missingRefused() string {
	var st struct{ State string }
	if err := readJSON(filepath.Join(w.outbox("lane"), "status", "twice.json"), &st); err != nil || st.State != "failed" {
		return fmt.Sprintf("twice is %q, %v", st.State, err)
	}
	return ""
}

// missingLate looks whether the set "before" has so many photos.
func (w *world) missingLate(photos int) string {
	var st struct{ Images []struct{ State string } }
	err := readJSON(filepath.Join(w.outbox("lane"), "status", "before.json"), &st)
	if err != nil || len(st.Images) != photos || st.Images[photos-1].State != "sent" {
		return fmt.Sprintf("the late photo: %+v, %v", st, err)
	}
	return ""
}

func (w *world) missingCars(cars []string) string {
	for _, car := range cars {
		var st struct{ State string }
		if err := readJSON(filepath.Join(w.outbox("erp"), "documents", car, "status.json"), &st); err != nil || st.State != "done" {
			return fmt.Sprintf("%s is %q, %v", car, st.State, err)
		}
	}
	return ""
}

func (w *world) missingLists() string {
	for name, done := range map[string]int{"earlier": 1, "numbers": 3} {
		b, err := os.ReadFile(filepath.Join(w.outbox("erp"), "lists", name, "summary.csv"))
		if err != nil || bytes.Count(b, []byte(",done,")) != done {
			return fmt.Sprintf("the summary of %s is %q, %v", name, b, err)
		}
	}
	if _, err := os.Stat(filepath.Join(w.outbox("erp"), "lists", "broken", "error.json")); err != nil {
		return "the broken list: " + err.Error()
	}
	return ""
}
