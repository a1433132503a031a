package outbox

import (
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// FuzzFree gives names to texts, each beside those before: every one is one name of its own, whatever letter case a file
// system knows, that Windows and Linux take and that stays in its folder.
func FuzzFree(f *testing.F) {
	for _, s := range []string{"a.jpg\nA.JPG\na~2.jpg\na.jpg", "CON\ncon\nCON_", "..\n.\n\n/", "x.tmp\nx.tmp_", "AWB1.5\nAWB1.5", strings.Repeat("y", 300) + "\n" + strings.Repeat("y", 301),
		"a~2\na\na", "com1.x\nCOM1.X\ncom1.x~2", "a \na.\na"} {
		f.Add(s, true)
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, s string, folder bool) {
		texts := strings.Split(s, "\n")
		if len(texts) > 40 {
			return
		}
		given := map[string]string{}
		for _, text := range texts {
			choose := Free
			if folder {
				choose = FreeFolder
			}
			name := choose(SafeName(text), func(n string) bool { _, ok := given[strings.ToUpper(n)]; return ok })
			if other, ok := given[strings.ToUpper(name)]; ok {
				t.Errorf("%q and %q are both %q", text, other, name)
			}
			given[strings.ToUpper(name)] = text
			stem, _ := splitFirstDot(name)
			switch {
			case len(name) > 255 || name == "" || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
				t.Errorf("no name: %q", name)
			case strings.ContainsAny(name, `/\:*?"<>|`) || strings.HasSuffix(name, ".") || strings.HasSuffix(name, " ") || isReserved(stem):
				t.Errorf("Windows does not take %q", name)
			case !filepath.IsLocal(name) || filepath.Base(name) != name || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "~"):
				t.Errorf("%q does not stay where it is put", name)
			case !folder && looksUnfinished(name):
				t.Errorf("%q looks unfinished", name)
			}
		}
	})
}
