package poll

import (
	"errors"
	"testing"
	"time"

	"kurir/agent/journal"
)

func TestSettle(t *testing.T) {
	now := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	oops := &journal.Cause{Code: "server_error", Message: "HTTP 500"}
	failed := func(r result) result { r.err, r.cause = errors.New("x"), oops; return r }
	day := 24 * time.Hour
	tests := map[string]struct {
		rec   record
		r     result
		state journal.State
		label string
		code  string
		due   time.Duration
	}{
		"first, nothing":       {record{Since: now}, result{}, journal.Active, Polling, "", time.Minute},
		"no change":            {record{Since: now, Interval: 8 * time.Minute}, result{}, journal.Active, Polling, "", 16 * time.Minute},
		"at the longest":       {record{Since: now, Interval: 20 * time.Minute}, result{}, journal.Active, Polling, "", 30 * time.Minute},
		"change":               {record{Since: now, Interval: 20 * time.Minute}, result{changed: true}, journal.Active, Polling, "", time.Minute},
		"error":                {record{Since: now, Interval: time.Minute}, failed(result{}), journal.Active, Retrying, "server_error", 2 * time.Minute},
		"told to wait":         {record{Since: now}, failed(result{wait: time.Hour}), journal.Active, Retrying, "server_error", time.Hour},
		"told to wait less":    {record{Since: now, Interval: time.Minute}, failed(result{wait: time.Second}), journal.Active, Retrying, "server_error", 2 * time.Minute},
		"refused":              {record{Since: now}, failed(result{final: true}), journal.Failed, Failed, "server_error", 0},
		"done":                 {record{Since: now, Status: "800"}, result{changed: true, complete: true}, journal.Active, Done, "", day},
		"done, not complete":   {record{Since: now, Status: "800"}, result{changed: true}, journal.Active, Polling, "", time.Minute},
		"tail":                 {record{Since: now, Status: "800", DoneAt: now.Add(-30 * day)}, result{complete: true}, journal.Active, Done, "", day},
		"tail, error":          {record{Since: now, Status: "800", DoneAt: now.Add(-30 * day)}, failed(result{}), journal.Active, Retrying, "server_error", day},
		"tail, refused":        {record{Since: now, Status: "800", DoneAt: now.Add(-30 * day)}, failed(result{final: true}), journal.Active, Done, "server_error", day},
		"tail is over":         {record{Since: now, Status: "800", DoneAt: now.Add(-60 * day)}, result{complete: true}, journal.Done, Done, "", 0},
		"tail is over, error":  {record{Since: now, Status: "800", DoneAt: now.Add(-60 * day)}, failed(result{}), journal.Done, Done, "", 0},
		"back from the end":    {record{Since: now.Add(-90 * day), Status: "960", DoneAt: now.Add(-30 * day)}, result{changed: true, complete: true}, journal.Active, Polling, "", time.Minute},
		"expired":              {record{Since: now.Add(-30 * day), Status: "110"}, result{}, journal.Failed, Expired, "gave_up", 0},
		"expired, error":       {record{Since: now.Add(-30 * day)}, failed(result{}), journal.Failed, Expired, "gave_up", 0},
		"done at the last day": {record{Since: now.Add(-30 * day), Status: "120"}, result{complete: true}, journal.Active, Done, "", day},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.rec.Busy = now
			out := testPace.settle(&tt.rec, tt.r, now)
			code := ""
			if out.Cause != nil {
				code = out.Cause.Code
			}
			if out.State != tt.state || out.Label != tt.label || code != tt.code {
				t.Errorf("got %s, %s, %s", out.State, out.Label, code)
			}
			if out.State == journal.Active && !out.Due.Equal(now.Add(tt.due)) {
				t.Errorf("due after %v, want %v", out.Due.Sub(now), tt.due)
			}
			if !tt.rec.Busy.IsZero() {
				t.Error("still busy")
			}
		})
	}
}
