package upload

import (
	"path"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// nameSet holds names of which one is found whatever the case of its letters.
type nameSet map[string]bool

// namesIn returns the names in a sidecar's list; nil for none.
func namesIn(list []string) nameSet {
	if len(list) == 0 {
		return nil
	}
	n := make(nameSet, len(list))
	for _, name := range list {
		n[foldCase(name)] = true
	}
	return n
}

// has reports whether a file is one of those a sidecar lists: by its path beside the sidecar, or by its name alone, since
// scanners write either; Unicode's composed and decomposed forms are the same, and so is the case of letters.
func (n nameSet) has(file, sidecar string) bool {
	if len(n) == 0 {
		return false
	}
	rel := beside(file, sidecar)
	return n[foldCase(rel)] || n[foldCase(path.Base(rel))]
}

// missing returns the listed names that are not there.
func missing(v verdict, s snapshot) []string {
	there := make(nameSet, len(s.files))
	for _, f := range s.files {
		if f.Path != v.sidecar.Path {
			rel := foldCase(beside(f.Path, v.sidecar.Path))
			there[rel], there[path.Base(rel)] = true, true
		}
	}
	var out []string
	for _, want := range v.list {
		if !there[foldCase(want)] {
			out = append(out, want)
		}
	}
	return out
}

// beside is a file's path relative to the folder of its sidecar, composed.
func beside(file, sidecar string) string {
	return norm.NFC.String(strings.TrimPrefix(file, strings.TrimSuffix(sidecar, path.Base(sidecar))))
}

// foldCase makes equal what strings.EqualFold finds equal.
func foldCase(s string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		return least
	}, s)
}
