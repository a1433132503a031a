//go:build linux

package crashtest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// binaries are the product's, as it is and instrumented, and the points of the latter.
type binaries struct {
	root, plain, wired string
	points             []point
}

// scratch is a folder for as long as the tests of this package run.
var scratch string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "kurir-crashtest-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	scratch = dir
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// built builds both binaries, once.
var built = sync.OnceValues(func() (b binaries, err error) {
	if b.root, err = filepath.Abs(filepath.Join("..", "..")); err != nil {
		return b, err
	}
	if b.points, err = findPoints(b.root); err != nil {
		return b, err
	}
	if b.wired, err = instrument(b.root, scratch, b.points); err != nil {
		return b, err
	}
	b.plain, err = build(b.root, filepath.Join(scratch, "kurir"))
	return b, err
})

// theBinaries are those of this run of the tests. The tests of the built binary are long.
func theBinaries(t *testing.T) binaries {
	t.Helper()
	if testing.Short() {
		t.Skip("short")
	}
	b, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// instrument builds the binary in which every point passes through crashpoint. It writes below dir.
func instrument(root, dir string, points []point) (bin string, err error) {
	overlay := map[string]string{}
	put := func(at, content string) error {
		file := filepath.Join(dir, fmt.Sprintf("%d.go", len(overlay)))
		overlay[at] = file
		return os.WriteFile(file, []byte(content), 0o600)
	}
	byFile, shapes := map[string][]point{}, map[[2]int]bool{}
	for _, p := range points {
		byFile[p.file] = append(byFile[p.file], p)
		shapes[[2]int{p.args, p.results}] = true
	}
	for file, points := range byFile {
		source, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		if err := put(file, wrap(string(source), points)); err != nil {
			return "", err
		}
	}
	base, err := os.ReadFile(filepath.Join("testdata", "crashpoint", "crashpoint.go"))
	if err != nil {
		return "", err
	}
	var wrappers strings.Builder
	for shape := range shapes {
		wrappers.WriteString(wrapper(shape[0], shape[1]))
	}
	if err := put(filepath.Join(root, "agent", "crashpoint", "crashpoint.go"), string(base)+wrappers.String()); err != nil {
		return "", err
	}
	b, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		return "", err
	}
	list := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(list, b, 0o600); err != nil {
		return "", err
	}
	return build(root, filepath.Join(dir, "kurir-instrumented"), "-overlay", list)
}

// build builds the product's binary.
func build(root, bin string, flags ...string) (string, error) {
	cmd := exec.Command("go", append(append([]string{"build"}, flags...), "-o", bin, ".")...)
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return bin, nil
}

// wrap puts crashpoint around every expression that names a durable function. The function keeps its type, so nothing around
// it changes; lines stay where they are.
func wrap(source string, points []point) string {
	slices.SortFunc(points, func(a, b point) int { return cmp.Compare(b.pos[0], a.pos[0]) }) // the last first
	for _, p := range points {
		source = fmt.Sprintf("%scrashpoint.W%d_%d(%q, %s)%s",
			source[:p.pos[0]], p.args, p.results, p.name, source[p.pos[0]:p.pos[1]], source[p.pos[1]:])
	}
	lines := strings.Split(source, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "package ") {
			lines[i] += `; import crashpoint "kurir/agent/crashpoint"`
			break
		}
	}
	return strings.Join(lines, "\n")
}

// wrapper is the function that wraps functions of so many arguments and results.
func wrapper(args, results int) string {
	list := func(n int, format string) string {
		var out []string
		for i := range n {
			out = append(out, strings.ReplaceAll(format, "#", fmt.Sprint(i)))
		}
		return strings.Join(out, ", ")
	}
	join := func(a, b string) string { return strings.Trim(a+", "+b, ", ") }
	function := fmt.Sprintf("func(%s) (%s)", list(args, "A#"), list(results, "R#"))
	return fmt.Sprintf(`
func W%d_%d[%s any](name string, f %s) %s {
	return func(%s) (%s) {
		pass("before", name)
		%s = f(%s)
		pass("after", name)
		return
	}
}
`, args, results, join(list(args, "A#"), list(results, "R#")), function, function,
		list(args, "a# A#"), list(results, "r# R#"), list(results, "r#"), list(args, "a#"))
}
