//go:build unix

package watcher

import (
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestRootReplacedByLink(t *testing.T) {
	dir := t.TempDir()
	root, elsewhere := filepath.Join(dir, "inbox"), filepath.Join(dir, "elsewhere")
	write(t, filepath.Join(root, "1.jpg"), "x")
	write(t, filepath.Join(elsewhere, "secret.jpg"), "x")
	bubble(t, root, nil, func(t *testing.T, w *Watcher, rec *recorder) {
		later(3 * time.Minute)
		rename(t, root, filepath.Join(dir, "away"))
		if err := os.Symlink(elsewhere, root); err != nil {
			t.Fatal(err)
		}
		later(time.Hour)
		if s := w.Status(); s.Offline.IsZero() || !strings.Contains(s.Reason, "symbolic link") {
			t.Errorf("status %+v", s)
		}
		if got := rec.paths(); len(got) != 1 {
			t.Errorf("told of %v", got)
		}
		if got := rec.count(Gone); got != 0 {
			t.Errorf("%d files gone", got)
		}
	})
}

func TestWhatIsNoFileIsSkipped(t *testing.T) {
	root, elsewhere := t.TempDir(), t.TempDir()
	write(t, filepath.Join(elsewhere, "secret.jpg"), "x")
	write(t, filepath.Join(root, "set", "1.jpg"), "x")
	at := func(name string) string { return filepath.Join(root, "set", name) }
	for name, target := range map[string]string{
		"link.jpg": filepath.Join(elsewhere, "secret.jpg"),
		"folder":   elsewhere,
		"loop":     ".",
		"nowhere":  "nowhere",
	} {
		if err := os.Symlink(target, at(name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(at("pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Chdir(root) // an address must be short
	l, err := net.Listen("unix", "socket")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	rename(t, filepath.Join(root, "socket"), at("socket"))
	want := map[string]string{
		"set/link.jpg": "symbolic link", "set/folder": "symbolic link", "set/loop": "symbolic link",
		"set/nowhere": "symbolic link", "set/pipe": "pipe", "set/socket": "socket",
	}
	if syscall.Mknod(at("device"), syscall.S_IFCHR|0o644, 1<<8|3) == nil { // needs root's rights
		want["set/device"] = "device"
	}

	r := watch(t, options(root), nil)
	r.untilRest(t, "set/1.jpg")
	until(t, "all skips", func() bool { return r.Status().SkippedN == len(want) })
	for _, s := range r.Status().Skipped {
		if want[s.Path] != s.Reason {
			t.Errorf("%s: %q, want %q", s.Path, s.Reason, want[s.Path])
		}
	}
	if got := r.rec.paths(); len(got) != 1 {
		t.Errorf("told of %v", got)
	}
	remove(t, at("loop"))
	remove(t, at("pipe"))
	write(t, at("pipe"), "a file now")
	r.untilRest(t, "set/pipe")
	until(t, "two skips less", func() bool { return r.Status().SkippedN == len(want)-2 })
	remove(t, filepath.Join(root, "set"))
	until(t, "no skips", func() bool { return r.Status().SkippedN == 0 })
}

func TestSkipExamplesAreFew(t *testing.T) {
	root := t.TempDir()
	for i := range 100 {
		if err := os.Symlink("nowhere", filepath.Join(root, name(i))); err != nil {
			t.Fatal(err)
		}
	}
	r := watch(t, options(root), nil)
	until(t, "all skips", func() bool { return r.Status().SkippedN == 100 })
	until(t, "examples", func() bool { return len(r.Status().Skipped) == maxExamples })
}

func TestNoPermission(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read everything")
	}
	root := t.TempDir()
	file, folder := filepath.Join(root, "closed.jpg"), filepath.Join(root, "closed")
	write(t, file, "x")
	write(t, filepath.Join(folder, "1.jpg"), "x")
	write(t, filepath.Join(root, "open.jpg"), "x")
	chmod := func(path string, mode os.FileMode) {
		t.Helper()
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	chmod(file, 0)
	chmod(folder, 0)
	t.Cleanup(func() { chmod(folder, 0o755) })
	o := options(root)
	o.Rescan = 200 * time.Millisecond
	r := watch(t, o, nil)
	r.untilRest(t, "open.jpg")
	until(t, "two skips", func() bool { return r.Status().SkippedN == 2 })
	for _, s := range r.Status().Skipped {
		if s.Reason != "no permission to read" {
			t.Errorf("%+v", s)
		}
	}
	if s, _ := r.rec.state("closed.jpg"); s == Rest {
		t.Error("unreadable file at rest")
	}
	chmod(file, 0o644)
	chmod(folder, 0o755)
	r.untilRest(t, "closed.jpg")
	r.untilRest(t, "closed/1.jpg")
	until(t, "no skips", func() bool { return r.Status().SkippedN == 0 })

	chmod(root, 0)
	until(t, "offline", func() bool { return !r.Status().Offline.IsZero() })
	chmod(root, 0o755)
	until(t, "online", func() bool { return r.Status().Offline.IsZero() })
	if got := r.rec.count(Gone); got != 0 {
		t.Errorf("%d files gone", got)
	}
}

// Names are bytes: nothing about them is changed.
func TestNames(t *testing.T) {
	root := t.TempDir()
	names := []string{
		"spaces and\ttabs.jpg", "line\nbreak.jpg", `back\slash.jpg`, "nfc-\u00e9.jpg", "nfd-e\u0301.jpg", "con", "a:b?.jpg",
		strings.Repeat("n", 255), " lead", "trail. ",
	}
	if runtime.GOOS == "linux" {
		names = append(names, "not utf8 \xff\xfe.jpg")
	}
	for _, n := range names {
		write(t, filepath.Join(root, "a b", n), "x")
	}
	r := watch(t, options(root), nil)
	for _, n := range names {
		r.untilRest(t, "a b/"+n)
	}
	for _, n := range names {
		rename(t, filepath.Join(root, "a b", n), filepath.Join(root, n))
	}
	for _, n := range names {
		r.untilRest(t, n)
		r.untilGone(t, "a b/"+n)
	}
}
