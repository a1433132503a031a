package outbox

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// tree is what was seen below a root: a folder, or a single file called ".".
type tree struct {
	root    string
	folders []entry // parents before children
	files   []entry
	others  []entry // neither
}

type entry struct {
	rel  string // relative to the root
	info fs.FileInfo
}

func list(root string) (tree, error) {
	t := tree{root: root}
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		info, err := look(path)
		if err != nil {
			return err
		}
		e := entry{rel, info}
		switch {
		case info.IsDir():
			t.folders = append(t.folders, e)
		case info.Mode().IsRegular():
			t.files = append(t.files, e)
		default:
			t.others = append(t.others, e)
		}
		return nil
	})
	return t, err
}

// look asks the file itself: on Windows what a folder says of its files can be out of date. There os.SameFile reads
// the identity when it is first asked for, which must be now.
func look(path string) (fs.FileInfo, error) {
	info, err := os.Lstat(path)
	if err == nil {
		_ = os.SameFile(info, info)
	}
	return info, err
}

// copyTo makes a durable copy of the tree under a name that is free, except for that name in its folder. It fails
// when a file changed meanwhile.
func (t tree) copyTo(root string) error {
	for _, d := range t.folders {
		if err := os.Mkdir(filepath.Join(root, d.rel), d.info.Mode().Perm()|0o700); err != nil {
			return err
		}
	}
	for _, f := range t.files {
		if err := copyFile(filepath.Join(t.root, f.rel), filepath.Join(root, f.rel), f.info); err != nil {
			return err
		}
	}
	for i := range t.folders { // children first, so that the root comes last
		if err := syncDir(filepath.Join(root, t.folders[len(t.folders)-1-i].rel)); err != nil {
			return err
		}
	}
	return nil
}

// copyFile copies the file that is described by info, with its time and permissions.
func copyFile(src, dst string, info fs.FileInfo) error {
	in, err := openSeen(src, info)
	if err != nil {
		return err
	}
	defer in.Close()
	err = writeNew(dst, func(w io.Writer) error {
		n, err := io.Copy(w, in)
		if err == nil && n != info.Size() {
			err = changed(src)
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := unchanged(src, info); err != nil {
		return err
	}
	if err := os.Chtimes(dst, info.ModTime(), info.ModTime()); err != nil {
		return err
	}
	return os.Chmod(dst, info.Mode().Perm())
}

// openSeen opens the very file that info describes, not what may have taken its name since.
func openSeen(path string, info fs.FileInfo) (*os.File, error) {
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	now, err := f.Stat()
	if err == nil && !os.SameFile(now, info) {
		err = changed(path)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

var errChanged = errors.New("changed while it was being moved")

func changed(path string) error { return fmt.Errorf("%s %w", path, errChanged) }

func unchanged(path string, info fs.FileInfo) error {
	now, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !os.SameFile(now, info) || now.Size() != info.Size() || !now.ModTime().Equal(info.ModTime()) {
		return changed(path)
	}
	return nil
}

// sameAs says whether dst is a copy of the tree, or was one before part of the tree was removed: fs.ErrExist when
// it is anything else. The copies are made durable.
func (t tree) sameAs(dst string) error {
	for _, d := range t.folders {
		info, err := os.Lstat(filepath.Join(dst, d.rel))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return fs.ErrExist
		case err != nil:
			return err
		case !info.IsDir() || os.SameFile(info, d.info):
			return fs.ErrExist
		}
	}
	for _, f := range t.files {
		src, copied := filepath.Join(t.root, f.rel), filepath.Join(dst, f.rel)
		same, err := sameFile(src, copied, f.info)
		if err != nil {
			return err
		}
		if !same {
			return fs.ErrExist
		}
		if err := syncFile(copied); err != nil {
			return err
		}
	}
	return nil
}

// sameFile says whether copied is another regular file, or another name of the same, with the content of src.
func sameFile(src, copied string, info fs.FileInfo) (bool, error) {
	there, err := os.Lstat(copied)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case !there.Mode().IsRegular():
		return false, nil
	case os.SameFile(info, there):
		return twoNames(src, copied)
	}
	return SameContent(src, copied)
}

// twoNames says whether two paths of one file are two entries (hard links), so that removing one leaves the other,
// and not one entry spelt in two ways.
func twoNames(a, b string) (bool, error) {
	dirA, err := os.Stat(filepath.Dir(a))
	if err != nil {
		return false, err
	}
	dirB, err := os.Stat(filepath.Dir(b))
	if err != nil {
		return false, err
	}
	if !os.SameFile(dirA, dirB) {
		return true, nil
	}
	entries, err := os.ReadDir(filepath.Dir(a))
	if err != nil {
		return false, err
	}
	found := map[string]bool{}
	for _, e := range entries {
		found[e.Name()] = true
	}
	return filepath.Base(a) != filepath.Base(b) && found[filepath.Base(a)] && found[filepath.Base(b)], nil
}

// remove removes from the tree what has its durable copy in dst. ErrLeftBehind only when nothing else is wrong.
func (t tree) remove(dst string) error {
	var failed, left []error
	for _, f := range t.files {
		src := filepath.Join(t.root, f.rel)
		switch err := removeCopied(src, filepath.Join(dst, f.rel), f.info); {
		case errors.Is(err, ErrLeftBehind):
			left = append(left, err)
		case err != nil:
			failed = append(failed, err)
		}
	}
	for _, o := range t.others {
		left = append(left, fmt.Errorf("%s: %w", filepath.Join(t.root, o.rel), ErrLeftBehind))
	}
	for i := range t.folders {
		path := filepath.Join(t.root, t.folders[len(t.folders)-1-i].rel)
		switch err := removeFolder(path); {
		case isNotEmpty(err):
			left = append(left, fmt.Errorf("%s: %w", path, ErrLeftBehind))
		case err != nil:
			failed = append(failed, err)
		}
	}
	if err := syncParents(t.root, dst); err != nil {
		failed = append(failed, err)
	}
	if len(failed) > 0 {
		return errors.Join(failed...)
	}
	return errors.Join(left...)
}

// removeCopied removes the file that info describes, once its copy is seen to be there. A file that is gone already
// is no error.
func removeCopied(src, copied string, info fs.FileInfo) error {
	there, err := os.Lstat(copied)
	if err != nil {
		return err
	}
	if there.Size() != info.Size() {
		return fmt.Errorf("the copy of %s has %d bytes, not %d", src, there.Size(), info.Size())
	}
	err = unchanged(src, info)
	if errors.Is(err, errChanged) {
		return fmt.Errorf("%w: %w", err, ErrLeftBehind)
	}
	if err == nil {
		err = retryBusy(func() error { return os.Remove(src) })
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
