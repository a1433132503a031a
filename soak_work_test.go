//go:build linux

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// soakWork drops what scanners and an ERP would, and remembers what has to become of it.
type soakWork struct {
	t     *testing.T
	dir   string
	rnd   *rand.Rand
	n     int // of drops so far
	sets  int
	lists int

	photos  map[string]map[string]bool // nomorAju -> SHA-256 of the photos that must arrive
	dropped map[string]droppedFile     // by the hash of its content
	earlier []soakSet                  // good ones that may get a late photo or a twin
}

type droppedFile struct {
	name string
	n    int
}

type soakSet struct {
	name, aju string
	folder    bool
	content   map[string][]byte
}

func newSoakWork(t *testing.T, dir string, rnd *rand.Rand) *soakWork {
	t.Helper()
	for _, d := range []string{"lane", "erp", "stage"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return &soakWork{t: t, dir: dir, rnd: rnd, photos: map[string]map[string]bool{}, dropped: map[string]droppedFile{}}
}

// next drops one thing, mostly a good set.
func (w *soakWork) next() {
	w.n++
	if w.n%40 == 10 {
		w.list()
	}
	switch dice := w.rnd.IntN(100); {
	case dice < 12 && len(w.earlier) > 20:
		w.late()
	case dice < 20 && len(w.earlier) > 20:
		w.twin()
	case dice < 25:
		w.badSidecar()
	case dice < 30:
		w.badImage()
	case dice < 34:
		w.good("myscan0001-" + fmt.Sprint(w.rnd.IntN(3))) // a scanner that uses its names again
	default:
		w.good("")
	}
}

// good drops a set that must arrive, in either form, written file by file or moved into place.
func (w *soakWork) good(name string) {
	w.sets++
	s := soakSet{name: name, aju: fmt.Sprintf("AJU%06d", w.sets), folder: w.rnd.IntN(2) == 0, content: map[string][]byte{}}
	if name == "" {
		s.name = fmt.Sprintf("set%06d", w.sets)
	} else if s.folder = true; w.exists(name) {
		return // the scanner waits until its last one has been taken
	}
	var names []string
	for n := range 1 + w.rnd.IntN(4) {
		file := fmt.Sprintf("%s_%d.png", s.name, n)
		s.content[file] = w.picture()
		names = append(names, file)
		w.expect(s.aju, s.content[file])
	}
	car := w.sidecar(s.aju)
	if w.rnd.IntN(2) == 0 {
		car["images"] = names
	}
	s.content[s.name+".json"] = w.json(car)
	w.drop(s)
	if name == "" {
		if w.earlier = append(w.earlier, s); len(w.earlier) > 200 {
			w.earlier = w.earlier[1:]
		}
	}
}

// late drops one more photo of a set that was sent a while ago.
func (w *soakWork) late() {
	s := w.earlier[w.rnd.IntN(len(w.earlier)-15)]
	if !w.sent(s.name) {
		return
	}
	file := fmt.Sprintf("%s_late%d.png", s.name, w.n)
	late := soakSet{name: s.name, aju: s.aju, folder: s.folder && !w.exists(s.name), content: map[string][]byte{file: w.picture()}}
	if s.folder != late.folder {
		return
	}
	w.expect(s.aju, late.content[file])
	w.drop(late)
}

// twin drops the photos of an earlier set again under another name: they must not be sent again.
func (w *soakWork) twin() {
	s := w.earlier[w.rnd.IntN(len(w.earlier)-15)]
	if !w.sent(s.name) {
		return
	}
	twin := soakSet{name: fmt.Sprintf("twin%06d", w.n), aju: s.aju, folder: true, content: s.content}
	w.drop(twin)
}

func (w *soakWork) badSidecar() {
	name := fmt.Sprintf("bad%06d", w.n)
	car := w.sidecar("BAD" + name)
	delete(car, "kodeKantor")
	w.drop(soakSet{name: name, folder: true, content: map[string][]byte{name + ".json": w.json(car), "a.png": w.picture()}})
}

func (w *soakWork) badImage() {
	name := fmt.Sprintf("bad%06d", w.n)
	text := fmt.Appendf(nil, "this is no picture, it is text %d", w.n)
	w.drop(soakSet{name: name, content: map[string][]byte{name + ".json": w.json(w.sidecar("BAD" + name)), name + "_1.jpg": text}})
}

// list drops a list of Aju numbers in one of the formats, one of them wrong.
func (w *soakWork) list() {
	w.lists++
	cars := []string{fmt.Sprintf("not a number %d", w.lists)}
	for i := range 4 {
		cars = append(cars, fmt.Sprintf("050301%020d", w.lists*10+i))
	}
	name := fmt.Sprintf("list%05d", w.lists)
	content := map[string][]byte{}
	switch w.lists % 3 {
	case 0:
		content[name+".txt"] = []byte(strings.Join(cars, "\n"))
	case 1:
		content[name+".csv"] = []byte("car;kode_dokumen\r\n" + strings.Join(cars, ";30\r\n") + ";30\r\n")
	default:
		content[name+".json"] = w.json(cars)
	}
	w.place(filepath.Join(w.dir, "erp"), content)
}

func (w *soakWork) drop(s soakSet) {
	if !s.folder {
		w.place(filepath.Join(w.dir, "lane"), s.content)
		return
	}
	stage := filepath.Join(w.dir, "stage", fmt.Sprintf("%s.%d", s.name, w.n))
	w.place(stage, s.content)
	if err := os.Rename(stage, filepath.Join(w.dir, "lane", s.name)); err != nil {
		w.t.Fatal(err)
	}
}

// place writes files into a folder, in any order, and counts them.
func (w *soakWork) place(dir string, content map[string][]byte) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		w.t.Fatal(err)
	}
	names := slices.Sorted(maps.Keys(content))
	w.rnd.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), content[name], 0o644); err != nil {
			w.t.Fatal(err)
		}
		h := string(hashOf(content[name]))
		w.dropped[h] = droppedFile{name, w.dropped[h].n + 1}
	}
}

func (w *soakWork) exists(name string) bool {
	_, err := os.Lstat(filepath.Join(w.dir, "lane", name))
	return err == nil
}

// sent reports whether a set is shown as sent, with nothing of it under way.
func (w *soakWork) sent(name string) bool {
	b, err := os.ReadFile(filepath.Join(w.dir, "out", "status", name+".json"))
	var st struct{ State string }
	return err == nil && json.Unmarshal(b, &st) == nil && st.State == "sent"
}

func (w *soakWork) expect(aju string, photo []byte) {
	if w.photos[aju] == nil {
		w.photos[aju] = map[string]bool{}
	}
	w.photos[aju][fmt.Sprintf("%x", hashOf(photo))] = true
}

func (w *soakWork) sidecar(aju string) map[string]any {
	return map[string]any{"nomorAju": aju, "nomorBlAwb": "CN" + aju, "tanggalBlAwb": "2025-09-30", "kodeKantor": "009000"}
}

func (w *soakWork) json(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

// picture makes a PNG of noise, of up to 60 KB, that is like no other.
func (w *soakWork) picture() []byte {
	m := image.NewGray(image.Rect(0, 0, 40+w.rnd.IntN(200), 40+w.rnd.IntN(200)))
	for i := range m.Pix {
		m.Pix[i] = uint8(w.rnd.Uint32())
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		w.t.Fatal(err)
	}
	return b.Bytes()
}

func hashOf(b []byte) []byte {
	h := sha256.Sum256(b)
	return h[:]
}
