package upload_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"golang.org/x/text/unicode/norm"

	"kurir/agent/simulator"
	"kurir/agent/upload"
)

// TestBadInput: each broken set fails with a reason that names what is wrong, all its files are in failed/, and a good
// set beside it does not wait.
func TestBadInput(t *testing.T) {
	good := jpg(1)
	cases := []struct {
		name  string
		files map[string][]byte
		code  string
		says  []string
	}{
		{"missing field", map[string][]byte{"d.json": []byte("{\n\"nomorAju\":\"X\",\n\"nomorBlAwb\":\"B\",\n\"tanggalBlAwb\":\"2025-09-30\"}"), "a.jpg": good},
			"sidecar_invalid", []string{"d.json", "kodeKantor is missing"}},
		{"wrong date", map[string][]byte{"d.json": []byte("{\"nomorAju\":\"X\",\n\"tanggalBlAwb\":\"2025-02-30\",\"nomorBlAwb\":\"B\",\"kodeKantor\":\"1\"}"), "a.jpg": good},
			"sidecar_invalid", []string{"line 2", "2025-02-30", "yyyy-MM-dd"}},
		{"number for text", map[string][]byte{"d.json": []byte(`{"nomorAju":"X","tanggalBlAwb":"2025-02-03","nomorBlAwb":12,"kodeKantor":"1"}`), "a.jpg": good},
			"sidecar_invalid", []string{"nomorBlAwb", "quotes"}},
		{"not JSON", map[string][]byte{"d.json": []byte("nomorAju=1\nnomorBlAwb=2"), "a.jpg": good}, "sidecar_invalid", []string{"line 1", "JSON"}},
		{"an array", map[string][]byte{"d.json": []byte(`["x"]`), "a.jpg": good}, "sidecar_invalid", []string{"object"}},
		{"text behind", map[string][]byte{"d.json": append(side("X").json(), "\n{}"...), "a.jpg": good}, "sidecar_invalid", []string{"line 2", "more text"}},
		{"5 MiB", map[string][]byte{"d.json": bytes.Repeat([]byte(" "), 5<<20), "a.jpg": good}, "sidecar_invalid", []string{"1 MiB"}},
		{"duplicate keys", map[string][]byte{"d.json": []byte("{\"nomorAju\":\"X\",\"tanggalBlAwb\":\"2025-02-03\",\"nomorBlAwb\":\"1\",\n\"NomorBlAwb\":\"2\",\"kodeKantor\":\"1\"}"), "a.jpg": good},
			"sidecar_invalid", []string{"line 2", "twice"}},
		{"dots in images", map[string][]byte{"d.json": side("X", "../a.jpg").json(), "a.jpg": good}, "sidecar_invalid", []string{"../a.jpg"}},
		{"a drive in images", map[string][]byte{"d.json": side("X", `C:\a.jpg`).json(), "a.jpg": good}, "sidecar_invalid", []string{"C:", "inside the set"}},
		{"two sidecars", map[string][]byte{"d.json": side("X").json(), "e.json": side("Y").json(), "a.jpg": good}, "sidecar_invalid", []string{"2 sidecars", "d.json", "e.json"}},
		{"breaks off", map[string][]byte{"d.json": []byte(`{"nomorAju":"X","nomor`), "a.jpg": good}, "sidecar_invalid", []string{"breaks off"}},
		{"empty sidecar", map[string][]byte{"d.json": nil, "a.jpg": good}, "sidecar_invalid", []string{"empty"}},
		{"empty image", map[string][]byte{"d.json": side("X").json(), "a.jpg": good, "b.jpg": nil}, "image_invalid", []string{"b.jpg is empty"}},
		{"truncated JPEG", map[string][]byte{"d.json": side("X").json(), "a.jpg": good[:len(good)-100]}, "image_invalid", []string{"a.jpg breaks off"}},
		{"truncated PNG", map[string][]byte{"d.json": side("X").json(), "a.png": pic(1)[:len(pic(1))-20]}, "image_invalid", []string{"a.png breaks off"}},
		{"text named jpg", map[string][]byte{"d.json": side("X").json(), "a.jpg": good, "b.JPG": []byte("hello")}, "image_invalid", []string{"b.JPG is no image"}},
	}
	r := newRig(t, simulator.Options{})
	r.start()
	for i, c := range cases {
		r.drop(fmt.Sprintf("bad%02d", i), c.files)
	}
	r.drop("good", map[string][]byte{"d.json": side("GOOD").json(), "a.jpg": good})
	r.await("good", upload.StateSent)
	for i, c := range cases {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			set := fmt.Sprintf("bad%02d", i)
			st := r.await(set, upload.StateFailed)
			if st.Error == nil || st.Error.Code != c.code || st.Error.Action == "" {
				t.Fatalf("error %+v", st.Error)
			}
			for _, s := range c.says {
				if !strings.Contains(st.Error.Message, s) {
					t.Errorf("the reason does not say %q: %s", s, st.Error.Message)
				}
			}
			want := []string{}
			for name := range c.files {
				want = append(want, name)
			}
			slices.Sort(want)
			if got := below(t, filepath.Join(r.out, "failed", set)); !slices.Equal(got, want) {
				t.Errorf("failed holds %v, want %v", got, want)
			}
			if _, err := os.Stat(filepath.Join(r.out, "failed", set+".error.json")); err != nil {
				t.Error(err)
			}
		})
	}
	if c := r.sim.Counts(); c.Requests[simulator.Kirim] != 1 {
		t.Errorf("requests %v", c.Requests)
	}
	r.until("the inbox is empty", func() bool { return len(below(t, r.inbox)) == 0 })
}

// TestOddButGoodInput: what looks unusual and is right is sent.
func TestOddButGoodInput(t *testing.T) {
	car := func(aju string) string { return string(side(aju).json()) }
	utf16le := func(s string) []byte {
		var b bytes.Buffer
		b.Write([]byte{0xFF, 0xFE})
		must(t, binary.Write(&b, binary.LittleEndian, utf16.Encode([]rune(s))))
		return b.Bytes()
	}
	utf16be := func(s string) []byte {
		var b bytes.Buffer
		must(t, binary.Write(&b, binary.BigEndian, utf16.Encode([]rune(s))))
		return b.Bytes()
	}
	long := strings.Repeat("n", 196) + ".jpg"
	cases := []struct {
		aju     string
		sidecar []byte
		image   string
	}{
		{"V0", utf16le(car("V0")), "a.jpg"},
		{"V1", utf16be(car("V1")), "a.jpg"},
		{"V2", append([]byte("\xEF\xBB\xBF"), car("V2")...), "a.jpg"},
		{"V3", []byte(strings.ReplaceAll(car("V3"), ",", ",\r\n") + "\r\n"), "a.jpg"},
		{"V4", []byte(`{"nomorAju":"V4","nomorAju":"V4","nomorBlAwb":" B ","tanggalBlAwb":"2024-02-29","kodeKantor":"1","images":null,"nested":{"nomorAju":"no"}}`), "a.jpg"},
		{"V5", []byte(car("V5")), "with spaces (1).jpg"},
		{"V6", []byte(car("V6")), norm.NFD.String("é.jpg")},
		{"V7", side("V7", norm.NFC.String("café.jpg")).json(), norm.NFD.String("café.jpg")},
		{"V8", []byte(car("V8")), long},
		{"V9", []byte(car("V9")), "gambar-日本-ü.jpg"},
	}
	if runtime.GOOS != "windows" { // names that Windows itself does not take
		cases = append(cases, struct {
			aju     string
			sidecar []byte
			image   string
		}{"VA", []byte(car("VA")), "CON.jpg"}, struct {
			aju     string
			sidecar []byte
			image   string
		}{"VB", []byte(car("VB")), `a"b;c\d:e.jpg`})
	}
	r := newRig(t, simulator.Options{})
	r.start()
	for i, c := range cases {
		r.drop("odd"+c.aju, map[string][]byte{"d.json": c.sidecar, c.image: jpg(i)})
	}
	for i, c := range cases {
		r.await("odd"+c.aju, upload.StateSent)
		r.once(c.aju, jpg(i))
		if got := r.sentFiles(); !slices.Contains(got, "odd"+c.aju+"/"+c.image) {
			t.Errorf("%s: the original %q is not in sent/: %v", c.aju, c.image, got)
		}
	}
	for _, p := range r.sim.Photos("V6") {
		if p.Name != norm.NFC.String("é.jpg") {
			t.Errorf("sent as %q", p.Name)
		}
	}
}

// TestNamesStayInTheirFolders: a set may be called what it likes.
func TestNamesStayInTheirFolders(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows itself does not take such names")
	}
	r := newRig(t, simulator.Options{})
	r.start()
	for i, name := range []string{"CON", `a:b|c`, "ends with dot.", "über " + strings.Repeat("x", 190), `up\..\up`} {
		aju := fmt.Sprintf("W%d", i)
		r.drop(name, map[string][]byte{"d.json": side(aju).json(), "a.jpg": jpg(i)})
		r.until(name+" is sent", func() bool { return len(r.sim.Photos(aju)) == 1 })
	}
	r.until("the inbox is empty", func() bool { return len(below(t, r.inbox)) == 0 })
	r.until("each has its status", func() bool { return len(below(t, filepath.Join(r.out, "status"))) == 5 })
	entries, err := os.ReadDir(r.out)
	must(t, err)
	for _, e := range entries {
		if !slices.Contains([]string{"sent", "status", "failed"}, e.Name()) {
			t.Errorf("%q lies in the outbox", e.Name())
		}
	}
}

// TestHugeSparseFileIsNoImage: 4 GiB of nothing cost nothing.
func TestHugeSparseFileIsNoImage(t *testing.T) {
	r := newRig(t, simulator.Options{})
	tmp := filepath.Join(r.dir, "staged")
	must(t, os.Mkdir(tmp, 0o755))
	must(t, os.WriteFile(filepath.Join(tmp, "d.json"), side("X").json(), 0o644))
	f, err := os.Create(filepath.Join(tmp, "a.jpg"))
	must(t, err)
	if err := f.Truncate(4 << 30); err != nil {
		t.Skipf("this file system has no sparse files: %v", err)
	}
	must(t, f.Close())
	r.start()
	must(t, os.Rename(tmp, filepath.Join(r.inbox, "huge")))
	st := r.await("huge", upload.StateFailed)
	if st.Error.Code != "image_invalid" || !strings.Contains(st.Error.Message, "a.jpg is no image") {
		t.Errorf("error %+v", st.Error)
	}
}

// TestHalfWrittenImageThatIsCompletedInTime is not broken.
func TestHalfWrittenImageThatIsCompletedInTime(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.tune = func(o *upload.Options) { o.Patience = time.Minute }
	r.start()
	whole := jpg(3)
	r.put("H.json", side("HW").json())
	r.put("H_1.jpg", whole[:300])
	r.waitsFor("H", "H_1.jpg")
	r.put("H_1.jpg", whole)
	r.await("H", upload.StateSent)
	r.once("HW", whole)
}

// TestUnreadableImageWaitsWithAReason and takes nothing else along.
func TestUnreadableImageWaitsWithAReason(t *testing.T) {
	if runtime.GOOS == "windows" || os.Geteuid() == 0 {
		t.Skip("no file is unreadable for this user")
	}
	r := newRig(t, simulator.Options{})
	r.drop("R", map[string][]byte{"d.json": side("R1").json(), "a.jpg": jpg(1)})
	must(t, os.Chmod(filepath.Join(r.inbox, "R", "a.jpg"), 0))
	r.start()
	r.drop("S", map[string][]byte{"d.json": side("S1").json(), "a.jpg": jpg(2)})
	r.await("S", upload.StateSent)
	st := r.await("R", upload.StateWaiting)
	if !slices.Contains(st.WaitingFor, "R/a.jpg") {
		t.Errorf("waiting for %v", st.WaitingFor)
	}
	if st.Error == nil || st.Error.Code != "disk" || !strings.Contains(st.Error.Message, "R/a.jpg") || st.Error.Action == "" {
		t.Errorf("error %+v", st.Error)
	}
	must(t, os.Chmod(filepath.Join(r.inbox, "R", "a.jpg"), 0o644))
	r.await("R", upload.StateSent)
	r.once("R1", jpg(1))
}

// TestOutboxThatCannotBeWritten: nothing is lost, the photos go out, and the files follow when there is room again.
func TestOutboxThatCannotBeWritten(t *testing.T) {
	r := newRig(t, simulator.Options{})
	must(t, os.WriteFile(r.out, []byte("a file where the folder should be"), 0o644))
	r.start()
	r.drop("O", map[string][]byte{"d.json": side("O1").json(), "a.jpg": jpg(1)})
	r.until("the photo is sent", func() bool { return len(r.sim.Photos("O1")) == 1 })
	r.until("the lists say why it waits", func() bool {
		sets, _, err := r.p.Sets(t.Context(), upload.Query{ID: "lane-1/O"})
		return err == nil && len(sets) == 1 && sets[0].State == upload.StateRetrying && sets[0].Error != nil && sets[0].Error.Code == "disk"
	})
	if got := below(t, r.inbox); len(got) != 2 {
		t.Errorf("inbox holds %v", got)
	}
	must(t, os.Remove(r.out))
	r.await("O", upload.StateSent)
	r.once("O1", jpg(1))
}
