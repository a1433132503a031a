package transport

import (
	"os"
	"path"
	"path/filepath"
	"time"
)

// sweep removes the files of a folder whose names have a pattern (path.Match), that have not changed for an age: what a
// process left that was killed. What cannot be removed is tried again at the next start.
func sweep(folder, pattern string, age time.Duration) {
	left, err := os.ReadDir(folder)
	if err != nil {
		return // nothing is there, or nothing can be done here
	}
	for _, d := range left {
		if named, _ := path.Match(pattern, d.Name()); !named || !d.Type().IsRegular() {
			continue
		}
		if info, err := d.Info(); err == nil && time.Since(info.ModTime()) >= age {
			_ = os.Remove(filepath.Join(folder, d.Name()))
		}
	}
}
