package transport

import (
	"net/http"
	"testing"
	"time"
)

// FuzzRetryAfter: whatever a server writes, the wait is one that can be waited.
func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"", "0", "1", "-1", "1.5", "1e9", "99999999999999999999", "Wed, 21 Oct 2026 07:28:00 GMT", "Wednesday, 21-Oct-26 07:28:00 GMT",
		"Wed Oct 21 07:28:00 2026", "Fri, 31 Dec 9999 23:59:59 GMT", " 5 ", "5, 6", "\x00"} {
		f.Add(s)
	}
	now := time.Date(2026, 10, 21, 7, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, s string) {
		wait := retryAfter(http.Header{"Retry-After": {s}}, now)
		if wait < 0 || wait > 24*time.Hour {
			t.Errorf("%q is %v", s, wait)
		}
	})
}
