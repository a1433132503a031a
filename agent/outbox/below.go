package outbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// ErrNotPlain is what OpenBelow returns for what is no ordinary file in ordinary folders.
var ErrNotPlain = errors.New("not an ordinary file")

// OpenBelow opens the file rel, a path with slashes, below dir for reading. Neither rel nor a link on the way leads out
// of dir or to anything but an ordinary file: a link, a pipe, a device or a folder is ErrNotPlain. Others may rename or
// delete the file while it is open.
func OpenBelow(dir, rel string) (*os.File, error) {
	local, err := filepath.Localize(path.Clean(rel))
	if err != nil {
		return nil, fmt.Errorf("open %q: %w", rel, ErrNotPlain)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	info, err := plain(root, local)
	if err != nil {
		return nil, err
	}
	f, err := root.OpenFile(local, os.O_RDONLY|withoutWaiting, 0)
	if err != nil {
		return nil, err
	}
	if now, err := f.Stat(); err != nil || !os.SameFile(info, now) {
		return nil, errors.Join(fmt.Errorf("open %q: %w", rel, ErrNotPlain), err, f.Close())
	}
	return f, nil
}

// IsAbsent reports whether OpenBelow found nothing to open: no file, or something else in its place.
func IsAbsent(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrNotPlain) }

// plain makes sure that a path goes through folders to a regular file.
func plain(root *os.Root, local string) (info fs.FileInfo, err error) {
	parts := strings.Split(local, string(filepath.Separator))
	for i := range parts {
		info, err = root.Lstat(filepath.Join(parts[:i+1]...))
		if err != nil {
			return nil, err
		}
		if last := i == len(parts)-1; last && !info.Mode().IsRegular() || !last && !info.IsDir() {
			return nil, fmt.Errorf("open %q: %w", local, ErrNotPlain)
		}
	}
	return info, nil
}
