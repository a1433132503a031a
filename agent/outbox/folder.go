package outbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// RemoveEmpty removes the empty folders below dir, then dir itself and the folders above it, up to but never
// including stop, as long as they are empty. Whatever is not a folder stays, and with it the folders that it is
// in: that is no error, and neither is a dir that is not there. dir must lie below stop.
func RemoveEmpty(dir, stop string) error {
	rel, err := filepath.Rel(stop, dir)
	if err != nil || !filepath.IsLocal(rel) || rel == "." {
		return fmt.Errorf("remove empty folders: %s is not below %s", dir, stop)
	}
	left, err := removeEmptyBelow(dir)
	for err == nil && left == 0 && rel != "." {
		if err = removeFolder(filepath.Join(stop, rel)); err == nil {
			rel = filepath.Dir(rel)
		}
	}
	if err != nil && !isNotEmpty(err) {
		return fmt.Errorf("remove empty folders: %w", err)
	}
	return syncFolder(filepath.Join(stop, rel))
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
func makeFolder(path string) error {
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
	if err := makeFolder(parent); err != nil {
		return err
	}
	if err := os.Mkdir(path, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncFolder(parent)
}

var errNotFolder = errors.New("not a folder")

// rounds lets calls that overlap share their syncs of a folder, which are what moving and writing many small files
// costs most.
var rounds = struct {
	sync.Mutex
	running map[string]*round // the sync under way
	waiting map[string]*round // the one that begins when that ends; who comes until then takes part
}{running: map[string]*round{}, waiting: map[string]*round{}}

type round struct {
	done chan struct{} // closed when err is set
	err  error
}

// syncFolder makes what happened to the names in a folder before the call durable.
func syncFolder(path string) error {
	path = filepath.Clean(path)
	rounds.Lock()
	if r := rounds.waiting[path]; r != nil {
		rounds.Unlock()
		<-r.done
		return r.err
	}
	r := &round{done: make(chan struct{})}
	rounds.waiting[path] = r
	for previous := rounds.running[path]; previous != nil; previous = rounds.running[path] {
		rounds.Unlock()
		<-previous.done
		rounds.Lock()
	}
	delete(rounds.waiting, path)
	rounds.running[path] = r
	rounds.Unlock()

	r.err = syncDir(path)

	rounds.Lock()
	delete(rounds.running, path)
	rounds.Unlock()
	close(r.done)
	return r.err
}
