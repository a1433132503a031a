package cli

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mattn/go-runewidth"

	"kurir/agent/control"
	"kurir/agent/reason"
)

// aBadDay is an agent with trouble of every kind.
func aBadDay(now time.Time, lang reason.Language) (control.Overview, stub) {
	wrong := func(code reason.Code, detail string) *control.Error {
		t := reason.Of(code, lang)
		return &control.Error{Code: string(code), Message: t.What + " (" + detail + ")", Action: t.Do, WhoActs: t.Who}
	}
	trouble := func(subject string, code reason.Code) control.Problem {
		t := reason.Of(code, lang)
		return control.Problem{Subject: subject, Code: string(code), Message: t.What, Action: t.Do, WhoActs: t.Who, Since: now.Add(-time.Hour)}
	}
	o := control.Overview{Running: true, Now: now, Version: "1.2.3", Since: now.Add(-80 * time.Hour),
		Problems: []control.Problem{trouble("inbox lane-2", reason.FolderOffline), trouble("api t2g", reason.Unauthorized)},
		APIs: []control.API{{Name: "beacukai", State: "ok", URL: "https://apis-gw.beacukai.go.id/openapi/cnpibk"},
			{Name: "t2g", State: "paused", URL: "https://t2g.example", Until: now.Add(time.Minute)}},
	}
	b := stub{overview: o}
	for i := range 3 {
		o.Inboxes = append(o.Inboxes, control.Inbox{Name: fmt.Sprint("lane-", i), Kind: "xray", Mode: "events", OldestWaiting: now.Add(-time.Hour),
			Counts: map[string]int{"waiting": 20, "retrying": 20, "sent": 123456, "failed": 20}})
	}
	for i := range 20 {
		id := fmt.Sprintf("lane-1/AWB-2026-%04d", i)
		b.sets = append(b.sets,
			control.Set{ID: id + "f", State: "failed", UpdatedAt: now.Add(-time.Duration(i) * time.Hour), Error: wrong(reason.SidecarInvalid, "set.json: kodeKantor")},
			control.Set{ID: id + "r", State: "retrying", NextAttemptAt: now.Add(time.Duration(20-i) * time.Minute), Error: wrong(reason.NotFound, "HTTP 404")},
			control.Set{ID: id + "w", State: "waiting", FirstSeenAt: now.Add(-time.Duration(i) * time.Hour), Note: "photos"})
	}
	b.overview = o
	return o, b
}

// Whatever is wrong, the status fits a terminal of 80 by 24 and says what failed, what is next and what waits longest.
func TestStatusFitsOneScreen(t *testing.T) {
	for _, lang := range []reason.Language{reason.English, reason.Indonesian} {
		a, out, _ := speaking()
		a.lang, a.width, a.height = lang, 80, 24
		now := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
		a.now, a.zone = func() time.Time { return now }, time.UTC
		_, b := aBadDay(now, lang)
		if err := a.status(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		if len(lines) > 23 {
			t.Errorf("%s: %d lines and a prompt", lang, len(lines))
		}
		for _, line := range lines {
			if runewidth.StringWidth(line) > 80 {
				t.Errorf("%s: too wide: %q", lang, line)
			}
		}
		for _, want := range []string{"1.2.3", "lane-2", "t2g", "10:01:00", "123456", "AWB-2026-0000f", "AWB-2026-0019r", "AWB-2026-0019w", "kodeKantor", reason.Of(reason.FolderOffline, lang).Do[:20]} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: %s is missing", lang, want)
			}
		}
		if t.Failed() {
			t.Log("\n" + out.String())
		}
	}
}

func TestStatusSaysWhetherItWorks(t *testing.T) {
	now := time.Now()
	for name, tc := range map[string]struct {
		overview control.Overview
		want     string
	}{
		"well":        {control.Overview{Running: true}, "all is well"},
		"stopped":     {control.Overview{}, "NOT RUNNING"},
		"problem":     {control.Overview{Running: true, Problems: []control.Problem{{Subject: "api t2g"}}}, "1 to attend to"},
		"alarm":       {control.Overview{Running: true, Alarms: []control.Problem{{Subject: "inbox lane-1"}}}, "1 to attend to"},
		"only failed": {control.Overview{Running: true, Inboxes: []control.Inbox{{Kind: "aju", Counts: map[string]int{"expired": 2}}}}, "2 failed"},
	} {
		t.Run(name, func(t *testing.T) {
			a, out, _ := speaking()
			tc.overview.Now = now
			if err := a.status(t.Context(), stub{overview: tc.overview}); err != nil {
				t.Fatal(err)
			}
			if head, _, _ := strings.Cut(out.String(), "\n"); !strings.Contains(head, tc.want) {
				t.Errorf("the first line is %q", head)
			}
		})
	}
}

func TestTablesFitTheTerminalAndAreWholeElsewhere(t *testing.T) {
	long := strings.Repeat("very ", 40) + "long"
	id := "lane-1/" + strings.Repeat("x", 40) + "宅配"
	for _, width := range []int{0, 40, 80, 200} {
		a, out, _ := speaking()
		a.width = width
		if err := a.table([][]string{{"ID", "STATE", "WHY"}, {id, "failed", long}, {"b", "sent", ""}}); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			if w := runewidth.StringWidth(strings.TrimSuffix(line, "\n")); width > 0 && w > width {
				t.Errorf("width %d: a line of %d: %q", width, w, line)
			}
		}
		if whole := strings.Contains(out.String(), long) && strings.Contains(out.String(), id); whole != (width == 0) {
			t.Errorf("width %d: whole is %v\n%s", width, whole, out)
		}
	}
}

func TestTimesForPeopleAndForPrograms(t *testing.T) {
	a := newApp(Process{Stdout: &bytes.Buffer{}, Stderr: &bytes.Buffer{}})
	now := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	a.zone, a.now, a.lang = time.FixedZone("WIB", 7*3600), func() time.Time { return now }, reason.Indonesian
	if got := a.clock(now); got != "2026-03-01 17:00:00" {
		t.Errorf("for programs: %s", got)
	}
	a.width = 80
	if got := a.clock(now) + "|" + a.clock(now.Add(-24*time.Hour)) + "|" + a.clock(time.Time{}); got != "17:00:00|2026-02-28 17:00|" {
		t.Errorf("for people: %s", got)
	}
	for d, want := range map[time.Duration]string{-time.Second: "0 detik", 59 * time.Second: "59 detik", 61 * time.Minute: "1 jam 1 menit", 49 * time.Hour: "2 hari"} {
		if got := a.span(d); got != want {
			t.Errorf("%v: %s", d, got)
		}
	}
}
