package outbox

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestSafeName(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"image1.jpg", "image1.jpg"},
		{"AWB 123 (2).jpg", "AWB 123 (2).jpg"},
		{"paket ünïcode 包裹.png", "paket ünïcode 包裹.png"},
		{"", "_"},
		{".", "_"},
		{"..", "__"},
		{"../../etc/passwd", "_._.._etc_passwd"},
		{`C:\Windows\x.jpg`, "C__Windows_x.jpg"},
		{`a/b\c:d*e?f"g<h>i|j`, "a_b_c_d_e_f_g_h_i_j"},
		{"tab\tnul\x00nl\ndel\x7fc1\u0085", "tab_nul_nl_del_c1_"},
		{"bad\xffutf8", "bad_utf8"},
		{"trailing.", "trailing_"},
		{"trailing ", "trailing_"},
		{"trailing. .", "trailing___"},
		{"   ", "___"},
		{".hidden", "_hidden"},
		{"~$list.xlsx", "_$list.xlsx"},
		{"x.tmp", "x.tmp_"},
		{"x.PART", "x.PART_"},
		{"x.partial", "x.partial_"},
		{"x.crdownload", "x.crdownload_"},
		{"x.filepart", "x.filepart_"},
		{"thumbs.DB", "thumbs.DB_"},
		{"desktop.ini", "desktop.ini_"},
		{"con", "con_"},
		{"CON.txt", "CON_.txt"},
		{"CON.a.txt", "CON_.a.txt"},
		{"CON .txt", "CON _.txt"},
		{"con.tmp", "con_.tmp_"},
		{"PRN", "PRN_"},
		{"aux.json", "aux_.json"},
		{"NUL", "NUL_"},
		{"NUL:", "NUL_"},
		{"COM0", "COM0_"},
		{"com9.jpg", "com9_.jpg"},
		{"LPT¹", "LPT¹_"},
		{"COM²", "COM²_"},
		{"CONIN$", "CONIN$_"},
		{"conout$.x", "conout$_.x"},
		{"COM10", "COM10"},
		{"COM", "COM"},
		{"CONSOLE", "CONSOLE"},
		{"xCON", "xCON"},
		{strings.Repeat("a", 200), strings.Repeat("a", 200)},
	} {
		if got := SafeName(c.in); got != c.want {
			t.Errorf("SafeName(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func TestSafeNameCuts(t *testing.T) {
	a := SafeName(strings.Repeat("包", 100) + "a.jpeg")
	b := SafeName(strings.Repeat("包", 100) + "b.jpeg")
	if a == b {
		t.Errorf("two names became one: %s", a)
	}
	for _, name := range []string{a, b} {
		if len(name) > 200 || len(name) < 195 || !strings.HasSuffix(name, ".jpeg") || !utf8.ValidString(name) {
			t.Errorf("%d bytes: %q", len(name), name)
		}
	}
	noExtension := SafeName("x." + strings.Repeat("y", 300))
	if len(noExtension) != 200 || strings.Contains(noExtension[3:], ".") {
		t.Errorf("%d bytes: %q", len(noExtension), noExtension)
	}
	// Names that differ only in what is replaced stay apart when they are cut.
	if SafeName(strings.Repeat("n", 300)+"/") == SafeName(strings.Repeat("n", 300)+":") {
		t.Error("two long names became one")
	}
}

// The names work as files, every one beside the others.
func TestSafeNamesOnDisk(t *testing.T) {
	dir := t.TempDir()
	var made []string
	for _, in := range []string{"CON", "nul.txt", "a/b", "c.", "d ", "é", strings.Repeat("é", 300), "COM¹.x", ".", "~x"} {
		name := SafeName(in)
		if err := Create(filepath.Join(dir, name), []byte(in)); err != nil {
			t.Errorf("%q as %q: %v", in, name, err)
		}
		made = append(made, name)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !slices.Contains(made, e.Name()) {
			t.Errorf("a file is called %q", e.Name())
		}
	}
	if len(entries) != len(made) {
		t.Errorf("%d files of %d names", len(entries), len(made))
	}
}

func TestNumbered(t *testing.T) {
	for _, c := range []struct {
		name         string
		n            int
		file, folder string
	}{
		{"a.jpg", 0, "a.jpg", "a.jpg"},
		{"a.jpg", 1, "a.jpg", "a.jpg"},
		{"a.jpg", 2, "a~2.jpg", "a.jpg~2"},
		{"a.jpg", 11, "a~11.jpg", "a.jpg~11"},
		{"a", 3, "a~3", "a~3"},
		{"a.tar.gz", 2, "a.tar~2.gz", "a.tar.gz~2"},
		{".a", 2, ".a~2", ".a~2"},
	} {
		if got := Numbered(c.name, c.n); got != c.file {
			t.Errorf("Numbered(%q, %d) = %q, want %q", c.name, c.n, got, c.file)
		}
		if got := NumberedFolder(c.name, c.n); got != c.folder {
			t.Errorf("NumberedFolder(%q, %d) = %q, want %q", c.name, c.n, got, c.folder)
		}
	}
}

func TestFree(t *testing.T) {
	taken := func(names ...string) func(string) bool {
		return func(name string) bool { return slices.Contains(names, name) }
	}
	if got := Free("a.jpg", taken()); got != "a.jpg" {
		t.Errorf("got %q", got)
	}
	if got := Free("a.jpg", taken("a.jpg", "a~2.jpg", "a~4.jpg")); got != "a~3.jpg" {
		t.Errorf("got %q", got)
	}
	if got := FreeFolder("AWB1.5", taken("AWB1.5")); got != "AWB1.5~2" {
		t.Errorf("got %q", got)
	}
}

func FuzzSafeName(f *testing.F) {
	for _, seed := range []string{
		"", ".", "..", "a/b", "CON", "con.tmp", "LPT³ .x", "x\xff", "a. . ", "~", ".tmp", "\u212aCON", "ſ.part",
		strings.Repeat("é", 150) + ".jpg", strings.Repeat("x.", 200), "CON." + strings.Repeat("y", 400) + ".tmp",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name := SafeName(s)
		switch {
		case name == "" || len(name) > 200:
			t.Errorf("%d bytes: %q", len(name), name)
		case !utf8.ValidString(name):
			t.Errorf("not UTF-8: %q", name)
		case strings.ContainsFunc(name, unicode.IsControl) || strings.ContainsAny(name, `/\:*?"<>|`):
			t.Errorf("a forbidden character: %q", name)
		case strings.HasSuffix(name, ".") || strings.HasSuffix(name, " "):
			t.Errorf("Windows drops the end: %q", name)
		case strings.HasPrefix(name, ".") || strings.HasPrefix(name, "~") || looksUnfinished(name):
			t.Errorf("looks ignored: %q", name)
		case temporaryPattern.MatchString(name):
			t.Errorf("looks like a temporary: %q", name)
		case !filepath.IsLocal(name) || filepath.Base(name) != name:
			t.Errorf("not one local name: %q", name)
		case SafeName(name) != name:
			t.Errorf("changes again: %q, %q", name, SafeName(name))
		}
		if stem, _ := splitFirstDot(name); isReserved(stem) {
			t.Errorf("reserved: %q", name)
		}
	})
}
