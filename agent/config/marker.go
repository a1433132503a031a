package config

import (
	"path"
	"slices"
	"strings"
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
