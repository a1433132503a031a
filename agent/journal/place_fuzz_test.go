package journal_test

import (
	"testing"

	"kurir/agent/journal"
)

// FuzzParsePlace: what is taken for a cursor is one that is given out again.
func FuzzParsePlace(f *testing.F) {
	for _, s := range []string{"", "AAAAAAAAAAAAAAAA", "AAAAAGkAAAAAAAAAbGFuZXxB", "////", "AAAA_-AA", "AAAAAAAAAAD/////YQ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := journal.ParsePlace(s)
		if err != nil {
			return
		}
		again, err := journal.ParsePlace(p.String())
		if err != nil || again != p {
			t.Errorf("%q is %+v, which is given out as %q: %+v, %v", s, p, p.String(), again, err)
		}
	})
}
