package control

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

func sample() *agentStub {
	at := time.Now().Add(-time.Minute)
	return &agentStub{
		overview: Overview{Version: "1.2.3", Since: at, Problems: []Problem{{Subject: "api beacukai", Code: "unauthorized"}}, Journal: Journal{Bytes: 5 << 20},
			Inboxes: []Inbox{{Name: "lane-1", Kind: "xray", Path: "/in", Mode: "poll", Why: "network share", OldestWaiting: at,
				Counts: map[string]int{"sent": 7, "failed": 1}, OfflineSince: at, Reason: "not mounted"}},
			APIs: []API{{Name: "beacukai", URL: "https://example/x", State: APIPaused, Code: "unauthorized", Message: "login refused", Until: at}}},
		sets: []Set{{ID: "lane-1/<script>alert(1)</script>", State: "failed", UpdatedAt: at,
			Error: &Error{Code: "sidecar_invalid", Message: "kodeKantor is missing", Action: "fill it in"}}},
		documents: []Document{{ID: "erp/0509", State: "polling", StatusUraian: "Billing", NextPollAt: at}},
	}
}

func TestPageSaysWhatIsWrong(t *testing.T) {
	r := serve(t, sample())
	status, body := r.request(t, "GET", "/?lang=en", "", nil)
	if status != http.StatusOK {
		t.Fatalf("status %d: %s", status, body)
	}
	for _, want := range []string{"Needs attention", "lane-1", "7 sent, 1 failed", "not mounted", "paused", "login refused",
		"sidecar_invalid", "kodeKantor is missing", "fill it in", "erp/0509", "Billing", "5.0 MiB", "&lt;script&gt;"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(body, "<script") || strings.Contains(body, r.o.Token) {
		t.Error("the page holds a script or the token")
	}
}

func TestPageLanguage(t *testing.T) {
	r := serve(t, sample())
	for _, tc := range []struct{ query, header, want string }{
		{"", "", "id"}, {"", "en-GB,en;q=0.9", "en"}, {"", "id", "id"}, {"", "fr-FR", "id"},
		{"?lang=en", "id", "en"}, {"?lang=id", "en", "id"}, {"?lang=zz", "en", "en"}, {"?lang=%00", "", "id"},
	} {
		_, body := r.request(t, "GET", "/"+tc.query, "", func(q *http.Request) { q.Header.Set("Accept-Language", tc.header) })
		if !strings.Contains(body, `<html lang="`+tc.want+`">`) {
			t.Errorf("%+v: another language", tc)
		}
	}
}

// A key of the page without words would leave a hole in it.
func TestPageHasWordsForAllItsKeys(t *testing.T) {
	for _, m := range regexp.MustCompile(`{{t "([a-z_]+)"}}`).FindAllStringSubmatch(pageSource, -1) {
		if text, ok := pageTexts[m[1]]; !ok || text[0] == "" || text[1] == "" {
			t.Errorf("no words for %q", m[1])
		}
	}
}

func TestAgo(t *testing.T) {
	now := time.Now()
	for d, want := range map[time.Duration]string{
		3 * time.Second: "3 s", 90 * time.Second: "1 m", 3*time.Hour + 5*time.Minute: "3 h 5 m", 72 * time.Hour: "3 d",
	} {
		if got := ago(now, now.Add(-d)); got != want {
			t.Errorf("%v is %q", d, got)
		}
	}
}
