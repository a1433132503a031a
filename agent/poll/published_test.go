package poll

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// The published example: first without the response of eight weeks later, then with it.
func TestPublishedExample(t *testing.T) {
	var status, responses map[string]any
	mustJSON(t, read(t, filepath.Join("testdata", "statusrespon.json")), &status)
	mustJSON(t, read(t, filepath.Join("testdata", "getresbycar.json")), &responses)
	early, earlyResponses := without2090(t, status, responses)

	r := newRig(t)
	r.server.set(answer(early), answer(earlyResponses))
	r.start()
	if err := r.drop("daily.txt", car1+"\n"); err != nil {
		t.Fatal(err)
	}
	doc := r.await(car1, "done", func(d Document) bool { return d.State == Done })
	if len(doc.Responses) != 2 || len(doc.Statuses) != 9 || doc.Polls != 1 {
		t.Fatalf("got %d responses, %d statuses, %d polls", len(doc.Responses), len(doc.Statuses), doc.Polls)
	}
	r.server.set(answer(read(t, filepath.Join("testdata", "statusrespon.json"))), answer(read(t, filepath.Join("testdata", "getresbycar.json"))))
	r.turn(testPace.TailEvery)
	doc = r.await(car1, "three responses", func(d Document) bool { return d.Polls == 2 })

	if doc.State != Done || doc.Status != "800" || doc.StatusUraian != "Selesai Proses" || doc.NomorDaftar != "641716" || doc.TanggalDaftar != "2024-03-01" {
		t.Errorf("got %+v", doc)
	}
	var notes, times []string
	for _, resp := range doc.Responses {
		if resp.PDF != "" {
			t.Errorf("%s has a PDF", resp.KodeRespon)
		}
		notes = append(notes, resp.KodeRespon+" "+resp.File+" "+resp.Note)
	}
	sentence := " Data dengan nomor aju " + car1 + " tidak ditemukan."
	want := []string{
		"2020 respon/2024-03-01_141902_2020.json" + sentence,
		"2003 respon/2024-03-01_142000_2003.json" + sentence,
		"2090 respon/2024-04-29_120318_2090.json" + sentence,
	}
	if !slices.Equal(notes, want) {
		t.Errorf("responses:\n got %s\nwant %s", strings.Join(notes, "\n"), strings.Join(want, "\n"))
	}
	for _, s := range doc.Statuses {
		times = append(times, s.KodeStatus)
	}
	if got := strings.Join(times, " "); got != "104 105 106 110 210 230 240 501 800" {
		t.Errorf("statuses in order of time: got %s", got)
	}
	wantFiles := []string{
		"getresbycar.json", "respon/2024-03-01_141902_2020.json", "respon/2024-03-01_141902_2020.res.json",
		"respon/2024-03-01_142000_2003.json", "respon/2024-03-01_142000_2003.res.json",
		"respon/2024-04-29_120318_2090.json", "status.json", "statusrespon.json",
	}
	if got := files(t, r.path("documents", car1)); !slices.Equal(got, wantFiles) {
		t.Errorf("files: got %v", got)
	}
	if got := read(t, r.path("documents", car1, "statusrespon.json")); got != read(t, filepath.Join("testdata", "statusrespon.json")) {
		t.Error("statusrespon.json is not verbatim")
	}
	checkDecoded(t, r, responses)
	if n := len(r.server.requests("getresbycar", "")); n != 2 {
		t.Errorf("getresbycar was asked %d times", n)
	}
	r.turn(testPace.TailFor)
	r.await(car1, "the tail ends", func(d Document) bool { return d.Polls == 3 && d.NextPollAt.IsZero() && d.State == Done })
	before := len(r.server.requests("", ""))
	r.turn(365 * 24 * time.Hour)
	if n := len(r.server.requests("", "")); n != before {
		t.Errorf("asked %d times more after the tail", n-before)
	}
}

// checkDecoded compares the files in respon/ with the published answer.
func checkDecoded(t *testing.T, r *rig, responses map[string]any) {
	t.Helper()
	for _, item := range responses["desc"].([]any) {
		hdr := item.(map[string]any)["reshdr"].(map[string]any)
		name := hdr["restg"].(string) + "_" + hdr["reswk"].(string) + "_" + hdr["reskd"].(string)
		if encoded, ok := hdr["res_encode"].(string); ok {
			want, err := base64.StdEncoding.DecodeString(encoded)
			if err != nil {
				t.Fatal(err)
			}
			if read(t, r.path("documents", car1, "respon", name+".res.json")) != string(want) {
				t.Errorf("%s.res.json is not what res_encode holds", name)
			}
			hdr["res_encode"] = name + ".res.json"
		}
		var got map[string]any
		mustJSON(t, read(t, r.path("documents", car1, "respon", name+".json")), &got)
		a, _ := json.Marshal(got)
		b, _ := json.Marshal(hdr)
		if string(a) != string(b) {
			t.Errorf("%s.json: got %s\nwant %s", name, a, b)
		}
	}
}

func mustJSON(t *testing.T, text string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), v); err != nil {
		t.Fatal(err)
	}
}

// without2090 returns both answers as they were before the last response.
func without2090(t *testing.T, status, responses map[string]any) (string, string) {
	t.Helper()
	encode := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	clone := func(v map[string]any) (out map[string]any) {
		mustJSON(t, encode(v), &out)
		return out
	}
	s, g := clone(status), clone(responses)
	data := s["desc"].(map[string]any)["data"].(map[string]any)
	data["dataRespon"] = slices.DeleteFunc(data["dataRespon"].([]any), func(v any) bool { return v.(map[string]any)["kodeRespon"] == "2090" })
	g["desc"] = slices.DeleteFunc(g["desc"].([]any), func(v any) bool {
		return v.(map[string]any)["reshdr"].(map[string]any)["reskd"] == "2090"
	})
	return encode(s), encode(g)
}

func answer(body string) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, _ string) { say200(w, body) }
}
