package upload_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"kurir/agent/journal"
	"kurir/agent/simulator"
	"kurir/agent/upload"
)

// Sets that were sent, that failed and that only wait make one listing, page by page, the latest change first; no page
// size loses or repeats one.
func TestPagesOfSets(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.in.MinImages = 1
	r.start()
	for i := range 5 {
		r.drop(fmt.Sprintf("S%d", i), map[string][]byte{"d.json": side(fmt.Sprintf("SENT%d", i)).json(), "a.jpg": jpg(i)})
		r.drop(fmt.Sprintf("W%d", i), map[string][]byte{"d.json": side(fmt.Sprintf("WAIT%d", i), "late.jpg").json()})
		r.await(fmt.Sprintf("S%d", i), upload.StateSent)
		r.await(fmt.Sprintf("W%d", i), upload.StateWaiting)
	}
	r.drop("BAD", map[string][]byte{"d.json": []byte(`{"nomorAju": "X"}`), "a.jpg": jpg(9)})
	r.await("BAD", upload.StateFailed)
	r.until("the last job is settled", func() bool {
		jobs, err := r.store.List(t.Context(), journal.Filter{Kind: journal.Xray, State: journal.Active})
		return err == nil && len(jobs) == 0
	})

	all := pagesOf(t, r, upload.Query{})
	if len(all) != 11 || all[0] != "lane-1/BAD" {
		t.Fatalf("the whole listing is %q", all)
	}
	for limit := 1; limit <= 12; limit++ {
		if got := pagesOf(t, r, upload.Query{Limit: limit}); !slices.Equal(got, all) {
			t.Errorf("in pages of %d: %q, want %q", limit, got, all)
		}
	}
	for search, want := range map[string]int{"": 11, "sent": 5, "lane-1/w": 5, "AWBsent3": 1, "bad": 1, "nothing": 0} {
		if got := pagesOf(t, r, upload.Query{Search: search, Limit: 2}); len(got) != want {
			t.Errorf("search %q finds %q", search, got)
		}
	}
	waiting := pagesOf(t, r, upload.Query{State: upload.StateWaiting, Limit: 2})
	if len(waiting) != 5 || slices.ContainsFunc(waiting, func(id string) bool { return !strings.HasPrefix(id, "lane-1/W") }) {
		t.Errorf("waiting: %q", waiting)
	}
	if got := pagesOf(t, r, upload.Query{Inbox: "lane-2"}); len(got) != 0 {
		t.Errorf("of another inbox: %q", got)
	}
}

// pagesOf are the ids of all pages.
func pagesOf(t *testing.T, r *rig, q upload.Query) []string {
	t.Helper()
	ids := []string{}
	last := time.Time{}
	for range 100 {
		sets, next, err := r.p.Sets(t.Context(), q)
		must(t, err)
		for _, st := range sets {
			if !last.IsZero() && st.UpdatedAt.After(last) {
				t.Errorf("%s changed later than the one before it", st.ID)
			}
			last = st.UpdatedAt
			ids = append(ids, st.ID)
		}
		if next == (journal.Place{}) {
			return ids
		}
		if q.Limit == 0 || len(sets) != q.Limit {
			t.Errorf("a page of %d although there are more", len(sets))
		}
		if q.After, err = journal.ParsePlace(next.String()); err != nil || q.After.Compare(next) != 0 {
			t.Fatalf("cursor %q becomes %v, %v", next.String(), q.After, err)
		}
	}
	t.Fatal("no end")
	return nil
}

func TestOutcomes(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.start()
	began := time.Now()
	r.drop("A", map[string][]byte{"d.json": side("A").json(), "a.jpg": jpg(1)})
	st := r.await("A", upload.StateSent)
	r.drop("BAD", map[string][]byte{"d.json": []byte(`{"nomorAju": "X"}`), "a.jpg": jpg(9)})
	r.await("BAD", upload.StateFailed)
	r.drop("W", map[string][]byte{"d.json": side("W", "late.jpg").json()})
	r.await("W", upload.StateWaiting)
	var all []upload.Outcome
	r.until("both have ended", func() bool {
		all = nil
		must(t, r.p.Outcomes(t.Context(), began, func(o upload.Outcome) { all = append(all, o) }))
		return len(all) == 2
	})
	if !all[0].Failed || all[1].Failed || !all[1].At.Truncate(time.Millisecond).Equal(st.SentAt) ||
		all[1].Took <= 0 || (all[1].Took-st.SentAt.Sub(st.FirstSeenAt)).Abs() > time.Millisecond { // the status has milliseconds
		t.Errorf("outcomes are %+v of %+v", all, st)
	}
	must(t, r.p.Outcomes(t.Context(), time.Now(), func(o upload.Outcome) { t.Errorf("since now: %+v", o) }))
}
