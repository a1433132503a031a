package agent

import (
	"testing"
	"time"
)

func TestWhatIsLeftOfAPause(t *testing.T) {
	at := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	p := pause{URL: "u", Since: at, At: at.Add(time.Minute), Until: at.Add(time.Hour)}
	for name, tt := range map[string]struct {
		p    pause
		url  string
		now  time.Time
		want time.Duration
	}{
		"half":             {p, "u", at.Add(30 * time.Minute), 30 * time.Minute},
		"over":             {p, "u", at.Add(time.Hour), 0},
		"long over":        {p, "u", at.Add(9 * time.Hour), 0},
		"another api":      {p, "v", at, 0},
		"the clock back":   {p, "u", at.Add(-48 * time.Hour), 59 * time.Minute},
		"a year":           {pause{URL: "u", At: at, Until: at.AddDate(1, 0, 0)}, "u", at, 24 * time.Hour},
		"a year, and back": {pause{URL: "u", At: at, Until: at.AddDate(1, 0, 0)}, "u", at.AddDate(-1, 0, 0), 24 * time.Hour},
		"nothing":          {pause{}, "", at, 0},
	} {
		if got := tt.p.left(tt.url, tt.now); got != tt.want {
			t.Errorf("%s: %v is left, not %v", name, got, tt.want)
		}
	}
}
