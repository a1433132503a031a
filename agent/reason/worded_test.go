package reason

import (
	"errors"
	"fmt"
	"testing"
)

// worded is an error as other packages make them.
type worded struct {
	key, english string
	about        []any
}

func (w worded) Error() string          { return fmt.Sprintf(w.english, w.about...) }
func (w worded) Parts() (string, []any) { return w.key, w.about }

func TestErrorsInWords(t *testing.T) {
	system := errors.New("no such host")
	dns := worded{"hint_dns", "%v (check the address and the DNS)", []any{system}}
	for _, c := range []struct {
		what            string
		err             error
		indonesian, eng string
	}{
		{"the system's", system, "no such host", "no such host"},
		{"ours", worded{"with_status", "%v, HTTP status %d", []any{worded{"bad_response", "bad response", nil}, 404}},
			"jawaban tidak dipahami, status HTTP 404", "bad response, HTTP status 404"},
		{"ours about the system's", worded{"because", "%v: %v", []any{"kirim", dns}},
			"kirim: no such host (periksa alamat server dan DNS)", "kirim: no such host (check the address and the DNS)"},
		{"nobody knows it", worded{"new", "what %v", []any{"now"}}, "what now", "what now"},
		{"ours inside of another's", fmt.Errorf("send: %w", dns), "send: no such host (check the address and the DNS)",
			"send: no such host (check the address and the DNS)"},
	} {
		if got := In(c.err, Indonesian); got != c.indonesian {
			t.Errorf("%s, in Indonesian: %q", c.what, got)
		}
		if got := In(c.err, English); got != c.eng {
			t.Errorf("%s, in English: %q", c.what, got)
		}
	}
	if got := GivenUp.With(3, dns).In(Indonesian); got != "dihentikan setelah 3 percobaan; yang terakhir: no such host (periksa alamat server dan DNS)" {
		t.Errorf("in a phrase: %q", got)
	}
}
