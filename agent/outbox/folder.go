package outbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// RemoveEmpty removes the empty folders below dir, then dir itself and the folders above it, up to but never
// including stop, as long as they are empty. Whatever is not a folder stays, and with it the folders that it is
// in: that is no error, and neither is a dir that is not there. Nothing is synced: an empty folder that a power cut brings
// back harms nobody. dir must lie below stop.
func RemoveEmpty(dir, stop string) error {
	rel, err := filepath.Rel(stop, dir)
	if err != nil || !filepath.IsLocal(rel) || rel == "." {
		return fmt.Errorf("remove empty folders: %s is not below %s", dir, stop)
	}
	if err = removeFolder(dir); isNotEmpty(err) { // as a rule it is empty, and need not be read
		left, below := removeEmptyBelow(dir)
		if below == nil && left > 0 {
			return nil
		}
		if err = below; err == nil {
			err = removeFolder(dir)
		}
	}
	for rel = filepath.Dir(rel); err == nil && rel != "."; rel = filepath.Dir(rel) {
		err = removeFolder(filepath.Join(stop, rel))
	}
	if err != nil && !isNotEmpty(err) {
		return fmt.Errorf("remove empty folders: %w", err)
	}
	return nil
}

// removeEmptyBelow removes the empty folders in dir, at any depth, and says how many entries stay in dir.
func removeEmptyBelow(dir string) (left int, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	for _, e := range entries {
		if !e.IsDir() {
			left++
			continue
		}
		path := filepath.Join(dir, e.Name())
		below, err := removeEmptyBelow(path)
		if err != nil {
			return 0, err
		}
		if below == 0 {
			err = removeFolder(path)
		}
		if below > 0 || isNotEmpty(err) {
			left++
		} else if err != nil {
			return 0, err
		}
	}
	return left, nil
}

// removeFolder removes one empty folder; one that is not there is removed already.
func removeFolder(path string) error {
	err := retryBusy(func() error { return removeDir(path) })
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// makeFolder makes a folder and its missing parents, and makes each of them durable in the folder that it is in.
func makeFolder(path string) error { return makeFolderThen(path, syncDir) }

// makeFolderThen makes a folder and its missing parents, and calls made with the folder that each of them is in.
func makeFolderThen(path string, made func(parent string) error) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return nil
	case err == nil:
		return &fs.PathError{Op: "mkdir", Path: path, Err: errNotFolder}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	parent := filepath.Dir(path)
	if parent == path {
		return err
	}
	if err := makeFolderThen(parent, made); err != nil {
		return err
	}
	if err := os.Mkdir(path, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return made(parent)
}

var errNotFolder = errors.New("not a folder")
