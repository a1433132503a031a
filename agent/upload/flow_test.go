package upload_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"kurir/agent/simulator"
	"kurir/agent/upload"
)

func TestFolderSetIsSentOnceAndArchived(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.start()
	r.drop("AWB1", map[string][]byte{"data.json": side("A1").json(), "a.jpg": jpg(1), "deep/b.png": pic(2), "notes.txt": []byte("hello")})
	st := r.await("AWB1", upload.StateSent)
	r.once("A1", jpg(1), pic(2))
	if got := below(t, r.inbox); len(got) != 0 {
		t.Errorf("inbox still holds %v", got)
	}
	want := []string{"AWB1.receipt.json", "AWB1/a.jpg", "AWB1/data.json", "AWB1/deep/b.png", "AWB1/notes.txt"}
	if got := r.sentFiles(); !slices.Equal(got, want) {
		t.Errorf("sent holds %v, want %v", got, want)
	}
	if len(st.Images) != 2 || st.Images[0].State != "sent" || st.Images[0].Via != "kirim" || st.Attempts != 1 || len(st.Response) == 0 {
		t.Errorf("status %+v", st)
	}
	if !slices.Equal(st.OtherFiles, []string{"notes.txt"}) {
		t.Errorf("other files %v", st.OtherFiles)
	}
	if c := r.sim.Counts(); c.Requests[simulator.Kirim] != 1 || c.Requests[simulator.Add] != 0 || c.Requests[simulator.Get] != 0 {
		t.Errorf("requests %v", c.Requests)
	}
}

func TestStemSetsBesideOneAnother(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.put("X.jpg", jpg(1))
	r.put("X_1.jpg", jpg(2))
	r.put("X_1-a.png", pic(3))
	r.put("X (2).jpg", jpg(4))
	r.put("X_1.json", side("B1").json())
	r.put("X.json", side("B0").json())
	r.start()
	r.await("X", upload.StateSent)
	r.await("X_1", upload.StateSent)
	r.once("B0", jpg(1), jpg(4))
	r.once("B1", jpg(2), pic(3))
}

// TestImageWrittenSlowlyIsNeverReadBeforeItsEnd: 100 KB every 300 ms, with pauses of 1 s, by a writer that keeps the file
// open. What is there already looks like a whole picture all the time.
func TestImageWrittenSlowlyIsNeverReadBeforeItsEnd(t *testing.T) {
	if runtime.GOOS == "darwin" {
		t.Skip("this system does not tell who has a file open for writing")
	}
	t.Parallel()
	r := newRig(t, simulator.Options{})
	r.start()
	r.put("S.json", side("C1").json())
	f, err := os.Create(filepath.Join(r.inbox, "S_1.jpg"))
	must(t, err)
	whole := jpg(1)
	for i, pause := range []int{300, 300, 1000, 300, 1000, 300} {
		part := append(bytes.Repeat([]byte{byte(i)}, 100<<10), 0xFF, 0xD9)
		if i == 0 {
			part, whole = append(slices.Clone(whole), part...), nil
		}
		_, err := f.Write(part)
		must(t, err)
		whole = append(whole, part...)
		<-time.After(time.Duration(pause) * time.Millisecond) // the writer's own pace
		if st := r.status("S"); st.State != "" && st.State != upload.StateWaiting {
			t.Fatalf("%s while the image is still being written", st.State)
		}
	}
	must(t, f.Close())
	r.await("S", upload.StateSent)
	r.once("C1", whole)
}

// TestListedSetNeedNotSettle: a set that lists its images and is dropped by rename waits neither for settle nor for a
// rescan. Both are an hour here.
func TestListedSetNeedNotSettle(t *testing.T) {
	if runtime.GOOS == "darwin" {
		t.Skip("without the writer check every file must rest for settle")
	}
	r := newRig(t, simulator.Options{})
	r.in.Settle, r.rescan = time.Hour, time.Hour
	r.start()
	r.drop("Q", map[string][]byte{"data.json": side("Q1", "a.jpg", "b.png").json(), "a.jpg": jpg(1), "b.png": pic(2)})
	r.await("Q", upload.StateSent)
	r.once("Q1", jpg(1), pic(2))
}

func TestListedSetWaitsForExactlyWhatItLists(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.start()
	r.drop("L", map[string][]byte{"data.json": side("D1", "one.jpg", `sub\two.png`).json(), "one.jpg": jpg(1)})
	if st := r.waitsFor("L", "sub/two.png"); st.Note == "" {
		t.Error("it does not say why")
	}
	r.put("L/sub/two.png", pic(2))
	r.await("L", upload.StateSent)
	r.once("D1", jpg(1), pic(2))
}

func TestListedStemSetTakesFilesOfAnyName(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.start()
	r.put("front.jpg", jpg(1))
	r.put("back.jpg", jpg(2))
	r.put("P.json", side("D2", "front.jpg", "back.jpg").json())
	r.await("P", upload.StateSent)
	r.once("D2", jpg(1), jpg(2))
	if got := below(t, r.inbox); len(got) != 0 {
		t.Errorf("inbox still holds %v", got)
	}
}

func TestMarkerCompletesASetAndIsDeleted(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.in.DoneMarker, r.in.Settle = "{name}.done", 50*time.Millisecond
	r.start()
	r.drop("F", map[string][]byte{"data.json": side("E1").json(), "a.jpg": jpg(1)})
	r.put("G.json", side("E2").json())
	r.put("G_1.jpg", jpg(2))
	r.waitsFor("F", "F.done")
	r.await("G", upload.StateWaiting)
	r.put("F.done", nil)
	r.put("G.done", nil)
	r.await("F", upload.StateSent)
	r.await("G", upload.StateSent)
	r.until("the inbox is empty", func() bool { return len(below(t, r.inbox)) == 0 })
	for _, f := range r.sentFiles() {
		if strings.HasSuffix(f, ".done") {
			t.Errorf("marker %s was archived", f)
		}
	}
	r.drop("H", map[string][]byte{"data.json": side("E3").json(), "a.jpg": jpg(3), "H.done": nil})
	r.await("H", upload.StateSent)
}

func TestMinImagesDefaultsAndFields(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.in.MinImages = 2
	r.in.Defaults = map[string]string{"kodeKantor": "050100"}
	r.in.Fields = map[string]string{"nomorBlAwb": "awb"}
	r.start()
	r.put("M.json", []byte(`{"NOMORAJU":"F1","AWB":"CN77","nomorBlAwb":"other","tanggalBlAwb":"2025-01-02","extra":{"x":1}}`))
	r.put("M_1.jpg", jpg(1))
	r.waitsFor("M", "1 more image")
	r.put("M_2.jpg", jpg(2))
	st := r.await("M", upload.StateSent)
	if st.NomorBlAwb != "CN77" || st.KodeKantor != "050100" {
		t.Errorf("sent as %s at %s", st.NomorBlAwb, st.KodeKantor)
	}
	if d := r.sim.Declarations(); len(d) != 1 || d[0].NomorBlAwb != "CN77" || d[0].KodeKantor != "050100" {
		t.Errorf("the server has %+v", d)
	}
}

func TestLateImagesJoinTheirSet(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.start()
	r.put("T.json", side("G1").json())
	r.put("T_1.jpg", jpg(1))
	r.drop("U", map[string][]byte{"data.json": side("G2").json(), "a.jpg": jpg(2)})
	r.await("T", upload.StateSent)
	r.await("U", upload.StateSent)
	r.put("T_2.jpg", jpg(3))
	r.put("U/b.jpg", jpg(4))
	r.until("the late images are sent", func() bool { return len(r.status("T").Images) == 2 && len(r.status("U").Images) == 2 })
	for _, set := range []string{"T", "U"} {
		st := r.await(set, upload.StateSent)
		if st.Images[1].Via != "add" || st.Images[1].State != "sent" {
			t.Errorf("%s: late image %+v", set, st.Images[1])
		}
	}
	r.once("G1", jpg(1), jpg(3))
	r.once("G2", jpg(2), jpg(4))
	r.until("the inbox is empty", func() bool { return len(below(t, r.inbox)) == 0 })
	want := []string{"T.receipt.json", "T/T.json", "T/T_1.jpg", "T~2.receipt.json", "T~2/T_2.jpg",
		"U.receipt.json", "U/a.jpg", "U/data.json", "U~2.receipt.json", "U~2/b.jpg"}
	if got := r.sentFiles(); !slices.Equal(got, want) {
		t.Errorf("sent holds %v, want %v", got, want)
	}
}

func TestSameContentIsNeverSentTwice(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.start()
	r.drop("one", map[string][]byte{"data.json": side("H1").json(), "a.jpg": jpg(1), "copy of a.jpg": jpg(1), "b.jpg": jpg(2)})
	st := r.await("one", upload.StateSent)
	if n := count(st, "duplicate"); n != 1 {
		t.Errorf("%d duplicates within the set, want 1", n)
	}
	r.drop("two", map[string][]byte{"data.json": side("H1").json(), "b again.jpg": jpg(2)})
	st = r.await("two", upload.StateSent)
	if count(st, "duplicate") != 1 || st.Images[0].Of != "b.jpg" {
		t.Errorf("images %+v", st.Images)
	}
	for range 2 { // the same set dropped again
		r.drop("one", map[string][]byte{"data.json": side("H1").json(), "a.jpg": jpg(1), "copy of a.jpg": jpg(1), "b.jpg": jpg(2)})
		r.until("the set and its folder are gone", func() bool {
			left, err := os.ReadDir(r.inbox)
			return err == nil && len(left) == 0
		})
		r.await("one", upload.StateSent)
	}
	r.once("H1", jpg(1), jpg(2))
	if c := r.sim.Counts(); c.Requests[simulator.Kirim]+c.Requests[simulator.Add] != 1 {
		t.Errorf("requests %v", c.Requests)
	}
}

func TestSameNameWithOtherContentGetsANumber(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.start()
	r.drop("N1", map[string][]byte{"data.json": side("I1").json(), "x/scan.jpg": jpg(1), "y/scan.jpg": jpg(2)})
	r.await("N1", upload.StateSent)
	r.drop("N2", map[string][]byte{"data.json": side("I1").json(), "SCAN.jpg": jpg(3)})
	r.await("N2", upload.StateSent)
	r.once("I1", jpg(1), jpg(2), jpg(3))
	var names []string
	for _, p := range r.sim.Photos("I1") {
		names = append(names, p.Name)
	}
	slices.Sort(names)
	if want := []string{"SCAN~3.jpg", "scan.jpg", "scan~2.jpg"}; !slices.Equal(names, want) {
		t.Errorf("names %v, want %v", names, want)
	}
}

func TestScannerThatReusesItsNames(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.start()
	for i := range 3 {
		aju := fmt.Sprintf("J%d", i)
		r.put("myscan0001.jpg", jpg(i))
		r.put("myscan0001.json", side(aju).json())
		r.until(aju+" is sent", func() bool { st := r.status("myscan0001"); return st.State == "sent" && st.NomorAju == aju })
		r.once(aju, jpg(i))
		r.until("the inbox is empty", func() bool { return len(below(t, r.inbox)) == 0 })
	}
	if got := r.sentFiles(); len(got) != 9 {
		t.Errorf("sent holds %v", got)
	}
}

func TestManyImagesAreSplitIntoRequests(t *testing.T) {
	r := newRig(t, simulator.Options{Faults: []simulator.Rule{
		{Op: simulator.Any, OverImages: 4, Do: simulator.DoStatus, Status: 413},
	}})
	r.in.MaxImages = 7
	r.start()
	files := map[string][]byte{"data.json": side("K1").json()}
	var all [][]byte
	for i := range 23 {
		all = append(all, jpg(i))
		files[fmt.Sprintf("%02d.jpg", i)] = jpg(i)
	}
	r.drop("big", files)
	st := r.await("big", upload.StateSent)
	r.once("K1", all...)
	if len(st.Images) != 23 || count(st, "sent") != 23 {
		t.Errorf("images %d, sent %d", len(st.Images), count(st, "sent"))
	}
	c := r.sim.Counts()
	if c.Requests[simulator.Kirim] != 2 || c.Requests[simulator.Add] != 5 { // 7 refused; then 4 and 5 times 4 or less
		t.Errorf("requests %v", c.Requests)
	}
}

func TestRequestsStayBelowTheirBytes(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.in.MaxBytes = int64(2*len(jpg(1)) + 2*600)
	r.start()
	r.drop("bytes", map[string][]byte{"data.json": side("K2").json(), "1.jpg": jpg(1), "2.jpg": jpg(2), "3.jpg": jpg(3)})
	r.await("bytes", upload.StateSent)
	r.once("K2", jpg(1), jpg(2), jpg(3))
	if c := r.sim.Counts(); c.Requests[simulator.Kirim] != 1 || c.Requests[simulator.Add] != 1 {
		t.Errorf("requests %v", c.Requests)
	}
}

func TestOnSentDeleteKeepsTheReceipt(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.in.Delete = true
	r.start()
	r.drop("del", map[string][]byte{"data.json": side("L1").json(), "a.jpg": jpg(1), "a.txt": []byte("x")})
	r.await("del", upload.StateSent)
	if got := r.sentFiles(); !slices.Equal(got, []string{"del.receipt.json"}) {
		t.Errorf("sent holds %v", got)
	}
	if got := below(t, r.inbox); len(got) != 0 {
		t.Errorf("inbox still holds %v", got)
	}
}

func TestUnfinishedFilesStayWithTheirFolder(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.in.Ignore = []string{"*.bak"}
	r.start()
	r.drop("W", map[string][]byte{"data.json": side("M1").json(), "a.jpg": jpg(1), "b.jpg.part": jpg(2)[:50],
		"Thumbs.db": []byte("x"), "old.bak": []byte("y")})
	r.await("W", upload.StateSent)
	if got := below(t, r.inbox); !slices.Equal(got, []string{"W/Thumbs.db", "W/b.jpg.part", "W/old.bak"}) {
		t.Errorf("inbox holds %v", got)
	}
	must(t, os.WriteFile(filepath.Join(r.inbox, "W", "b.jpg.part"), jpg(2), 0o644))
	must(t, os.Rename(filepath.Join(r.inbox, "W", "b.jpg.part"), filepath.Join(r.inbox, "W", "b.jpg")))
	r.until("the late image is sent", func() bool { return len(r.sim.Photos("M1")) == 2 })
	r.once("M1", jpg(1), jpg(2))
}

func TestTwoInboxesOneOutboxSameName(t *testing.T) {
	r := newRig(t, simulator.Options{})
	second := r.in
	second.Name, second.Root = "lane-2", filepath.Join(r.dir, "in2")
	must(t, os.Mkdir(second.Root, 0o755))
	r.more = append(r.more, second)
	r.start()
	r.drop("Z", map[string][]byte{"data.json": side("N1").json(), "a.jpg": jpg(1)})
	st := r.await("Z", upload.StateSent)
	must(t, os.MkdirAll(filepath.Join(second.Root, "Z"), 0o755))
	must(t, os.WriteFile(filepath.Join(second.Root, "Z", "d.json"), side("N2").json(), 0o644))
	must(t, os.WriteFile(filepath.Join(second.Root, "Z", "a.jpg"), jpg(2), 0o644))
	other := r.await("Z~2", upload.StateSent)
	if st.ID != "lane-1/Z" || other.ID != "lane-2/Z" || r.status("Z").ID != "lane-1/Z" {
		t.Errorf("ids %s and %s", st.ID, other.ID)
	}
	want := []string{"Z.receipt.json", "Z/a.jpg", "Z/data.json", "Z~2.receipt.json", "Z~2/a.jpg", "Z~2/d.json"}
	if got := r.sentFiles(); !slices.Equal(got, want) {
		t.Errorf("sent holds %v, want %v", got, want)
	}
}

func TestMovingAFailedSetBackTriesAgain(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.start()
	r.put("Q_1.jpg", jpg(1))
	r.put("Q.json", []byte(`{"nomorAju":"O1","tanggalBlAwb":"30-09-2025","kodeKantor":"009000"}`))
	st := r.await("Q", upload.StateFailed)
	if st.Error == nil || st.Error.Code != "sidecar_invalid" || st.Error.Action == "" ||
		!strings.Contains(st.Error.Message, "nomorBlAwb is missing") || !strings.Contains(st.Error.Message, "30-09-2025") {
		t.Errorf("error %+v", st.Error)
	}
	failed := filepath.Join(r.out, "failed")
	if got := below(t, failed); !slices.Equal(got, []string{"Q.error.json", "Q/Q.json", "Q/Q_1.jpg"}) {
		t.Fatalf("failed holds %v", got)
	}
	must(t, os.WriteFile(filepath.Join(failed, "Q", "Q.json"), side("O1").json(), 0o644))
	must(t, os.Rename(filepath.Join(failed, "Q"), filepath.Join(r.inbox, "Q")))
	r.await("Q", upload.StateSent)
	r.once("O1", jpg(1))
	if got := below(t, failed); len(got) != 0 {
		t.Errorf("failed still holds %v", got)
	}
}

func count(st upload.Status, state string) int {
	n := 0
	for _, im := range st.Images {
		if im.State == state {
			n++
		}
	}
	return n
}
