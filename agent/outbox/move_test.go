package outbox

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// The two ways to move. The copying one is what Move does once a rename has turned out to cross file systems.
var ways = map[string]func(src, dst string) error{"rename": Move, "copy": moveAcross}

func TestMoveFile(t *testing.T) {
	for way, move := range ways {
		t.Run(way, func(t *testing.T) {
			dir := t.TempDir()
			src, dst := filepath.Join(dir, "in", "list.csv"), filepath.Join(dir, "out", "list.csv")
			write(t, src, []byte("numbers"))
			if err := os.MkdirAll(filepath.Dir(dst), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(src, someDay, someDay); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(src, 0o444); err != nil { // also Windows' read-only
				t.Fatal(err)
			}
			if err := move(src, dst); err != nil {
				t.Fatal(err)
			}
			wantNames(t, dir, "in/", "out/", "out/list.csv")
			info, err := os.Stat(dst)
			if err != nil {
				t.Fatal(err)
			}
			if read(t, dst) != "numbers" || !info.ModTime().Equal(someDay) || info.Mode().Perm() != 0o444 {
				t.Errorf("arrived as %v, %v, %q", info.ModTime(), info.Mode(), read(t, dst))
			}
		})
	}
}

func makeSet(t *testing.T, root string) {
	t.Helper()
	write(t, filepath.Join(root, "set.json"), []byte("{}"))
	write(t, filepath.Join(root, "top", "image 1.jpg"), sealed(1, 100_000))
	write(t, filepath.Join(root, "top", "deep", "image 2.jpg"), nil)
	if err := os.Mkdir(filepath.Join(root, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
}

func wantSet(t *testing.T, root string) {
	t.Helper()
	wantNames(t, root, "empty/", "set.json", "top/", "top/image 1.jpg", "top/deep/", "top/deep/image 2.jpg")
	if !isSealed([]byte(read(t, filepath.Join(root, "top", "image 1.jpg")))) {
		t.Error("an image is not whole")
	}
}

func TestMoveFolder(t *testing.T) {
	for way, move := range ways {
		t.Run(way, func(t *testing.T) {
			dir := t.TempDir()
			src, dst := filepath.Join(dir, "SET"), filepath.Join(dir, "out", "SET")
			makeSet(t, src)
			if err := os.Mkdir(filepath.Dir(dst), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := move(src, dst); err != nil {
				t.Fatal(err)
			}
			wantSet(t, dst)
			if _, err := os.Lstat(src); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the source: %v", err)
			}
			if got := len(names(t, filepath.Dir(dst))); got != 7 {
				t.Errorf("something is left: %q", names(t, filepath.Dir(dst)))
			}
		})
	}
}

func TestMoveMakesParents(t *testing.T) {
	dir := t.TempDir()
	src, dst := filepath.Join(dir, "a"), filepath.Join(dir, "sent", "2025-09-30", "a")
	write(t, src, []byte("a"))
	if err := Move(src, dst); err != nil {
		t.Fatal(err)
	}
	wantNames(t, dir, "sent/", "sent/2025-09-30/", "sent/2025-09-30/a")
}

func TestMoveNeverOverwrites(t *testing.T) {
	for way, move := range ways {
		for name, prepare := range map[string]func(t *testing.T, src, dst string){
			"other content": func(t *testing.T, src, dst string) {
				write(t, src, []byte("ours"))
				write(t, dst, []byte("them"))
			},
			"folder in the way": func(t *testing.T, src, dst string) {
				write(t, src, []byte("ours"))
				write(t, filepath.Join(dst, "x"), []byte("theirs"))
			},
			"empty folder in the way": func(t *testing.T, src, dst string) {
				write(t, src, []byte("ours"))
				if err := os.Mkdir(dst, 0o755); err != nil {
					t.Fatal(err)
				}
			},
			"file in the way": func(t *testing.T, src, dst string) {
				makeSet(t, src)
				write(t, dst, []byte("theirs"))
			},
			"set with a file less": func(t *testing.T, src, dst string) {
				makeSet(t, src)
				makeSet(t, dst)
				if err := os.Remove(filepath.Join(dst, "set.json")); err != nil {
					t.Fatal(err)
				}
			},
			"set with a folder less": func(t *testing.T, src, dst string) {
				makeSet(t, src)
				makeSet(t, dst)
				if err := os.Remove(filepath.Join(dst, "empty")); err != nil {
					t.Fatal(err)
				}
			},
			"set with another image": func(t *testing.T, src, dst string) {
				makeSet(t, src)
				makeSet(t, dst)
				write(t, filepath.Join(dst, "top", "image 1.jpg"), sealed(2, 100_000))
			},
		} {
			t.Run(way+"/"+name, func(t *testing.T) {
				dir := t.TempDir()
				src, dst := filepath.Join(dir, "src"), filepath.Join(dir, "dst")
				prepare(t, src, dst)
				before := snapshot(t, dir)
				if err := move(src, dst); !errors.Is(err, fs.ErrExist) {
					t.Errorf("error %v", err)
				}
				if after := snapshot(t, dir); after != before {
					t.Errorf("before:\n%s\nafter:\n%s", before, after)
				}
			})
		}
	}
}

// snapshot describes everything below root.
func snapshot(t *testing.T, root string) string {
	t.Helper()
	var b strings.Builder
	for _, name := range names(t, root) {
		b.WriteString(name)
		if info, err := os.Lstat(filepath.Join(root, name)); err == nil && info.Mode().IsRegular() {
			b.WriteString(" " + read(t, filepath.Join(root, name)))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// A second call finishes, wherever the first was interrupted.
func TestMoveAgain(t *testing.T) {
	for name, interrupted := range map[string]func(t *testing.T, src, dst string){
		"before anything": func(*testing.T, string, string) {},
		"while copying": func(t *testing.T, src, dst string) {
			tag := moveTag(src, dst)
			write(t, filepath.Join(filepath.Dir(dst), temporaryName("SET", tag), "set.json"), []byte("{"))
		},
		"before removing": func(t *testing.T, _, dst string) { makeSet(t, dst) },
		"while removing files": func(t *testing.T, src, dst string) {
			makeSet(t, dst)
			if err := os.Remove(filepath.Join(src, "set.json")); err != nil {
				t.Fatal(err)
			}
		},
		"while removing folders": func(t *testing.T, src, dst string) {
			makeSet(t, dst)
			if err := os.RemoveAll(filepath.Join(src, "top")); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			src, dst := filepath.Join(dir, "SET"), filepath.Join(dir, "out", "SET")
			makeSet(t, src)
			if err := os.Mkdir(filepath.Dir(dst), 0o755); err != nil {
				t.Fatal(err)
			}
			interrupted(t, src, dst)
			if err := moveAcross(src, dst); err != nil {
				t.Fatal(err)
			}
			wantSet(t, dst)
			if err := Move(src, dst); err != nil {
				t.Errorf("once more: %v", err)
			}
			wantSet(t, dst)
			if got := len(names(t, dir)); got != 8 {
				t.Errorf("something is left: %q", names(t, dir))
			}
		})
	}
}

// The same for a file, also where the first call had made a second name of it (file systems without an exclusive
// rename).
func TestMoveFileAgain(t *testing.T) {
	for name, second := range map[string]func(t *testing.T, src, dst string){
		"copied": func(t *testing.T, _, dst string) { write(t, dst, []byte("content")) },
		"linked": func(t *testing.T, src, dst string) {
			if runtime.GOOS == "windows" {
				t.Skip("no move needs a second name here")
			}
			if err := os.Link(src, dst); err != nil {
				t.Skip("no hard links here: ", err)
			}
		},
	} {
		for _, place := range []string{"same folder", "other folder"} {
			t.Run(name+"/"+place, func(t *testing.T) {
				dir := t.TempDir()
				src, dst := filepath.Join(dir, "a"), filepath.Join(dir, "b")
				if place == "other folder" {
					dst = filepath.Join(dir, "out", "a")
				}
				write(t, src, []byte("content"))
				if err := os.MkdirAll(filepath.Dir(dst), 0o755); err != nil {
					t.Fatal(err)
				}
				second(t, src, dst)
				if err := Move(src, dst); err != nil {
					t.Fatal(err)
				}
				if _, err := os.Lstat(src); !errors.Is(err, fs.ErrNotExist) || read(t, dst) != "content" {
					t.Errorf("the source: %v", err)
				}
			})
		}
	}
}

// A path spelt in two ways is one file: moving it onto itself must not remove it as its own copy.
func TestMoveOntoItself(t *testing.T) {
	dir := t.TempDir()
	file, folder := filepath.Join(dir, "file"), filepath.Join(dir, "folder")
	write(t, file, []byte("content"))
	write(t, filepath.Join(folder, "image"), []byte("content"))
	same := map[string]string{file: file, folder: folder}
	if alias := filepath.Join(t.TempDir(), "alias"); symlink(dir, alias) == nil {
		same[filepath.Join(dir, ".", "file")] = filepath.Join(alias, "file")
		same[filepath.Join(dir, "folder")] = filepath.Join(alias, "folder")
	}
	for way, move := range ways {
		for src, dst := range same {
			_ = move(src, dst) // Windows renames a file to itself and says that all is well
			if read(t, file) != "content" || read(t, filepath.Join(folder, "image")) != "content" {
				t.Fatalf("%s %s to %s lost it", way, src, dst)
			}
		}
	}
}

func TestMoveRefuses(t *testing.T) {
	dir := t.TempDir()
	if err := Move(filepath.Join(dir, "missing"), filepath.Join(dir, "x")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing source: %v", err)
	}
	write(t, filepath.Join(dir, "secret"), []byte("secret"))
	if err := symlink("secret", filepath.Join(dir, "link")); err != nil {
		t.Skip("no symbolic links here: ", err)
	}
	if err := Move(filepath.Join(dir, "link"), filepath.Join(dir, "x")); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("a symbolic link: %v", err)
	}
	wantNames(t, dir, "secret", "link")
}

// Links are neither followed nor copied, and the rest arrives.
func TestMoveLeavesLinksBehind(t *testing.T) {
	dir := t.TempDir()
	src, dst := filepath.Join(dir, "SET"), filepath.Join(dir, "out")
	makeSet(t, src)
	write(t, filepath.Join(dir, "secret", "key"), []byte("secret"))
	for name, target := range map[string]string{"file": "../secret/key", "top/folder": "../../secret", "gone": "nowhere"} {
		if err := symlink(target, filepath.Join(src, name)); err != nil {
			t.Skip("no symbolic links here: ", err)
		}
	}
	for range 2 {
		if err := moveAcross(src, dst); !errors.Is(err, ErrLeftBehind) {
			t.Fatalf("error %v", err)
		}
		wantSet(t, dst)
		wantNames(t, src, "file", "gone", "top/", "top/folder")
	}
	if read(t, filepath.Join(dir, "secret", "key")) != "secret" {
		t.Error("a link was followed")
	}
}

// A file that someone still writes to is not moved half, and one that changes after its copy is not lost.
func TestMoveWhileWritten(t *testing.T) {
	dir := t.TempDir()
	src, dst := filepath.Join(dir, "SET"), filepath.Join(dir, "out")
	makeSet(t, src)
	image := filepath.Join(src, "top", "image 1.jpg")

	seen, err := list(src)
	if err != nil {
		t.Fatal(err)
	}
	write(t, image, []byte("other"))
	if err := seen.copyTo(filepath.Join(dir, "copy")); !errors.Is(err, errChanged) || errors.Is(err, ErrLeftBehind) {
		t.Errorf("changed before it was copied: %v", err)
	}

	seen, err = list(src)
	if err != nil {
		t.Fatal(err)
	}
	if err := seen.copyTo(dst); err != nil {
		t.Fatal(err)
	}
	write(t, image, []byte("changed"))
	write(t, filepath.Join(src, "late.jpg"), []byte("late"))
	if err := seen.remove(dst); !errors.Is(err, ErrLeftBehind) {
		t.Errorf("changed after it was copied: %v", err)
	}
	wantNames(t, src, "late.jpg", "top/", "top/image 1.jpg")
	if read(t, image) != "changed" || read(t, filepath.Join(dst, "top", "image 1.jpg")) != "other" {
		t.Error("content was lost")
	}
}

// Nothing is removed whose copy is not there or not whole.
func TestMoveChecksTheCopy(t *testing.T) {
	dir := t.TempDir()
	src, dst := filepath.Join(dir, "SET"), filepath.Join(dir, "out")
	makeSet(t, src)
	seen, err := list(src)
	if err != nil {
		t.Fatal(err)
	}
	makeSet(t, dst)
	write(t, filepath.Join(dst, "set.json"), []byte("{"))
	if err := os.Remove(filepath.Join(dst, "top", "image 1.jpg")); err != nil {
		t.Fatal(err)
	}
	if err := seen.remove(dst); err == nil || errors.Is(err, ErrLeftBehind) {
		t.Errorf("error %v", err)
	}
	wantNames(t, src, "set.json", "top/", "top/image 1.jpg")
}

func TestSameContent(t *testing.T) {
	dir := t.TempDir()
	big := sealed(1, 200_000)
	for name, data := range map[string][]byte{
		"big": big, "big again": big, "big but one": append(big[:len(big)-1:len(big)-1], 'x'), "shorter": big[1:],
		"empty": nil, "empty again": nil,
	} {
		write(t, filepath.Join(dir, name), data)
	}
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"big", "big again", true}, {"big", "big", true}, {"big", "big but one", false}, {"big", "shorter", false},
		{"big", "empty", false}, {"empty", "empty again", true},
	} {
		got, err := SameContent(filepath.Join(dir, c.a), filepath.Join(dir, c.b))
		if err != nil || got != c.want {
			t.Errorf("%s and %s: %t, %v", c.a, c.b, got, err)
		}
	}
	if _, err := SameContent(filepath.Join(dir, "big"), filepath.Join(dir, "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}
