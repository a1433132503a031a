package watcher

import (
	"path"
	"strings"
)

// unfinished are the endings of names that programs give to files they have not finished.
var unfinished = []string{".tmp", ".part", ".partial", ".crdownload", ".filepart"}

// Ignored says whether a file or folder of this name is to be left alone: it is hidden or temporary, belongs to a
// desktop, or matches one of the extra path.Match patterns. Letter case does not matter. An extra pattern that is
// malformed matches nothing.
func Ignored(name string, extra []string) bool {
	name = strings.ToLower(name)
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "~") {
		return true
	}
	if name == "thumbs.db" || name == "desktop.ini" {
		return true
	}
	for _, suffix := range unfinished {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	for _, pattern := range extra {
		if ok, err := path.Match(strings.ToLower(pattern), name); err == nil && ok {
			return true
		}
	}
	return false
}
