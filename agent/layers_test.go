package agent_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The layers of the house: what each package may import of ours, "" being main. Packages below a listed one are its
// parts: they have its rule, and it and they may import each other. The linter keeps the most important of these too;
// here they hold with Go alone, for the files of every operating system. Tests may import what they like.
var layers = map[string][]string{
	"": {"agent/cli"},

	"agent/cli": {
		"agent", "agent/service", "agent/simulator", "agent/pictures", "agent/control", "agent/config", "agent/journal",
		"agent/journal/bolt", "agent/reason", "agent/transport", "agent/beacukai", "agent/t2g", "agent/outbox", "watcher",
		"agent/alarm", "agent/logbook", "agent/tune", "agent/private",
	},
	"agent/service": {"install", "agent/reason"},

	"agent": {
		"agent/upload", "agent/poll", "agent/control", "agent/outbox", "agent/config", "agent/journal",
		"agent/journal/bolt", "agent/reason", "agent/transport", "agent/beacukai", "agent/t2g", "watcher",
		"agent/alarm", "agent/logbook", "agent/metrics", "agent/private",
	},
	"agent/upload":  {"watcher", "agent/journal", "agent/beacukai", "agent/transport", "agent/outbox", "agent/reason"},
	"agent/poll":    {"watcher", "agent/journal", "agent/t2g", "agent/transport", "agent/outbox", "agent/reason"},
	"agent/control": {"agent/journal", "agent/logbook", "agent/reason"},
	"agent/alarm":   {"agent/outbox", "agent/reason"},

	"agent/beacukai": {"agent/transport"},
	"agent/t2g":      {"agent/transport"},

	"agent/journal/bolt":        {"agent/journal"},
	"agent/journal/journaltest": {"agent/journal"},

	"watcher":         nil,
	"agent/config":    nil,
	"agent/journal":   nil,
	"agent/logbook":   nil,
	"agent/metrics":   nil,
	"agent/outbox":    nil,
	"agent/pictures":  nil,
	"agent/private":   nil,
	"agent/reason":    nil,
	"agent/simulator": nil,
	"agent/transport": nil,
	"agent/tune":      nil,
	"install":         nil,
}

// storeOnly is what no other package than the store on it may know.
const storeOnly, store = "go.etcd.io/bbolt", "agent/journal/bolt"

func TestLayers(t *testing.T) {
	const module = "kurir"
	for file, imports := range importsBelow(t, "..") {
		pkg := strings.Trim(path.Dir(file), ".")
		layer, known := layerOf(pkg)
		if !known {
			t.Errorf("%s: package %s has no place in the layers", file, pkg)
			continue
		}
		for _, imported := range imports {
			if strings.HasPrefix(imported, storeOnly) && pkg != store {
				t.Errorf("%s imports %s: only %s knows the store's engine", file, imported, store)
			}
			ours, isOurs := strings.CutPrefix(imported, module+"/")
			if isOurs && !permits(layer, ours) {
				t.Errorf("%s imports %s: %q may import %q of ours", file, imported, layer, layers[layer])
			}
		}
	}
}

// layerOf returns the listed package that a package is or is a part of. A new package below agent is no part of it.
func layerOf(pkg string) (layer string, known bool) {
	for at := pkg; at != "."; at = path.Dir(at) {
		if _, known := layers[at]; known {
			return at, at == pkg || at != "agent"
		}
	}
	return "", false
}

func permits(layer, imported string) bool {
	of, known := layerOf(imported)
	return known && (of == layer || slices.Contains(layers[layer], of))
}

// importsBelow reads what every file imports that is no test, whatever system it is for.
func importsBelow(t *testing.T, root string) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	err := fs.WalkDir(os.DirFS(filepath.FromSlash(root)), ".", func(name string, d fs.DirEntry, err error) error {
		base := path.Base(name)
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (strings.HasPrefix(base, ".") || base == "testdata"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(base, ".go") || strings.HasSuffix(base, "_test.go"):
			return nil
		}
		source, err := os.ReadFile(filepath.Join(filepath.FromSlash(root), filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ImportsOnly)
		if err != nil {
			return err
		}
		all[name] = nil
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			all[name] = append(all[name], imported)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < len(layers) {
		t.Fatalf("only %d files found below %s", len(all), root)
	}
	return all
}

func TestLayerOf(t *testing.T) {
	for _, c := range []struct {
		pkg, imported string
		ok            bool
	}{
		{"", "agent/cli", true},
		{"", "agent", false},
		{"agent/cli/demo", "agent/simulator", true},
		{"agent/cli", "agent/journal/bolt", true},
		{"agent/cli", "agent/upload", false},
		{"agent/cli/demo", "agent/cli/check", true},
		{"agent/upload", "agent/poll", false},
		{"agent/upload", "agent/journal/bolt", false},
		{"agent/journal", "agent/journal/bolt", false},
		{"agent/upload", "agent/beacukai", true},
		{"agent/poll", "agent/beacukai", false},
		{"agent/control", "agent/upload", false},
		{"agent/simulator/published", "agent/beacukai", false},
		{"watcher", "agent/reason", false},
	} {
		layer, known := layerOf(c.pkg)
		if !known || permits(layer, c.imported) != c.ok {
			t.Errorf("%q importing %q: known %t, permitted %t", c.pkg, c.imported, known, permits(layer, c.imported))
		}
	}
	for _, pkg := range []string{"agent/new", "new"} {
		if layer, known := layerOf(pkg); known {
			t.Errorf("%s, which nobody placed, was taken for a part of %q", pkg, layer)
		}
	}
}
