package config

import (
	"strings"
	"time"
)

func (r *reading) validateExpect(key string, e *Expect) {
	if !r.given(key + ".every") {
		r.wrong(key+".every", "is missing", "write how long a scanner may be silent, such as 2h")
	} else {
		r.positive(key+".every", e.Every, "write how long a scanner may be silent, such as 2h")
	}
	if _, _, ok := e.hours(); !ok {
		r.wrongValue(key+".between", "is not a time of day to another",
			`write one such as "06:00-22:00", over midnight as "22:00-06:00", or remove the line for the whole day`)
	}
}

// Within reports whether a delivery is expected at the time of day that t shows in its own zone. The first minute of
// Between belongs to it, the last does not; without Between every time does.
func (e *Expect) Within(t time.Time) bool {
	from, to, ok := e.hours()
	now := time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
	switch {
	case !ok || from == to:
		return true
	case from < to:
		return from <= now && now < to
	default:
		return from <= now || now < to
	}
}

// Opened reports whether a delivery is expected at t, by the clock of t's own zone, and since when without a break: zero
// where it always is.
func (e *Expect) Opened(t time.Time) (since time.Time, open bool) {
	from, to, _ := e.hours()
	if from == to || !e.Within(t) {
		return time.Time{}, e.Within(t)
	}
	y, m, d := t.Date()
	if from > to && t.Hour()*60+t.Minute() < int(from/time.Minute) {
		d-- // it began before midnight
	}
	return time.Date(y, m, d, int(from/time.Hour), int(from/time.Minute)%60, 0, 0, t.Location()), true
}

// hours reads Between as times since midnight; equal ones are the whole day. It returns false for anything else.
func (e *Expect) hours() (from, to time.Duration, ok bool) {
	if e.Between == "" {
		return 0, 0, true
	}
	first, last, found := strings.Cut(strings.ReplaceAll(e.Between, " ", ""), "-")
	from, okFrom := timeOfDay(first)
	to, okTo := timeOfDay(last)
	return from, to, found && okFrom && okTo && from != to && from != day
}

// timeOfDay reads HH:MM, up to 24:00.
func timeOfDay(text string) (time.Duration, bool) {
	if text == "24:00" {
		return day, true
	}
	t, err := time.Parse("15:04", text)
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, err == nil && len(text) == 5
}
