package watcher

import (
	"fmt"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

func TestNestedFolders(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	o := options(root)
	if runtime.GOOS == "windows" {
		o.Rescan = time.Second // Wine has no events of subfolders
	}
	r := watch(t, o, nil)
	until(t, "first scan", func() bool { return !r.Status().LastScan.IsZero() })
	const folders, files = 300, 3
	for i := range folders {
		dir := filepath.Join(root, fmt.Sprintf("set%03d", i), "deep", "deeper")
		if i%2 == 0 {
			dir = filepath.Dir(filepath.Dir(dir))
		}
		for j := range files {
			write(t, filepath.Join(dir, name(j)), "image")
		}
	}
	until(t, "all files", func() bool { return r.rec.resting() == folders*files })
	write(t, filepath.Join(root, "set001", "deep", "deeper", "late.jpg"), "late")
	r.untilRest(t, "set001/deep/deeper/late.jpg")
}

func TestFoldersThatMove(t *testing.T) {
	t.Parallel()
	root, aside := t.TempDir(), t.TempDir()
	o := options(root)
	if runtime.GOOS == "windows" {
		o.Rescan = time.Second // Wine has no events of subfolders
	}
	r := watch(t, o, nil)
	write(t, filepath.Join(root, "a", "sub", "1.jpg"), "image")
	r.untilRest(t, "a/sub/1.jpg")
	rename(t, filepath.Join(root, "a"), filepath.Join(root, "b"))
	r.untilGone(t, "a/sub/1.jpg")
	r.untilRest(t, "b/sub/1.jpg")
	write(t, filepath.Join(root, "b", "sub", "2.jpg"), "image")
	r.untilRest(t, "b/sub/2.jpg")

	rename(t, filepath.Join(root, "b"), filepath.Join(aside, "b"))
	r.untilGone(t, "b/sub/2.jpg")
	until(t, "an empty status", func() bool { return r.Status().Files == 0 })
	rename(t, filepath.Join(aside, "b"), filepath.Join(root, "b"))
	r.untilRest(t, "b/sub/2.jpg")
	write(t, filepath.Join(root, "b", "sub", "3.jpg"), "image")
	r.untilRest(t, "b/sub/3.jpg")
}

// A folder that is removed and made anew may get the same inode number, and its watch is lost.
func TestFolderMadeAnew(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	o := options(root)
	if runtime.GOOS == "windows" {
		o.Rescan = time.Second // Wine has no events of subfolders
	}
	r := watch(t, o, nil)
	for i := range 10 {
		dir := filepath.Join(root, "set")
		write(t, filepath.Join(dir, name(i)), "image")
		r.untilRest(t, "set/"+name(i))
		remove(t, dir)
	}
	r.untilGone(t, "set/"+name(9))
}

func TestFolderAndFileChangePlaces(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	o := options(root)
	o.Rescan = 300 * time.Millisecond
	r := watch(t, o, nil)
	path := filepath.Join(root, "x.jpg")
	write(t, path, "image")
	r.untilRest(t, "x.jpg")
	remove(t, path)
	write(t, filepath.Join(path, "y.jpg"), "image")
	r.untilGone(t, "x.jpg")
	r.untilRest(t, "x.jpg/y.jpg")
	remove(t, path)
	write(t, path, "image")
	r.untilGone(t, "x.jpg/y.jpg")
	r.untilRest(t, "x.jpg")
}
