package journal

import (
	"slices"
	"testing"
	"time"
)

func TestPlacesAreInOrderAndSurviveTheirCursor(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	order := []Place{{at.Add(time.Nanosecond), "a"}, {at, "b"}, {at, "a"}, {at, ""}, {at.Add(-time.Hour), "é/|x"}}
	shuffled := []Place{order[3], order[0], order[4], order[2], order[1]}
	slices.SortFunc(shuffled, Place.Compare)
	if !slices.Equal(shuffled, order) {
		t.Errorf("order %v", shuffled)
	}
	for i, p := range order {
		if got, err := ParsePlace(p.String()); err != nil || got != p {
			t.Errorf("%v became %v, %v", p, got, err)
		}
		for j, q := range order {
			if p.Holds(q) != (j > i) {
				t.Errorf("%v holds %v: %v", p, q, p.Holds(q))
			}
		}
		if !(Place{}).Holds(p) {
			t.Errorf("the beginning does not hold %v", p)
		}
	}
	if got, err := ParsePlace(""); err != nil || got != (Place{}) || got.String() != "" {
		t.Errorf("no cursor: %v, %v", got, err)
	}
	for _, bad := range []string{"x", "!!!", "AAAA", "ÿ"} {
		if _, err := ParsePlace(bad); err == nil {
			t.Errorf("%q is taken for a cursor", bad)
		}
	}
}
