package metrics

import (
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestLabelsAreBounded counts what a hostile server and a broken caller could bring, and what is unknown at the time of
// writing.
func TestLabelsAreBounded(t *testing.T) {
	m := New(Options{
		Inboxes: []Inbox{{Name: "lane-1"}, {Name: "erp", Aju: true}}, APIs: []API{{Name: "t2g", Endpoints: []string{"login"}}},
		Codes: []string{"disk"}, State: func() State { return State{} },
	})
	series := func() int {
		w := httptest.NewRecorder()
		m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
		return strings.Count(w.Body.String(), "\nkurir_")
	}
	count := func(from int) {
		for i := from; i < from+5000; i++ {
			text := strconv.Itoa(i)
			m.Request("t2g", "login", i, time.Second)
			m.Request("t2g", "path/"+text, 200, time.Second)
			m.SetFailed("lane-1", text)
			m.Retry("erp", text)
			m.Poll("erp", i%2 == 0, 1, text)
		}
	}
	count(-10)
	before := series()
	count(5000)
	if after := series(); after != before || after > 150 {
		t.Errorf("%d series, then %d", before, after)
	}
	for code, want := range map[int]string{0: "error", -1: "error", 200: "200", 206: "2xx", 418: "4xx", 503: "503", 599: "5xx", 600: "error"} {
		if got := codeLabel(code); got != want {
			t.Errorf("%d is shown as %s, want %s", code, got, want)
		}
	}
	m.SetSent("lane-1", 2, 1, 100, -time.Second) // a clock that was put back
}
