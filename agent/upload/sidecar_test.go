package upload

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"kurir/agent/beacukai"
	"kurir/agent/reason"
	"kurir/watcher"
)

// The fields of a good sidecar, one a line.
const goodSidecar = "{\n\"nomorAju\": \"AJU-1\",\n\"nomorBlAwb\": \"AWB 1\",\n\"tanggalBlAwb\": \"2025-09-30\",\n\"kodeKantor\": \"009000\"\n}"

var goodDeclaration = beacukai.Declaration{NomorAju: "AJU-1", NomorBlAwb: "AWB 1", TanggalBlAwb: "2025-09-30", KodeKantor: "009000"}

// with returns the good sidecar with one more member at its end.
func with(member string) string {
	return strings.TrimSuffix(goodSidecar, "\n}") + ",\n" + member + "\n}"
}

// without returns the good sidecar without a field.
func without(field string) string {
	lines := strings.Split(goodSidecar, "\n")
	lines = slices.DeleteFunc(lines, func(l string) bool { return strings.HasPrefix(l, `"`+field+`"`) })
	return strings.Replace(strings.Join(lines, "\n"), ",\n}", "\n}", 1)
}

func utf16Of(s string, order binary.AppendByteOrder, bom bool) []byte {
	var b []byte
	if bom {
		s = "\uFEFF" + s
	}
	for _, u := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, u)
	}
	return b
}

func TestSidecarsThatAreRead(t *testing.T) {
	scanner := Inbox{Fields: map[string]string{"nomorBlAwb": "awb", "kodeKantor": "Office"}}
	fallback := Inbox{Defaults: map[string]string{"kodeKantor": " 009000 ", "nomorBlAwb": "AWB 1"}}
	cases := []struct {
		name   string
		text   []byte
		in     Inbox
		images []string
	}{
		{name: "as published", text: []byte(goodSidecar)},
		{name: "BOM", text: []byte("\uFEFF" + goodSidecar)},
		{name: "CRLF", text: []byte(strings.ReplaceAll(goodSidecar, "\n", "\r\n") + "\r\n")},
		{name: "UTF-16LE with BOM", text: utf16Of(goodSidecar, binary.LittleEndian, true)},
		{name: "UTF-16BE with BOM", text: utf16Of(goodSidecar, binary.BigEndian, true)},
		{name: "UTF-16LE", text: utf16Of(goodSidecar, binary.LittleEndian, false)},
		{name: "UTF-16BE", text: utf16Of(goodSidecar, binary.BigEndian, false)},
		{name: "zeros behind", text: []byte(goodSidecar + "\n\x00\x00\x00")},
		{name: "letter case of keys", text: []byte(strings.NewReplacer("nomorAju", "NOMORAJU", "kodeKantor", "kodekantor").Replace(goodSidecar))},
		{name: "spaces around", text: []byte(strings.Replace(goodSidecar, `"AJU-1"`, `"  AJU-1\t"`, 1))},
		{name: "other keys", text: []byte(with(`"weight": 3.5, "nested": {"nomorAju": "no"}, "": null`))},
		{name: "a key twice with one value", text: []byte(with(`"NomorAju": "AJU-1"`))},
		{name: "the scanner's names", text: []byte(strings.NewReplacer("nomorBlAwb", "AWB", "kodeKantor", "office").Replace(goodSidecar)), in: scanner},
		{name: "the scanner's name goes first", text: []byte(strings.Replace(with(`"awb": "AWB 1"`), `"nomorBlAwb": "AWB 1"`, `"nomorBlAwb": "other"`, 1)), in: scanner},
		{name: "the published name where the scanner's is empty", text: []byte(with(`"awb": " ", "office": null`)), in: scanner},
		{name: "defaults", text: []byte(without("kodeKantor")), in: fallback},
		{name: "defaults for null and empty", text: []byte(strings.Replace(strings.Replace(goodSidecar, `"009000"`, "null", 1), `"AWB 1"`, `""`, 1)), in: fallback},
		{name: "images", text: []byte(with(`"images": ["a.jpg", "sub\\b.png", "./c.gif", "sub/../d.bmp", "a.jpg"]`)), images: []string{"a.jpg", "sub/b.png", "c.gif", "d.bmp"}},
		{name: "decomposed image names", text: []byte(with(`"IMAGES": ["` + norm.NFD.String("café.jpg") + `"]`)), images: []string{norm.NFC.String("café.jpg")}},
		{name: "no images", text: []byte(with(`"images": []`))},
		{name: "images null", text: []byte(with(`"images": null`))},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, err := parseSidecar(c.text, c.in)
			if err != nil || s.decl != goodDeclaration || !slices.Equal(s.images, c.images) {
				t.Errorf("got %+v, %v", s, err)
			}
		})
	}
}

func TestSidecarsThatAreRefused(t *testing.T) {
	cases := []struct {
		name, text string
		in         Inbox
		says       []string
	}{
		{"two missing", `{"nomorAju":"A","kodeKantor":"1"}`, Inbox{}, []string{"nomorBlAwb is missing", "tanggalBlAwb is missing"}},
		{"missing under a scanner's name", without("nomorBlAwb"), Inbox{Fields: map[string]string{"nomorBlAwb": "awb"}}, []string{`"awb"`, `"nomorBlAwb"`}},
		{"a number", strings.Replace(goodSidecar, `"AWB 1"`, "12", 1), Inbox{}, []string{"line 3", "nomorBlAwb", "quotes", "12"}},
		{"no such day", strings.Replace(goodSidecar, "2025-09-30", "2025-09-31", 1), Inbox{}, []string{"line 4", "2025-09-31", "yyyy-MM-dd"}},
		{"a date with a time", strings.Replace(goodSidecar, "2025-09-30", "2025-09-30T10:00:00Z", 1), Inbox{}, []string{"line 4"}},
		{"a default that is no date", without("tanggalBlAwb"), Inbox{Defaults: map[string]string{"tanggalBlAwb": "today"}}, []string{"default of tanggalBlAwb", "today"}},
		{"control characters", strings.Replace(goodSidecar, "AJU-1", `AJU\u0000-1`, 1), Inbox{}, []string{"line 2", "control characters"}},
		{"too long", strings.Replace(goodSidecar, "AJU-1", strings.Repeat("9", 201), 1), Inbox{}, []string{"line 2", "200"}},
		{"twice with different values", with(`"nomoraju": "AJU-2"`), Inbox{}, []string{"line 6", "twice"}},
		{"images is a word", with(`"images": "a.jpg"`), Inbox{}, []string{"line 6", "list of file names"}},
		{"images holds a number", with(`"images": ["a.jpg", 1]`), Inbox{}, []string{"line 6", "list of file names"}},
		{"images holds null", with(`"images": [null]`), Inbox{}, []string{"inside the set"}},
		{"images above the set", with(`"images": ["sub/../../a.jpg"]`), Inbox{}, []string{"sub/../../a.jpg", "inside the set"}},
		{"images with backslashes above the set", with(`"images": ["..\\a.jpg"]`), Inbox{}, []string{"inside the set"}},
		{"images at the root", with(`"images": ["/etc/passwd"]`), Inbox{}, []string{"/etc/passwd"}},
		{"images on a drive", with(`"images": ["c:a.jpg", ".\\D:\\b.jpg"]`), Inbox{}, []string{"c:a.jpg", "D:"}},
		{"images on a share", with(`"images": ["\\\\host\\share\\a.jpg"]`), Inbox{}, []string{"inside the set"}},
		{"images is the set itself", with(`"images": ["."]`), Inbox{}, []string{"inside the set"}},
		{"images twice", with(`"images": ["a.jpg"], "Images": ["b.jpg"]`), Inbox{}, []string{"twice"}},
		{"an array", "[1]", Inbox{}, []string{"line 1", "object"}},
		{"no JSON", "nomorAju=1", Inbox{}, []string{"line 1", "JSON"}},
		{"a comma too many", strings.Replace(goodSidecar, "\n}", ",\n}", 1), Inbox{}, []string{"line 6", "JSON"}},
		{"two objects", goodSidecar + "\n" + goodSidecar, Inbox{}, []string{"line 7", "more text"}},
		{"neither UTF-8 nor UTF-16", strings.Replace(goodSidecar, "AJU", "AJ\xdc\xdc", 1), Inbox{}, []string{"UTF-8"}},
		{"deeper than anyone needs", `{"x":` + strings.Repeat("[", 100_000), Inbox{}, []string{"JSON"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, err := parseSidecar([]byte(c.text), c.in)
			bad, ok := errors.AsType[*sidecarError](err)
			if !ok {
				t.Fatalf("got %+v, %v", s, err)
			}
			if said := bad.in(reason.Indonesian); said == bad.Error() || strings.Contains(said, "%!") || strings.Contains(said, " is ") {
				t.Errorf("in Indonesian: %q", said)
			}
			for _, w := range c.says {
				if !strings.Contains(bad.Error(), w) {
					t.Errorf("%q does not say %q", bad.Error(), w)
				}
			}
			if len(bad.Error()) > 2000 {
				t.Errorf("the reason has %d bytes", len(bad.Error()))
			}
		})
	}
}

// TestSidecarThatBreaksOff: whatever beginning of a good sidecar is there, its writer may not be done.
func TestSidecarThatBreaksOff(t *testing.T) {
	text := with(`"images": ["a.jpg"], "n": 1.5e3, "t": true, "o": {"x": null}`)
	for n := range len(text) {
		if _, err := parseSidecar([]byte(text[:n]), Inbox{}); !errors.Is(err, errBrokenOff) {
			t.Errorf("%q: %v", text[:n], err)
		}
	}
	for _, empty := range []string{"", " \r\n", "\x00\x00\x00\x00\x00\x00", "\uFEFF"} {
		if _, err := parseSidecar([]byte(empty), Inbox{}); !errors.Is(err, errBrokenOff) {
			t.Errorf("%q: %v", empty, err)
		}
	}
}

func TestSidecarIsReadFromItsFile(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, size int) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(goodSidecar+strings.Repeat(" ", size-len(goodSidecar))), 0o644); err != nil {
			t.Fatal(err)
		}
		return p
	}
	read := func(name string) (sidecar, error) {
		var seen watcher.File
		if st, err := os.Stat(name); err == nil {
			seen = watcher.File{Size: st.Size(), ModTime: st.ModTime()}
		}
		return readSidecar(name, seen, Inbox{})
	}
	if s, err := read(write("most.json", maxSidecar)); err != nil || s.decl != goodDeclaration {
		t.Errorf("1 MiB: %+v, %v", s, err)
	}
	_, err := read(write("more.json", maxSidecar+1))
	if bad, ok := errors.AsType[*sidecarError](err); !ok || !strings.Contains(bad.Error(), "1 MiB") {
		t.Errorf("a byte more: %v", err)
	}
	if _, err := read(filepath.Join(dir, "none.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := readSidecar(write("other.json", len(goodSidecar)), watcher.File{Size: 1}, Inbox{}); !errors.Is(err, errChanged) {
		t.Errorf("another file than was seen: %v", err)
	}
}

// FuzzSidecar: no bytes make it panic, and what is accepted can be sent and stays in its folder.
func FuzzSidecar(f *testing.F) {
	for _, s := range []string{
		goodSidecar, with(`"images": ["a.jpg", "sub\\b.png", "../c"]`), "\uFEFF" + goodSidecar, `{"nomorAju":`, "[]", "", "\x00", "{}",
		`{"awb":"1","nomorAju":"x","tanggalBlAwb":"0000-00-00"}`, with(`"images": ["C:x", "CON", "a\u0000b", "a/./b", "..."]`),
		string(utf16Of(goodSidecar, binary.LittleEndian, true)), string(utf16Of(goodSidecar, binary.BigEndian, false)), "\xff\xfe\x00", "\xfe\xff{",
	} {
		f.Add([]byte(s))
	}
	in := Inbox{Fields: map[string]string{"nomorBlAwb": "awb"}, Defaults: map[string]string{"kodeKantor": "050100"}}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := parseSidecar(b, in)
		if err != nil {
			_, bad := errors.AsType[*sidecarError](err)
			if !bad && !errors.Is(err, errBrokenOff) {
				t.Errorf("%v is neither a refusal nor unfinished", err)
			}
			if !utf8.ValidString(err.Error()) {
				t.Errorf("the reason %q cannot be shown", err.Error())
			}
			return
		}
		if again, err := parseSidecar(b, in); err != nil || again.decl != s.decl || !slices.Equal(again.images, s.images) {
			t.Errorf("read again: %+v, %v", again, err)
		}
		checkAccepted(t, s)
	})
}

func checkAccepted(t *testing.T, s sidecar) {
	t.Helper()
	d := s.decl
	for _, v := range []string{d.NomorAju, d.NomorBlAwb, d.TanggalBlAwb, d.KodeKantor} {
		if v == "" || v != strings.TrimSpace(v) || !utf8.ValidString(v) || strings.ContainsFunc(v, unicode.IsControl) {
			t.Errorf("field %q in %+v", v, d)
		}
	}
	if at, err := time.Parse(time.DateOnly, d.TanggalBlAwb); err != nil || at.Year() < 1900 {
		t.Errorf("tanggalBlAwb %q", d.TanggalBlAwb)
	}
	seen := map[string]bool{}
	for _, n := range s.images {
		if !filepath.IsLocal(n) || n == "." || strings.Contains(n, `\`) || driveLetter.MatchString(n) || seen[n] || !norm.NFC.IsNormalString(n) {
			t.Errorf("list entry %q of %q", n, fmt.Sprint(s.images))
		}
		seen[n] = true
	}
}
