package cli

import (
	"slices"
	"testing"

	"kurir/agent/journal"
	"kurir/agent/reason"
)

// TestFindingsHaveWords walks all codes: each says what is wrong and what to do, in both languages.
func TestFindingsHaveWords(t *testing.T) {
	a, _, _ := speaking()
	for _, code := range journal.FindingCodes() {
		var said []string
		for _, lang := range []reason.Language{reason.Indonesian, reason.English} {
			a.lang = lang
			what, remedy := a.findingWords(code)
			said = append(said, what, remedy)
		}
		slices.Sort(said)
		if said[0] == "" || len(slices.Compact(said)) != 4 {
			t.Errorf("%s: %q", code, said)
		}
	}
	if len(findings) != len(journal.FindingCodes()) {
		t.Errorf("%d findings have words, of %d", len(findings), len(journal.FindingCodes()))
	}
}
