package outbox

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// setToMove makes files below src, each with its name as its content, and returns their moves to dst.
func setToMove(t *testing.T, src, dst string, files ...string) (pairs []Pair) {
	t.Helper()
	for _, name := range files {
		p := Pair{filepath.Join(src, filepath.FromSlash(name)), filepath.Join(dst, filepath.FromSlash(name))}
		write(t, p.Src, []byte(name))
		pairs = append(pairs, p)
	}
	return pairs
}

// without leaves out temporaries.
func without(all []string) []string {
	return slices.DeleteFunc(all, func(n string) bool { return temporaryPattern.MatchString(n[strings.LastIndex(n, "/")+1:]) })
}

// TestBatch is a set that ends: after each call others see what has been done so far and no more; all may be done again.
func TestBatch(t *testing.T) {
	src, out := t.TempDir(), t.TempDir()
	receipt, status := filepath.Join(out, "sent", "S.json"), filepath.Join(out, "status", "S.json")
	pairs := setToMove(t, src, filepath.Join(out, "sent", "S"), "a", "deep/er/b")
	seen := []string{"sent/", "status/"}
	for round, content := range []string{"first", "again"} {
		b := new(Batch)
		expect := func(more ...string) {
			t.Helper()
			if round == 0 {
				seen = append(seen, more...)
			}
			got := without(names(t, out))
			slices.Sort(got)
			slices.Sort(seen)
			if !slices.Equal(got, seen) {
				t.Errorf("round %d: others see %q, want %q", round, got, seen)
			}
		}
		if err := b.Prepare([]Content{{receipt, []byte(content)}, {status, []byte(content)}}); err != nil {
			t.Fatal(err)
		}
		expect()
		if err := b.Show(receipt); err != nil {
			t.Fatal(err)
		}
		expect("sent/S.json")
		if err := b.Move(pairs); err != nil {
			t.Fatal(err)
		}
		expect("sent/S/", "sent/S/a", "sent/S/deep/", "sent/S/deep/er/", "sent/S/deep/er/b")
		if err := b.Show(status); err != nil {
			t.Fatal(err)
		}
		expect("status/S.json")
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		for path, want := range map[string]string{receipt: content, status: content, pairs[1].Dst: "deep/er/b"} {
			if got := read(t, path); got != want {
				t.Errorf("%s holds %q, want %q", path, got, want)
			}
		}
		wantNames(t, out, slices.Clone(seen)...) // nothing temporary either
		wantNames(t, src, "deep/", "deep/er/")
	}
}

// Every folder in which a name is new is synced before Close returns, those above new folders too, and each once.
func TestBatchKnowsItsFolders(t *testing.T) {
	src, out := t.TempDir(), t.TempDir()
	file := filepath.Join(out, "sent", "S.json")
	b := new(Batch)
	if err := b.Prepare([]Content{{file, nil}}); err != nil {
		t.Fatal(err)
	}
	if len(b.folders) > 0 {
		t.Errorf("nothing is to be seen yet, but in %v", b.folders)
	}
	if err := errors.Join(b.Show(file), b.Move(setToMove(t, src, filepath.Join(out, "sent", "S"), "deep/er/a", "deep/er/b"))); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"sent", "sent/S", "sent/S/deep", "sent/S/deep/er"} {
		path := filepath.Join(out, filepath.FromSlash(dir))
		if !b.folders[path] {
			t.Errorf("%s is not synced", dir)
		}
		delete(b.folders, path)
	}
	if len(b.folders) > 0 {
		t.Errorf("synced for nothing: %v", b.folders)
	}
	again := new(Batch) // a kill may have come between the moves and their sync
	if err := again.Move([]Pair{{filepath.Join(src, "deep", "er", "a"), filepath.Join(out, "sent", "S", "deep", "er", "a")}}); err != nil {
		t.Fatal(err)
	}
	if !again.folders[filepath.Join(out, "sent", "S", "deep", "er")] {
		t.Error("what was moved before is not synced")
	}
}

// Whatever goes wrong on the way, nothing temporary is left, and what was there before is as it was.
func TestBatchFails(t *testing.T) {
	src, out := t.TempDir(), t.TempDir()
	file, folder := filepath.Join(out, "file"), filepath.Join(out, "folder")
	write(t, file, []byte("theirs"))
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	good, more := filepath.Join(out, "good"), filepath.Join(out, "more")
	for name, files := range map[string][]Content{
		"below a file":   {{good, nil}, {filepath.Join(file, "x"), nil}, {more, nil}},
		"no such name":   {{good, nil}, {filepath.Join(out, "a\x00b"), nil}, {more, nil}},
		"without a name": {{good, nil}, {out + string(filepath.Separator), nil}},
	} {
		b := new(Batch)
		if err := b.Prepare(files); err == nil {
			t.Errorf("%s: prepared", name)
		}
		wantNames(t, out, "file", "folder/")
		if err := b.Show(good); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("%s: shown all the same: %v", name, err)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
	b := new(Batch)
	if err := b.Prepare([]Content{{good, []byte("good")}, {folder, nil}, {more, nil}}); err != nil {
		t.Fatal(err)
	}
	if err := b.Show(good); err != nil {
		t.Error(err)
	}
	if err := b.Show(folder); err == nil {
		t.Error("a folder was replaced by a file")
	}
	pairs := setToMove(t, src, out, "a", "file", "c")
	if err := b.Move(pairs); !errors.Is(err, fs.ErrExist) {
		t.Errorf("moved over another file: %v", err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	wantNames(t, out, "a", "file", "folder/", "good")
	wantNames(t, src, "c", "file")
	if got := read(t, file) + read(t, good); got != "theirsgood" {
		t.Errorf("the files hold %q", got)
	}
}

// Who waits for a folder may take it away as soon as it is seen.
func TestBatchWhoseFolderIsTakenAway(t *testing.T) {
	src, out := t.TempDir(), t.TempDir()
	file := filepath.Join(out, "status", "S.json")
	b := new(Batch)
	if err := b.Prepare([]Content{{file, nil}}); err != nil {
		t.Fatal(err)
	}
	err := errors.Join(b.Move(setToMove(t, src, filepath.Join(out, "sent", "S"), "a", "deep/b")), b.Show(file))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(out, "sent", "S"), filepath.Join(src, "taken")); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

// When nothing is left of where it was, that was no reader.
func TestBatchWhoseDiskIsGone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("folders are not synced here")
	}
	out := filepath.Join(t.TempDir(), "out")
	receipt, status := filepath.Join(out, "sent", "S.json"), filepath.Join(out, "status", "S.json")
	b := new(Batch)
	err := errors.Join(b.Prepare([]Content{{receipt, nil}, {status, nil}}), b.Show(receipt), b.Show(status))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(out, out+" is away"); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("all of it is gone, and closed with %v", err)
	}
}
