// Package private keeps folders and files to the account that uses them: what holds tokens, passwords and keys. On Windows,
// where a new folder has the rights of the one above it, that takes more than a mode.
//
// Besides the account itself the system and the administrators may read everything, as elsewhere root may.
package private

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// MakeFolder makes a folder for this account alone, and those above it for everyone. One that is there already is left as
// others have set it up.
func MakeFolder(dir string) error {
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		return fmt.Errorf("make folder: %s is a file", dir)
	}
	if err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	err = os.Mkdir(dir, 0o700)
	if errors.Is(err, fs.ErrExist) {
		return nil // made meanwhile by someone else
	}
	if err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	return Restrict(dir)
}
