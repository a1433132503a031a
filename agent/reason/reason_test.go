package reason

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// declared returns the values of all constants of the given type in a source file of this package, so that a new
// constant without a text is noticed.
func declared(t *testing.T, file, typeName string) []string {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	ast.Inspect(tree, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || spec.Type == nil {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); !ok || name.Name != typeName {
			return true
		}
		for _, v := range spec.Values {
			value, err := strconv.Unquote(v.(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			values = append(values, value)
		}
		return true
	})
	if len(values) == 0 {
		t.Fatalf("no constants of type %s in %s", typeName, file)
	}
	return values
}

func TestEveryCodeHasATextInEveryLanguage(t *testing.T) {
	codes := declared(t, "reason.go", "Code")
	if got := Codes(); len(got) != len(codes) {
		t.Errorf("the catalogue has %d codes, %d are declared", len(got), len(codes))
	}
	for _, c := range codes {
		if !slices.Contains(Codes(), Code(c)) {
			t.Errorf("%s is missing from the catalogue", c)
		}
		indonesian, english := Of(Code(c), Indonesian), Of(Code(c), English)
		for name, pair := range map[string][2]string{
			"What": {indonesian.What, english.What},
			"Do":   {indonesian.Do, english.Do},
		} {
			if pair[0] == pair[1] {
				t.Errorf("%s: %s is the same in both languages", c, name)
			}
			for _, text := range pair {
				checkSentence(t, c+": "+name, text)
			}
		}
		if !slices.Contains([]string{"operator", "IT", "PPJK", "Bea Cukai", "tidak ada"}, indonesian.Who) {
			t.Errorf("%s: nobody is called %q in Indonesian", c, indonesian.Who)
		}
		if !slices.Contains([]string{"operator", "IT", "broker", "customs", "nobody"}, english.Who) {
			t.Errorf("%s: nobody is called %q in English", c, english.Who)
		}
	}
}

func checkSentence(t *testing.T, what, text string) {
	t.Helper()
	if !strings.HasSuffix(text, ".") || strings.TrimSpace(text) != text || strings.Contains(text, "  ") {
		t.Errorf("%s: not a tidy sentence: %q", what, text)
	}
	if strings.Count(text, ". ") > 2 {
		t.Errorf("%s: more than an operator reads: %q", what, text)
	}
}

func TestOfFallsBack(t *testing.T) {
	if got := Of("nonsense", Indonesian); got != Of(Internal, Indonesian) {
		t.Errorf("an unknown code says %q", got.What)
	}
	if got := Of(Disk, "fr"); got != Of(Disk, English) {
		t.Errorf("an unknown language says %q", got.What)
	}
}

func TestCodesAreTheCallersToKeep(t *testing.T) {
	Codes()[0] = "spoilt"
	if Codes()[0] != SidecarInvalid {
		t.Error("a change to the returned slice reached the catalogue")
	}
}

func TestEveryNoteHasWordsInEveryLanguage(t *testing.T) {
	declared := declared(t, "note.go", "Note")
	if len(declared) != len(notes) {
		t.Errorf("%d notes are declared, %d have words", len(declared), len(notes))
	}
	for _, n := range declared {
		indonesian, english := Say(Note(n), Indonesian), Say(Note(n), English)
		if indonesian == "" || english == "" || indonesian == n || english == n || indonesian == english {
			t.Errorf("%s: %q, %q", n, indonesian, english)
		}
	}
}

func TestSay(t *testing.T) {
	tests := []struct {
		note Note
		lang Language
		args []any
		want string
	}{
		{WaitingImages, Indonesian, []any{"a.jpg", "b.jpg"}, "Menunggu foto: a.jpg, b.jpg"},
		{WaitingImages, English, nil, "Waiting for photos"},
		{WaitingImages, English, []any{"100%s.jpg"}, "Waiting for photos: 100%s.jpg"},
		{"something_new", Indonesian, []any{3}, "something_new: 3"},
		{Paused, "fr", nil, Say(Paused, English)},
	}
	for _, test := range tests {
		if got := Say(test.note, test.lang, test.args...); got != test.want {
			t.Errorf("Say(%s, %s, %v) = %q, want %q", test.note, test.lang, test.args, got, test.want)
		}
	}
}

func TestDetect(t *testing.T) {
	for _, lang := range []string{"id", "ID", "id_ID.UTF-8", "id-ID", "in_ID", "Indonesian_Indonesia.1252", "id@x"} {
		if Detect(lang) != Indonesian {
			t.Errorf("%q is not taken for Indonesian", lang)
		}
	}
	for _, lang := range []string{"", "C", "en_US.UTF-8", "idle", "it_IT", "_", "POSIX"} {
		if Detect(lang) != English {
			t.Errorf("%q is not taken for English", lang)
		}
	}
}
