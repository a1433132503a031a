package alarm

import (
	"slices"
	"strings"
	"testing"
	"time"

	"kurir/agent/reason"
)

// codes are the codes and subjects of conditions.
func codes(found []condition) []string {
	var out []string
	for _, c := range found {
		out = append(out, string(c.code)+" "+c.subject)
	}
	return out
}

func TestRules(t *testing.T) {
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	const gib = 1 << 30
	for _, c := range []struct {
		name  string
		facts Facts
		want  string
	}{
		{"nothing", Facts{Inboxes: []Inbox{{Name: "a"}}, APIs: []API{{Name: "t2g"}}, Disks: []Disk{{"/", 500 * gib, 1000 * gib}}}, ""},
		{"alone not long", Facts{Inboxes: []Inbox{{Name: "a", Alone: ago(15*time.Minute - 1)}}}, ""},
		{"alone", Facts{Inboxes: []Inbox{{Name: "a", Alone: ago(15 * time.Minute)}}}, "alone inbox a"},
		{"not late", Facts{Inboxes: []Inbox{{Name: "a", Late: ago(2*time.Hour - 1)}}}, ""},
		{"late", Facts{Inboxes: []Inbox{{Name: "a", Late: ago(2 * time.Hour)}}}, "late inbox a"},
		{"a blink", Facts{Inboxes: []Inbox{{Name: "a", Offline: ago(time.Minute - 1)}}}, ""},
		{"offline", Facts{Inboxes: []Inbox{{Name: "a", Offline: ago(time.Minute)}}}, "offline inbox a"},
		{"unwritable", Facts{Broken: []Broken{{"/out", ago(time.Minute), "read-only"}, {"/b", ago(time.Second), ""}}}, "unwritable folder /out"},
		{"refused", Facts{APIs: []API{{"t2g", true, now, reason.Forbidden}}}, "api_refused api t2g"},
		{"throttled", Facts{APIs: []API{{"t2g", true, ago(time.Minute), reason.ServerError}}}, ""},
		{"throttled for long", Facts{APIs: []API{{"t2g", true, ago(15 * time.Minute), reason.ServerError}}}, "api_paused api t2g"},
		{"low in GiB", Facts{Disks: []Disk{{"/", gib - 1, 10 * gib}}}, "disk_low disk /"},
		{"enough in GiB", Facts{Disks: []Disk{{"/", gib, 10 * gib}}}, ""},
		{"low in percent", Facts{Disks: []Disk{{"/", 4 * gib, 100 * gib}}}, "disk_low disk /"},
		{"a large disk", Facts{Disks: []Disk{{"/", 11 * gib, 4000 * gib}}}, ""},
		{"a small disk", Facts{Disks: []Disk{{"/", gib / 2, gib}}}, ""},
		{"a full small disk", Facts{Disks: []Disk{{"/", gib / 5, gib}}}, "disk_low disk /"},
		{"one disk, three folders", Facts{Disks: []Disk{{"/a", 100, 9 * gib}, {"/b", 108, 9 * gib}, {"/c", 0, 0}}}, "disk_low disk /a"},
		{"equal disks, one full", Facts{Disks: []Disk{{"/a", 8 * gib, 9 * gib}, {"/b", 0, 9 * gib}}}, "disk_low disk /b"},
		{"failed of old", Facts{Inboxes: []Inbox{{Name: "a", Failed: Ended{N: 9, Last: ago(25 * time.Hour)}}}}, ""},
		{"failed", Facts{Inboxes: []Inbox{{Name: "a", Failed: Ended{N: 1, First: ago(time.Hour), Last: ago(time.Hour)}}}}, "failures inbox a"},
		{"failed and tried again", Facts{Inboxes: []Inbox{{Name: "a", Failed: Ended{Last: ago(time.Hour)}}}}, ""},
		{"expired", Facts{Inboxes: []Inbox{{Name: "a", Expired: Ended{N: 1, First: ago(time.Hour), Last: ago(time.Hour)}}}}, "expired inbox a"},
		{"expired of old", Facts{Inboxes: []Inbox{{Name: "a", Expired: Ended{N: 1, Last: ago(24 * time.Hour)}}}}, ""},
		{"a list refused", Facts{Inboxes: []Inbox{{Name: "a", Refused: Ended{N: 1, First: now, Last: now}}}}, "list_refused inbox a"},
		{"a list replaced", Facts{Inboxes: []Inbox{{Name: "a", Refused: Ended{Last: now}}}}, ""},
	} {
		found := find(c.facts, now, func(Code, string) bool { return false }, nil)
		if got := strings.Join(codes(found), ", "); got != c.want {
			t.Errorf("%s: found %q, want %q", c.name, got, c.want)
		}
	}
	low := Facts{Disks: []Disk{{"/", gib + gib/20, 10 * gib}}}
	if got := find(low, now, func(Code, string) bool { return true }, nil); len(got) != 1 {
		t.Error("a disk that was low is well again at the first byte above the bound")
	}
}

// TestSilence goes through a day in Jakarta.
func TestSilence(t *testing.T) {
	jakarta := time.FixedZone("WIB", 7*3600)
	at := func(day int, clock string) time.Time {
		c, err := time.Parse("15:04", clock)
		if err != nil {
			t.Fatal(err)
		}
		return time.Date(2026, 3, day, c.Hour(), c.Minute(), 0, 0, jakarta)
	}
	day := func(now time.Time) (time.Time, bool) { // 06:00-22:00
		now = now.In(jakarta)
		return time.Date(now.Year(), now.Month(), now.Day(), 6, 0, 0, 0, jakarta), now.Hour() >= 6 && now.Hour() < 22
	}
	always := func(time.Time) (time.Time, bool) { return time.Time{}, true }
	for _, c := range []struct {
		name          string
		last, watched time.Time
		opened        func(time.Time) (time.Time, bool)
		now           time.Time
		want          bool
	}{
		{"a set came", at(2, "09:00"), at(1, "00:00"), day, at(2, "10:59"), false},
		{"none for two hours", at(2, "09:00"), at(1, "00:00"), day, at(2, "11:00"), true},
		{"outside of the hours", at(2, "09:00"), at(1, "00:00"), day, at(2, "23:00"), false},
		{"the hours have just begun", at(1, "21:00"), at(1, "00:00"), day, at(2, "07:59"), false},
		{"two hours into them", at(1, "21:00"), at(1, "00:00"), day, at(2, "08:00"), true},
		{"never any, just installed", time.Time{}, at(2, "09:00"), day, at(2, "10:59"), false},
		{"never any", time.Time{}, at(2, "09:00"), day, at(2, "11:00"), true},
		{"all day", at(1, "23:00"), at(1, "00:00"), always, at(2, "01:00"), true},
		{"another zone's clock", at(2, "09:00"), at(1, "00:00"), day, at(2, "11:00").UTC(), true},
	} {
		in := Inbox{Name: "a", LastArrival: c.last, Expect: &Expect{Every: 2 * time.Hour, Opened: c.opened}}
		look := func(in Inbox, started time.Time) []string {
			return codes(find(Facts{Started: started, Inboxes: []Inbox{in}}, c.now, func(Code, string) bool { return false },
				func(string) time.Time { return c.watched }))
		}
		got := look(in, c.now.Add(-time.Hour))
		if slices.Contains(got, "silent inbox a") != c.want {
			t.Errorf("%s: found %v", c.name, got)
		}
		if got := look(in, c.now.Add(-time.Minute)); len(got) > 0 {
			t.Errorf("%s: judged before the inbox was looked through: %v", c.name, got)
		}
		in.Offline = c.now
		if got := look(in, c.now.Add(-time.Hour)); slices.Contains(got, "silent inbox a") {
			t.Errorf("%s: silence of a folder that is offline", c.name)
		}
	}
}

// TestCatalogue reads every alarm as its receiver does, in both languages.
func TestCatalogue(t *testing.T) {
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	for _, code := range Codes() {
		for _, lang := range []reason.Language{reason.Indonesian, reason.English} {
			for _, doc := range []bool{false, true} {
				c := condition{code: code, since: now.Add(-26 * time.Hour), n: 3, example: "lane-1/A", why: reason.Forbidden,
					every: 90 * time.Minute, free: 300 << 20, doc: doc}
				text := c.texts(lang, time.UTC, now)
				for what, s := range map[string]string{"what": text.What, "who": text.Who, "do": text.Do, "over": text.Over} {
					if s == "" || strings.ContainsAny(s, "{}") || strings.Contains(s, "%") {
						t.Errorf("%s in %s, %s: %q", code, lang, what, s)
					}
				}
				if len(text.What)+len(text.Do) > 600 {
					t.Errorf("%s in %s is long: %s %s", code, lang, text.What, text.Do)
				}
				if !doc {
					t.Logf("%s: %s\n\t%s: %s\n\t%s", code, text.What, text.Who, text.Do, text.Over)
				}
			}
		}
		if Of(code, reason.Indonesian).What == Of(code, reason.English).What {
			t.Errorf("%s is not translated", code)
		}
	}
}
