package watcher

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"
)

// Whatever is done to the tree, events alone must lead to the truth in the end.
func TestConverges(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			o := options(root)
			o.Rescan = 10 * time.Minute
			if runtime.GOOS == "windows" {
				o.Rescan = time.Second // Wine has no events of subfolders
			}
			r := watch(t, o, nil)
			m := mess{root: root, rnd: rand.New(rand.NewPCG(seed, 1))}
			for range 800 {
				m.make()
			}
			var want []string
			until(t, "the truth to be known", func() bool {
				want = files(t, root)
				return slices.Equal(r.rec.at(Rest), want) && len(r.rec.at(Unsettled)) == 0
			})
			until(t, "the count to be right", func() bool { return r.Status().Files == len(want) })
		})
	}
}

// at returns the paths in that state, sorted.
func (r *recorder) at(s State) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var paths []string
	for p, f := range r.last {
		if f.State == s {
			paths = append(paths, p)
		}
	}
	slices.Sort(paths)
	return paths
}

// files returns the files below the root, sorted.
func files(t *testing.T, root string) []string {
	t.Helper()
	var paths []string
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(root, p)
		paths = append(paths, filepath.ToSlash(rel))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(paths)
	return paths
}

// mess makes random changes. Those that fail, since what they need is not there, are left out.
type mess struct {
	root string
	rnd  *rand.Rand
}

func (m *mess) path() string {
	p := m.root
	for range m.rnd.IntN(3) {
		p = filepath.Join(p, fmt.Sprint("d", m.rnd.IntN(3)))
	}
	return p
}

func (m *mess) make() {
	file := func() string { return filepath.Join(m.path(), fmt.Sprint("f", m.rnd.IntN(5), ".jpg")) }
	switch m.rnd.IntN(10) {
	case 0, 1, 2, 3:
		_ = os.WriteFile(file(), make([]byte, m.rnd.IntN(100)), 0o644)
	case 4, 5:
		_ = os.MkdirAll(m.path(), 0o755)
	case 6:
		_ = os.Remove(file())
	case 7:
		_ = os.Rename(file(), file())
	case 8:
		if p := m.path(); p != m.root {
			_ = os.RemoveAll(p)
		}
	case 9:
		if from, to := m.path(), m.path(); from != m.root && to != m.root {
			_ = os.Rename(from, to)
		}
	}
	if m.rnd.IntN(20) == 0 {
		pass(time.Duration(m.rnd.IntN(30)) * time.Millisecond) // let the watcher come between
	}
}
