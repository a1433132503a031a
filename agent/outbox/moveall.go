package outbox

import (
	"fmt"
	"path/filepath"
)

// Pair is one file to move.
type Pair struct{ Src, Dst string }

// MoveAll moves files as Move does, in their order, and syncs each folder that takes some of them once, at the end. When
// it returns nil all of them are durably at their new places. What a power cut undoes of the rest is that a source may be
// there still, beside the same content at its new place or instead of it: moving again finishes.
func MoveAll(pairs []Pair) error {
	folders := make(map[string]bool)
	for _, p := range pairs {
		dir := filepath.Dir(p.Dst)
		if !folders[dir] {
			if err := makeFolder(dir); err != nil {
				return fmt.Errorf("make folder for %s: %w", p.Dst, err)
			}
			folders[dir] = true
		}
		if renameExclusive(p.Src, p.Dst) == nil {
			continue
		}
		if err := Move(p.Src, p.Dst); err != nil { // says what is wrong, or takes the long way across file systems
			return err
		}
	}
	for dir := range folders {
		if err := syncDir(dir); err != nil {
			return fmt.Errorf("sync %s: %w", dir, err)
		}
	}
	return nil
}
