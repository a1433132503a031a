package config

import (
	"path"
	"slices"
	"strings"
	"time"
)

// leftAlone are the names that are left alone in every inbox, in small letters: see the contract, section 3.
var leftAlone = []string{
	".*", "*.tmp", "*.part", "*.partial", "*.crdownload", "*.filepart", "~*", "thumbs.db", "desktop.ini",
}

var imageExtensions = []string{".jpg", ".jpeg", ".png", ".gif", ".bmp", ".tif", ".tiff", ".webp"}

// validateMarker checks that a done marker is a file name that is seen and means nothing else.
func (r *reading) validateMarker(key string, in *Inbox) {
	marker := in.DoneMarker
	if marker == "" {
		return
	}
	const remedy = `write a file name such as "{name}.done", where {name} is the set's name`
	name := strings.ToLower(strings.ReplaceAll(marker, "{name}", "0-kurir-0"))
	ext := path.Ext(name)
	switch {
	case strings.ContainsAny(marker, `/\`):
		r.wrongValue(key, "holds a path", remedy+"; it is looked for beside the set and in its folder")
	case strings.ContainsAny(name, `{}<>:"|?*`), hasControl(name),
		strings.TrimRight(name, ". ") != name, strings.TrimSpace(name) != name:
		r.wrongValue(key, "is not the name of a file", remedy)
	case ext == ".json":
		r.wrongValue(key, "would be taken for a sidecar", remedy)
	case slices.Contains(imageExtensions, ext):
		r.wrongValue(key, "would be taken for an image", remedy)
	case matchesAny(leftAlone, name):
		r.wrongValue(key, "is like a temporary name, which is never looked at", remedy)
	case matchesAny(in.Ignore, name):
		r.wrongValue(key, "is left alone because of ignore", "write another name, or remove the pattern from ignore")
	}
}

// matchesAny compares a name in small letters with patterns in any.
func matchesAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		ok, err := path.Match(strings.ToLower(pattern), name)
		return err == nil && ok
	})
}

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
