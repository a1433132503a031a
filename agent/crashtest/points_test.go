//go:build linux

package crashtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const module = "kurir"

// notTheAgent are the packages that are not instrumented, and why. All others are.
var notTheAgent = map[string]string{
	"kurir/agent/simulator":           "the other side",
	"kurir/agent/cli/demo":            "makes sample files and plays the people who drop them",
	"kurir/agent/cli/check":           "kurir check: looks, with files of its own that it removes",
	"kurir/agent/service":             "installs the service; the agent that it runs is the agent",
	"kurir/agent/pictures":            "draws sample photos",
	"kurir/agent/journal/journaltest": "a suite for tests",
}

// durableOS are the functions that change what a restart finds, by full name.
var durableOS = []string{
	"os.Rename", "os.Remove", "os.RemoveAll", "os.Mkdir", "os.MkdirAll", "os.MkdirTemp", "os.Create", "os.CreateTemp",
	"os.OpenFile", "os.WriteFile", "os.Link", "os.Symlink", "os.Truncate", "os.Chmod", "os.Chtimes", "os.CopyFS",
	"(*os.File).Sync", "(*os.File).Write", "(*os.File).WriteAt", "(*os.File).WriteString", "(*os.File).Truncate", "(*os.File).ReadFrom",
	"(*go.etcd.io/bbolt.DB).Update", "(*go.etcd.io/bbolt.DB).Batch", "(*go.etcd.io/bbolt.DB).Sync", "(*go.etcd.io/bbolt.Tx).Commit",
	"(*go.etcd.io/bbolt.Tx).WriteTo", "(*go.etcd.io/bbolt.Tx).CopyFile", "go.etcd.io/bbolt.Open", "go.etcd.io/bbolt.Compact",
	"(*net/http.Client).Do", "(*net/http.Client).Get", "(*net/http.Client).Post", "(net/http.RoundTripper).RoundTrip",
}

// durableCalls are the beginnings of such functions' names in the system call packages.
var durableCalls = []string{"Rename", "Unlink", "Rmdir", "Mkdir", "Link", "Symlink", "Ftruncate", "Fallocate", "Fsync", "Fdatasync", "Pwrite", "Write"}

// reading are the methods and functions of the packages below that change nothing.
var reading = []string{"Get", "List", "Claim", "Close", "Job", "Context", "Recent", "Read", "OpenBelow", "SameContent", "State"}

// isDurable reports whether a crash before f and one after it differ to whoever starts next, or to the other side.
func isDurable(f *types.Func) bool {
	if f.Pkg() == nil || !returnsError(f) {
		return false
	}
	name := f.FullName()
	if slices.Contains(durableOS, name) {
		return true
	}
	switch f.Pkg().Path() {
	case "golang.org/x/sys/unix", "syscall":
		return slices.ContainsFunc(durableCalls, func(p string) bool { return strings.HasPrefix(f.Name(), p) })
	case "kurir/agent/outbox":
		return f.Exported() && !slices.Contains(reading, f.Name())
	case "kurir/agent/journal":
		return f.Signature().Recv() != nil && !slices.Contains(reading, f.Name()) && !strings.HasPrefix(name, "(*")
	}
	// The pipelines' own words for a request: an interface called Client.
	return strings.HasPrefix(f.Pkg().Path(), module+"/") && strings.HasSuffix(receiver(f), ".Client") && types.IsInterface(f.Signature().Recv().Type())
}

func returnsError(f *types.Func) bool {
	r := f.Signature().Results()
	return r.Len() > 0 && types.Identical(r.At(r.Len()-1).Type(), types.Universe.Lookup("error").Type())
}

func receiver(f *types.Func) string {
	if f.Signature().Recv() == nil {
		return ""
	}
	return f.Signature().Recv().Type().String()
}

// point is one place in the sources where a durable function is named.
type point struct {
	name    string // file, function and ordinal, and what is called
	file    string // absolute
	pos     [2]int // offsets of the expression in the file
	args    int
	results int
}

// pkg is what go list says of a package.
type pkg struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
	Module                  *struct{ Main bool }
	Error                   *struct{ Err string }
}

// findPoints returns the points of all packages that the binary is made of.
func findPoints(root string) ([]point, error) {
	cmd := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles,Module,Error", ".")
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, stderr.String())
	}
	exports, ours := map[string]string{}, []pkg{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		exports[p.ImportPath] = p.Export
		if p.Module != nil && p.Module.Main && notTheAgent[p.ImportPath] == "" {
			ours = append(ours, p)
		}
	}
	fset := token.NewFileSet()
	imports := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	var points []point
	for _, p := range ours {
		found, err := pointsOf(fset, imports, p)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.ImportPath, err)
		}
		points = append(points, found...)
	}
	return points, nil
}

// pointsOf returns the points of one package.
func pointsOf(fset *token.FileSet, imports types.Importer, p pkg) ([]point, error) {
	var files []*ast.File
	for _, name := range p.GoFiles {
		f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	if _, err := (&types.Config{Importer: imports}).Check(p.ImportPath, fset, files, info); err != nil {
		return nil, err
	}
	var points []point
	for _, f := range files {
		for _, d := range f.Decls {
			function, isFunc := d.(*ast.FuncDecl)
			name := "init"
			if isFunc {
				name = functionName(function)
			}
			counts := map[string]int{}
			ast.Inspect(d, func(n ast.Node) bool {
				expr, id := reference(n)
				if expr == nil {
					return true
				}
				callee, ok := info.Uses[id].(*types.Func)
				if !ok || !isDurable(callee) {
					return true
				}
				counts[callee.Name()]++
				at := fset.Position(expr.Pos())
				rel := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
				points = append(points, point{
					name: fmt.Sprintf("%s/%s %s %s#%d", rel, filepath.Base(at.Filename), name, callee.Name(), counts[callee.Name()]),
					file: at.Filename, pos: [2]int{at.Offset, fset.Position(expr.End()).Offset},
					args: callee.Signature().Params().Len(), results: callee.Signature().Results().Len(),
				})
				return false
			})
		}
	}
	return points, nil
}

// functionName is a function's name, with the type that it is a method of.
func functionName(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	t := f.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if id, ok := t.(*ast.Ident); ok {
		return id.Name + "." + f.Name.Name
	}
	return f.Name.Name
}

// reference returns the expression that names something, and the name itself: f, pkg.f, or x.f.
func reference(n ast.Node) (ast.Expr, *ast.Ident) {
	switch n := n.(type) {
	case *ast.SelectorExpr:
		return n, n.Sel
	case *ast.Ident:
		return n, n
	}
	return nil, nil
}
