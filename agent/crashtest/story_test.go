//go:build linux

package crashtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"kurir/agent/simulator"
)

// set is one photo set of the workload, and how it has to end.
type set struct {
	inbox, name, aju string
	photos           []string // names that the photos' contents are drawn from
	folder           bool     // a folder set; else a stem set
	list             bool     // the sidecar lists the photos
	sidecar          string   // instead of a good one
	note             bool     // more/notes.txt lies in its folder
	marker           string   // a file that says that the set is whole
	back             bool     // it is in failed/ and is moved back into the inbox, with the sidecar of now
	stays            bool     // it is in the inbox since the past
	lateFails        bool     // a late photo of it was refused in the past
	end              string   // sent, deleted or failed; of the past also retrying
}

// lateName is the photo that was refused after the set had been sent.
func (s set) lateName() string { return s.name + "_9.png" }

// past is what has happened before the story begins: "mended" and "worse" have no nomorAju, three are refused by the server.
var past = []set{
	{inbox: "lane", name: "before", aju: "AJU-BEFORE", photos: []string{"b1", "b2"}, folder: true, list: true, end: "sent"},
	{inbox: "lane", name: "back", aju: "AJU-BACK", photos: []string{"k1"}, folder: true, list: true, end: "failed"},
	{inbox: "lane", name: "mended", photos: []string{"m1"}, folder: true, sidecar: `{"nomorBlAwb":"X"}`, end: "failed"},
	{inbox: "lane", name: "worse", photos: []string{"v1"}, folder: true, sidecar: `{"nomorBlAwb":"Y"}`, end: "failed"},
	{inbox: "lane", name: "redo", aju: "AJU-REDO", photos: []string{"o1"}, folder: true, list: true, end: "failed"},
	{inbox: "far", name: "farback", aju: "AJU-FARBACK", photos: []string{"y1", "y2"}, folder: true, list: true, note: true, end: "failed"},
	{inbox: "lane", name: "slow", aju: "AJU-SLOW", photos: []string{"g1"}, folder: true, list: true, end: "retrying"},
	{inbox: "lane", name: "twice", aju: "AJU-TWICE", photos: []string{"t1"}, folder: true, list: true, lateFails: true, end: "sent"},
	{inbox: "old", name: "ancient", aju: "AJU-ANCIENT", photos: []string{"a1"}, folder: true, list: true, end: "sent"},
}

// now is what is dropped before the agent that is to be killed starts.
var now = []set{
	{inbox: "lane", name: "fold", aju: "AJU-FOLD", photos: []string{"f1", "f2", "f3"}, folder: true, list: true, end: "sent"},
	{inbox: "lane", name: "stem", aju: "AJU-STEM", photos: []string{"s1"}, end: "sent"},
	{inbox: "lane", name: "again", aju: "AJU-BEFORE", photos: []string{"b1", "b2"}, folder: true, list: true, end: "sent"},
	{inbox: "lane", name: "later", aju: "AJU-LATER", photos: []string{"l1"}, folder: true, list: true, end: "sent"},
	{inbox: "lane", name: "unsure", aju: "AJU-UNSURE", photos: []string{"u1", "u2"}, list: true, end: "sent"},
	{inbox: "lane", name: "refused", aju: "AJU-REFUSED", photos: []string{"r1"}, folder: true, list: true, end: "failed"},
	{inbox: "lane", name: "bad", photos: []string{"x1"}, folder: true, sidecar: `{"nomorAju":5}`, end: "failed"},
	{inbox: "lane", name: "back", aju: "AJU-BACK", photos: []string{"k1"}, folder: true, list: true, back: true, end: "sent"},
	{inbox: "lane", name: "mended", aju: "AJU-MENDED", photos: []string{"m1"}, folder: true, back: true, end: "sent"},
	{inbox: "lane", name: "worse", photos: []string{"v1"}, folder: true, sidecar: `{"nomorBlAwb":"Z"}`, back: true, end: "failed"},
	{inbox: "lane", name: "slow", aju: "AJU-SLOW", photos: []string{"g1"}, folder: true, list: true, stays: true, end: "sent"},
	{inbox: "gone", name: "del", aju: "AJU-DEL", photos: []string{"d1", "d2"}, folder: true, list: true, end: "deleted"},
	{inbox: "mark", name: "marked", aju: "AJU-MARKED", photos: []string{"q1"}, marker: "marked.done", end: "sent"},
	{inbox: "far", name: "far", aju: "AJU-FAR", photos: []string{"w1", "w2"}, folder: true, list: true, note: true, end: "sent"},
}

// Photos that come without a sidecar for the set "before" after it was sent: one in the past, one now.
const (
	latePast = "before_3.png"
	lateNow  = "before_4.png"
)

// The numbers. The list of now has that of the past again, and a line that is no number.
const (
	pastCar   = "05030100000000000000004710"
	livingCar = "05030100000000000000004711"
	askedCar  = "05030100000000000000004712"
	pastText  = pastCar + "\n"
	listText  = simulator.PublishedCar + "\n" + livingCar + "\n" + pastCar + "\nnot a number\n"
	badList   = "this is no workbook"
)

// faultsThen are the server's in the past, faultsNow those of the story.
var (
	faultsThen = []simulator.Rule{
		{Op: simulator.Kirim, NomorAju: "AJU-BACK", Do: simulator.DoStatus, Status: http.StatusBadRequest},
		{Op: simulator.Kirim, NomorAju: "AJU-REDO", Do: simulator.DoStatus, Status: http.StatusBadRequest},
		{Op: simulator.Kirim, NomorAju: "AJU-FARBACK", Do: simulator.DoStatus, Status: http.StatusBadRequest},
		{Op: simulator.Add, NomorAju: "AJU-TWICE", Do: simulator.DoStatus, Status: http.StatusBadRequest},
		{Op: simulator.Kirim, NomorAju: "AJU-SLOW", Do: simulator.DoStatus, Status: http.StatusNotFound},
	}
	faultsNow = []simulator.Rule{
		{Op: simulator.Kirim, NomorAju: "AJU-LATER", Do: simulator.DoStatus, Status: http.StatusNotFound, Count: 1},
		{Op: simulator.Kirim, NomorAju: "AJU-UNSURE", Do: simulator.DoStatus, When: simulator.WhenStored, Status: http.StatusInternalServerError, Count: 1},
		{Op: simulator.Kirim, NomorAju: "AJU-REFUSED", Do: simulator.DoStatus, Status: http.StatusBadRequest},
		{Op: simulator.Add, NomorAju: "AJU-FOLD", Do: simulator.DoCut, When: simulator.WhenBody, Count: 1},
		{Op: simulator.StatusRespon, Car: simulator.PublishedCar, Do: simulator.DoStatus, Status: http.StatusInternalServerError, Count: 1},
		{Op: simulator.GetResByCar, Car: simulator.PublishedCar, Do: simulator.DoTruncate, Count: 1},
	}
)

// story is one way in which it goes on: what happens before, what is run, and what comes of it besides now.
type story struct {
	name    string
	before  func(w *world) error
	command []string // run, and killed, before the agent; else it is the agent that is killed
	sets    []set
	cars    []string
}

var stories = []story{
	{name: "agent"},
	{name: "journal lost", before: func(w *world) error { return os.Remove(filepath.Join(w.dir, "data", "journal.db")) }},
	{name: "journal damaged", before: func(w *world) error {
		return os.WriteFile(filepath.Join(w.dir, "data", "journal.db"), []byte("no journal"), 0o600)
	}},
	{name: "retry", command: []string{"retry", "lane/redo", "far/farback", "lane/slow"}, sets: []set{ended(past[4], "sent"), ended(past[5], "sent")}},
	{name: "send", command: []string{"send", "--inbox", "lane", "desk/loose"}, sets: []set{
		{inbox: "lane", name: "loose", aju: "AJU-LOOSE", photos: []string{"p1", "p2", "p3"}, folder: true, end: "sent"},
	}, before: func(w *world) error { return w.put(filepath.Join(w.dir, "desk", "loose"), w.story.sets[0]) }},
	{name: "poll", command: []string{"poll", askedCar}, cars: []string{askedCar}},
}

func ended(s set, end string) set {
	s.end = end
	return s
}

// all are the sets of a story as they must be in the end.
func (st story) all() []set {
	var out []set
	for _, s := range slices.Concat(past, now, st.sets) {
		out = slices.DeleteFunc(out, func(o set) bool { return o.inbox == s.inbox && o.name == s.name })
		out = append(out, s)
	}
	return out
}

// allCars are the numbers that are done in the end.
func (st story) allCars() []string {
	return append([]string{simulator.PublishedCar, livingCar, pastCar}, st.cars...)
}

// config is the agent's. far is an outbox on another file system.
func config(url, far string) string {
	lane := func(name, outbox, more string) string {
		return fmt.Sprintf(`
  - {name: %s, kind: xray, path: in/%[1]s, outbox: %s, settle: 100ms, rescan: 500ms, max_images_per_request: 2,
     retry: {first: 50ms, max: 300ms, give_up_after: 1h, not_found_for: 1h}%s}`, name, outbox, more)
	}
	return fmt.Sprintf(`
data_dir: data
language: en
beacukai:
  base_url: %s/openapi/cnpibk
  timeout: 2s
  auth:
    login: {url: %[1]s/nle-oauth/v1/user/login, refresh_url: %[1]s/nle-oauth/v1/user/update-token, username: demo, password: demo}
t2g:
  base_url: %[1]s
  edinumber: "EDI0001"
  timeout: 2s
  auth: {token: demo-token}
inboxes:%s%s%s%s%s
  - {name: erp, kind: aju, path: in/erp, outbox: out/erp, settle: 100ms, rescan: 500ms, kode_dokumen: "30",
     poll: {first: 200ms, max: 500ms, factor: 2, give_up_after: 1d, done_status: ["120", "800", "900"], tail_every: 100ms}}
dashboard: {listen: ""}
`, url, lane("lane", "out/lane", ""), lane("gone", "out/gone", ", on_sent: delete"), lane("old", "out/old", ", keep_sent: 1ms"),
		lane("mark", "out/mark", `, done_marker: "{name}.done"`), lane("far", far, ""))
}

// photo is a small PNG, another for each name.
func photo(name string) []byte {
	m := image.NewGray(image.Rect(0, 0, 32, 16))
	for i := range m.Pix {
		if i%sha256.Size == 0 {
			sum := sha256.Sum256(fmt.Append(nil, name, i))
			copy(m.Pix[i:], sum[:])
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		panic(err) // into memory: cannot happen
	}
	return b.Bytes()
}

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// files are what the set consists of, by path relative to the set's own folder, without its marker.
func (s set) files() map[string][]byte {
	out := map[string][]byte{}
	side := map[string]any{"nomorAju": s.aju, "nomorBlAwb": "BL-" + s.aju, "tanggalBlAwb": "2025-09-30", "kodeKantor": "009000"}
	var names []string
	for i, p := range s.photos {
		name := fmt.Sprintf("%s_%d.png", s.name, i+1)
		names = append(names, name)
		out[name] = photo(p)
	}
	if s.list {
		side["images"] = names
	}
	b, err := json.Marshal(side)
	if err != nil {
		panic(err) // strings alone: cannot happen
	}
	if s.sidecar != "" {
		b = []byte(s.sidecar)
	}
	out[s.name+".json"] = b
	if s.note {
		out["more/notes.txt"] = []byte("notes of " + s.name)
	}
	return out
}

// drop puts a set into its inbox: a folder as a whole, other files one by one, the sidecar among them.
func (w *world) drop(s set) error {
	inbox := filepath.Join(w.dir, "in", s.inbox)
	if !s.folder {
		if err := w.put(inbox, s); err != nil || s.marker == "" {
			return err
		}
		return os.WriteFile(filepath.Join(inbox, s.marker), nil, 0o644)
	}
	stage := filepath.Join(w.dir, "stage", s.name)
	if s.back {
		failed := filepath.Join(w.outbox(s.inbox), "failed", s.name)
		if err := os.Rename(failed, stage); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(stage, s.name+".json"), s.files()[s.name+".json"], 0o644); err != nil {
			return err
		}
	} else if err := w.put(stage, s); err != nil {
		return err
	}
	return os.Rename(stage, filepath.Join(inbox, s.name))
}

// put writes the files of a set.
func (w *world) put(folder string, s set) error {
	for name, b := range s.files() {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(folder, name)), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, name), b, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// begin drops what the story begins with. Some files of a process that was killed long ago are there too.
func (w *world) begin() error {
	for _, s := range now {
		if s.stays {
			continue
		}
		if err := w.drop(s); err != nil {
			return err
		}
	}
	stale := filepath.Join(w.dir, "data", "token-beacukai.json.old.tmp")
	for name, b := range map[string][]byte{
		filepath.Join(w.dir, "in", "lane", lateNow):      photo("b4"),
		filepath.Join(w.dir, "in", "erp", "numbers.txt"): []byte(listText),
		filepath.Join(w.dir, "in", "erp", "broken.xlsx"): []byte(badList),
		filepath.Join(w.dir, "data", ".control-1.tmp"):   []byte("{"),
		filepath.Join(w.dir, "data", ".answer.1.tmp"):    []byte("{"),
		stale: []byte("{}"),
	} {
		if err := os.WriteFile(name, b, 0o644); err != nil {
			return err
		}
	}
	if err := os.Chtimes(stale, time.Unix(0, 0), time.Unix(0, 0)); err != nil {
		return err
	}
	if w.story.before == nil {
		return nil
	}
	return w.story.before(w)
}
