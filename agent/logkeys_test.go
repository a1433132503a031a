package agent_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"kurir/agent/logbook"
)

// TestLogKeys holds the keys of all log lines of the agent against the list in the README: a key means one thing
// everywhere, and whoever searches the log can rely on it.
func TestLogKeys(t *testing.T) {
	used := map[string]string{logbook.Repeated: "agent/logbook"} // the place of one use, by key
	for file := range importsBelow(t, "..") {
		if strings.HasPrefix(file, "agent/simulator/") {
			continue // a program of its own
		}
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, filepath.Join("..", file), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			var keys []ast.Expr
			switch n := n.(type) {
			case *ast.CallExpr:
				keys = keyArguments(n)
			case *ast.ReturnStmt: // []any{"key", value}, to be appended to a line
				for _, r := range n.Results {
					if lit, ok := r.(*ast.CompositeLit); ok && isAnySlice(lit) && len(lit.Elts)%2 == 0 {
						for i := 0; i < len(lit.Elts); i += 2 {
							keys = append(keys, lit.Elts[i])
						}
					}
				}
			}
			for _, arg := range keys {
				lit, ok := arg.(*ast.BasicLit)
				if !ok {
					continue // sloglint sees to it that keys are constant
				}
				key, _ := strconv.Unquote(lit.Value)
				used[key] = set.Position(lit.Pos()).String()
			}
			return true
		})
	}
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "\n## Logs\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var listed []string
	for _, row := range regexp.MustCompile("(?m)^\\| (`.*?`) \\|").FindAllStringSubmatch(section, -1) {
		for name := range strings.SplitSeq(row[1], ", ") {
			listed = append(listed, strings.Trim(name, "`"))
		}
	}
	for key, place := range used {
		if !slices.Contains(listed, key) {
			t.Errorf("%s: the README's section Logs does not list %s", place, key)
		}
	}
	for _, key := range listed {
		if used[key] == "" {
			t.Errorf("the README lists %s, which no log line has", key)
		}
	}
	if len(used) < 40 {
		t.Errorf("only %d keys found", len(used))
	}
}

func isAnySlice(lit *ast.CompositeLit) bool {
	array, ok := lit.Type.(*ast.ArrayType)
	if !ok {
		return false
	}
	elem, ok := array.Elt.(*ast.Ident)
	return ok && elem.Name == "any"
}

// keyArguments are the arguments of a call that are keys of a log line: those of a call on a logger, and those that are
// put together for one.
func keyArguments(call *ast.CallExpr) (keys []ast.Expr) {
	every := func(args []ast.Expr) {
		for i := 0; i+1 < len(args); i += 2 {
			keys = append(keys, args[i])
		}
	}
	fun, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return nil
	}
	switch fun.Sel.Name {
	case "Debug", "Info", "Warn", "Error":
		if len(call.Args) == 0 {
			return nil
		}
		if _, message := call.Args[0].(*ast.BasicLit); !message {
			return nil
		}
		for _, arg := range call.Args[1:] {
			if inner, ok := arg.(*ast.CallExpr); ok && len(inner.Args) > 0 { // append([]any{...}, ...)
				if lit, ok := inner.Args[0].(*ast.CompositeLit); ok {
					every(lit.Elts)
					return keys
				}
			}
		}
		every(call.Args[1:])
	case "With":
		every(call.Args)
	case "Int":
		if x, ok := fun.X.(*ast.Ident); ok && x.Name == "slog" && len(call.Args) == 2 {
			keys = append(keys, call.Args[0])
		}
	}
	return keys
}
