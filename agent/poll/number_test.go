package poll

import (
	"strings"
	"testing"

	"kurir/agent/reason"
)

func TestRejections(t *testing.T) {
	tests := map[string]struct {
		value, want string // want is part of the English reason
	}{
		"short":          {"ABC", "3 characters"},
		"long":           {car1 + "9", "27 characters"},
		"zeros lost":     {strings.TrimLeft(car1, "0"), "25 digits instead of 26; a spreadsheet has probably dropped the zeros"},
		"scientific":     {"5.08E+25", "scientific"},
		"with comma":     {"'5,08e+25", "scientific"},
		"unrounded":      {"5.0800000002202402E+25", "scientific"},
		"full width":     {"０５080000000220240228000822", "ASCII"},
		"arabic":         {"٠٥080000000220240228000822", "ASCII"},
		"letter":         {"é5080000000220240228000822", `"é"`},
		"slash":          {"../../etc/passwd", `"/"`},
		"control":        {"0508\x07", "character"},
		"only fillers":   {"---", "no Aju number"},
		"long and wrong": {strings.Repeat("9", 500), "500 characters"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := parseBytes(t, "a.tsv", []byte("car\n"+tt.value))
			if err != nil || len(got) != 1 {
				t.Fatalf("got %v, %v", got, err)
			}
			e := got[0]
			if e.CAR != "" || !strings.Contains(e.Reason(reason.English), tt.want) {
				t.Errorf("got car %q, reason %q; want %q", e.CAR, e.Reason(reason.English), tt.want)
			}
			if e.Reason(reason.Indonesian) == e.Reason(reason.English) {
				t.Errorf("no Indonesian words for %s", e.Why)
			}
			if len([]rune(e.Value)) > maxValue+3 || strings.ContainsFunc(e.Value, func(r rune) bool { return r < ' ' }) {
				t.Errorf("value %q is not bounded and printable", e.Value)
			}
		})
	}
}

// The 26 characters of a valid number may look like scientific notation.
func TestNumberWithE(t *testing.T) {
	for _, car := range []string{"0508000000022024E228000822", "05080000000220240228000E22"} {
		if got, why, _ := parseNumber(car); got != car {
			t.Errorf("%s: rejected with %s", car, why)
		}
	}
}
