package outbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
)

// Content is what a file is to hold.
type Content struct {
	Path string
	Data []byte
}

// Pair is one file to move.
type Pair struct{ Src, Dst string }

// Batch is several changes that share their waits for the disk: the contents of all its files are synced at the same time, before
// any of them is seen, and so are all names after the last change. Others see the changes in the order of the calls. A power
// cut before the end of Close may leave any part of them, so they must bear to be made again.
//
// The order of calls is Prepare once, then Show and Move as often as wanted, and Close in any case. The zero Batch is
// empty. It is for one goroutine.
type Batch struct {
	prepared map[string]string // by path: the temporary with what is to be seen there
	folders  map[string]bool   // in which names have changed since the last sync
}

// Prepare makes files durable that nobody sees before Show. Missing parent folders are made. After an error none is prepared.
func (b *Batch) Prepare(files []Content) error {
	b.prepared = make(map[string]string, len(files))
	err := b.prepare(files)
	if err != nil {
		err = errors.Join(err, b.discard())
	}
	return err
}

func (b *Batch) prepare(files []Content) error {
	for _, f := range files {
		dir, name := filepath.Split(f.Path)
		if name == "" {
			return fmt.Errorf("write %s: not a file name: %w", f.Path, fs.ErrInvalid)
		}
		dir = filepath.Clean(dir)
		if err := makeFolder(dir); err != nil {
			return fmt.Errorf("write %s: %w", f.Path, err)
		}
		b.prepared[f.Path] = filepath.Join(dir, temporaryName(name, randomTag()))
	}
	return together(files, func(f Content) error {
		if err := writeNew(b.prepared[f.Path], writeAll(f.Data)); err != nil {
			return fmt.Errorf("write %s: %w", f.Path, err)
		}
		return nil
	})
}

// Show makes a prepared file be seen at its path, in place of the one that is there, if any. Whoever opens the path at any
// moment finds the whole old file or the whole new one.
func (b *Batch) Show(path string) error {
	temporary, ok := b.prepared[path]
	if !ok {
		return fmt.Errorf("show %s: it is not prepared: %w", path, fs.ErrInvalid)
	}
	if err := replace(temporary, path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	delete(b.prepared, path)
	b.changed(filepath.Dir(path))
	return nil
}

// Move moves files as the function Move does, in their order; missing parents are made. Before anything is copied to another file
// system, and so removed from this one, all that the Batch has done so far is durable.
func (b *Batch) Move(pairs []Pair) error {
	made := func(parent string) error { b.changed(parent); return nil }
	there := make(map[string]bool) // folders that need not be made
	for _, p := range pairs {
		dir := filepath.Dir(p.Dst)
		if !there[dir] {
			if err := makeFolderThen(dir, made); err != nil {
				return fmt.Errorf("make folder for %s: %w", p.Dst, err)
			}
			there[dir] = true
		}
		err := renameExclusive(p.Src, p.Dst)
		if err == nil || errors.Is(err, fs.ErrNotExist) && isThere(p.Dst) { // now or before, perhaps not durably
			b.changed(dir)
			continue
		}
		if err := b.Sync(); err != nil {
			return err
		}
		if err := Move(p.Src, p.Dst); err != nil { // says what is wrong, or takes the long way across file systems, durably
			return err
		}
	}
	return nil
}

func isThere(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// Sync makes all durable that has been shown and moved so far. A folder that somebody has taken away meanwhile, who saw it, is
// theirs; when all are gone it is fs.ErrNotExist: then it is the disk that went. Of a move a power cut may still bring the source
// back, beside the same content at its new place: moving again finishes.
func (b *Batch) Sync() error {
	dirs := make([]string, 0, len(b.folders))
	for dir := range b.folders {
		dirs = append(dirs, dir)
	}
	var gone atomic.Int64
	err := together(dirs, func(dir string) error {
		err := syncDir(dir)
		if errors.Is(err, fs.ErrNotExist) && int(gone.Add(1)) < len(dirs) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("sync %s: %w", dir, err)
		}
		return nil
	})
	if err == nil {
		clear(b.folders)
	}
	return err
}

// Close is Sync that also removes what was prepared and never shown. When it returns nil, what was done is durable and nothing
// temporary is left.
func (b *Batch) Close() error { return errors.Join(b.discard(), b.Sync()) }

func (b *Batch) discard() error {
	var failed []error
	for path, temporary := range b.prepared {
		failed = append(failed, discard(temporary))
		delete(b.prepared, path)
	}
	return errors.Join(failed...)
}

// changed notes that names in a folder have changed.
func (b *Batch) changed(dir string) {
	if b.folders == nil {
		b.folders = make(map[string]bool)
	}
	b.folders[dir] = true
}

// together calls f for each of all at the same time, and returns their errors joined.
func together[T any](all []T, f func(T) error) error {
	errs := make([]error, len(all))
	var wg sync.WaitGroup
	for i := 1; i < len(all); i++ {
		wg.Go(func() { errs[i] = f(all[i]) })
	}
	if len(all) > 0 {
		errs[0] = f(all[0])
	}
	wg.Wait()
	return errors.Join(errs...)
}
