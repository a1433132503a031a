package agent_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"kurir/agent/reason"
)

// TestErrorsHaveIndonesianWords finds every sentence that clients and outbox make of an error, and holds it against the
// catalogue: it has Indonesian words, which are about the same, and no others are there.
func TestErrorsHaveIndonesianWords(t *testing.T) {
	verbs := regexp.MustCompile(`%(\[\d+\])?[a-z]`)
	said := map[string][]string{}
	for file := range importsBelow(t, "..") {
		if !slices.Contains([]string{"agent/transport", "agent/beacukai", "agent/t2g", "agent/outbox", "agent/upload", "agent/poll"},
			filepath.ToSlash(filepath.Dir(file))) {
			continue
		}
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, filepath.Join("..", file), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || !saysWords(call.Fun) {
				return true
			}
			place := set.Position(call.Pos())
			if len(call.Args) < 2 {
				t.Errorf("%s: words without a key and a format", place)
				return true
			}
			key, format := constant(call.Args[0]), constant(call.Args[1])
			if key == "" || format == "" {
				t.Errorf("%s: key and format are no constants", place)
				return true
			}
			words, ok := reason.Worded(key)
			if !ok {
				t.Errorf("%s: %q has no Indonesian words", place, key)
			}
			want, got := verbs.FindAllString(format, -1), verbs.FindAllString(words, -1)
			if ok && !slices.Equal(want, got) {
				t.Errorf("%s: %q is about %v, its Indonesian words %q about %v", place, key, want, words, got)
			}
			if ok && words == format && strings.ContainsAny(verbs.ReplaceAllString(format, ""), "abcdefghijklmnopqrstuvwxyz") && key != "of_kode_dokumen" {
				t.Errorf("%s: %q is the same in both languages", place, format)
			}
			said[key] = append(said[key], place.String())
			return true
		})
	}
	for _, key := range reason.WordedKeys() {
		if said[key] == nil {
			t.Errorf("nobody says %q", key)
		}
	}
	if len(said) < 40 {
		t.Errorf("only %d sentences found", len(said))
	}
}

// saysWords reports whether a function makes a sentence.
func saysWords(fun ast.Expr) bool {
	switch f := fun.(type) {
	case *ast.SelectorExpr:
		pkg, ok := f.X.(*ast.Ident)
		return ok && pkg.Name == "transport" && f.Sel.Name == "Say"
	case *ast.Ident:
		return f.Name == "Say" || f.Name == "say"
	}
	return false
}

// constant is the text of literals, also where they are put together; "" for anything else.
func constant(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, _ := strconv.Unquote(e.Value)
		return text
	case *ast.BinaryExpr:
		return constant(e.X) + constant(e.Y)
	}
	return ""
}
