package outbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrLeftBehind is returned by Move when everything that it moves is at its new place, durably, while something
// else stays in the source folder: symbolic links, devices and pipes, which are not followed or copied, and files
// that came or changed during the move. Moving again changes nothing until they are gone.
var ErrLeftBehind = errors.New("left behind")

// Move brings a file, or a folder with all that is in it, from src to dst. Nothing is ever overwritten or merged:
// fs.ErrExist when dst is there already. When Move returns nil the move is durable. Missing parents of dst are made;
// src itself must be a regular file or a folder, or the error is fs.ErrInvalid.
//
// Within a file system this is a rename, and what is in a folder goes along whatever it is. Across file systems the
// regular files and folders are copied with their times and permissions, synced, shown under dst all at once, and
// only then removed from src: see ErrLeftBehind for the rest.
//
// Move is repeatable: called again with the same names after an interruption at any point, it finishes. So a dst
// that holds the same content as every file that src still has counts as the copy that an earlier call made, and
// a src that is gone while dst is there as moved. One src must not be moved by two calls at the same time.
func Move(src, dst string) error {
	if err := move(filepath.Clean(src), filepath.Clean(dst)); err != nil {
		return fmt.Errorf("move %s to %s: %w", src, dst, err)
	}
	return nil
}

func move(src, dst string) error {
	info, err := os.Lstat(src)
	if errors.Is(err, fs.ErrNotExist) {
		if _, missing := os.Lstat(dst); missing == nil {
			return syncParents(src, dst)
		}
	}
	if err != nil {
		return err
	}
	if !info.IsDir() && !info.Mode().IsRegular() {
		return fmt.Errorf("%w: the source is neither a file nor a folder", fs.ErrInvalid)
	}
	if err := makeFolder(filepath.Dir(dst)); err != nil {
		return err
	}
	err = renameExclusive(src, dst)
	switch {
	case err == nil:
		return syncParents(src, dst)
	case errors.Is(err, fs.ErrExist):
		return finish(src, dst)
	case isCrossDevice(err):
		return moveAcross(src, dst)
	}
	return err
}

// syncParents makes a move durable, the new place first. The folder that src was in may be gone by now.
func syncParents(src, dst string) error {
	if err := syncDir(filepath.Dir(dst)); err != nil {
		return err
	}
	if filepath.Dir(src) == filepath.Dir(dst) {
		return nil
	}
	if err := syncDir(filepath.Dir(src)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// moveAcross moves to another file system.
func moveAcross(src, dst string) error {
	if _, err := os.Lstat(dst); err == nil {
		return finish(src, dst)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	temporary := filepath.Join(filepath.Dir(dst), temporaryName(filepath.Base(dst), moveTag(src, dst)))
	if err := discard(temporary); err != nil {
		return err
	}
	t, err := list(src)
	if err == nil {
		err = t.copyTo(temporary)
	}
	if err == nil {
		err = renameExclusive(temporary, dst)
	}
	if err != nil {
		return errors.Join(err, discard(temporary))
	}
	if err := syncDir(filepath.Dir(dst)); err != nil {
		return err
	}
	return t.remove(dst)
}

// finish removes src when dst is what an earlier call made of it, and refuses to touch either when it is not.
func finish(src, dst string) error {
	t, err := list(src)
	if err != nil {
		return err
	}
	if err := t.sameAs(dst); err != nil {
		return err
	}
	if err := syncDir(filepath.Dir(dst)); err != nil {
		return err
	}
	return t.remove(dst)
}
