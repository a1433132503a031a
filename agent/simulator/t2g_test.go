package simulator_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"kurir/agent/simulator"
)

// ask sends a T2G request about car; kind is statusrespon or a document kind.
func ask(t testing.TB, url, kind, car string) reply {
	t.Helper()
	path, kode := "/getresbycar/"+kind, "20"
	if strings.HasPrefix(kind, "statusrespon") {
		path = "/api/getlog/statusrespon"
		if kind == "statusrespon30" {
			kode = "30"
		}
	}
	body := fmt.Sprintf(`{"edinumber":"EDI0001","car":%q,"kode_dokumen":%q}`, car, kode)
	r, err := sendBy(t, http.DefaultClient, http.MethodPost, url+path, "application/json", []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// carNumber is the n-th Aju number of a test.
func carNumber(n int) string { return fmt.Sprintf("050800000002202603%08d", n) }

func TestPublishedAnswers(t *testing.T) {
	_, url := start(t, simulator.Options{})
	for kind, file := range map[string]string{
		"statusrespon": "statusrespon.json", "bc30": "getresbycar.json", "bc20": "getresbycar.json",
	} {
		want := readFile(t, "published/"+file)
		r := ask(t, url, kind, simulator.PublishedCar)
		if r.status != 200 || r.body != string(want) || r.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %s", kind, r.status, r.body)
		}
	}
}

func TestT2GRefused(t *testing.T) {
	_, url := start(t, simulator.Options{})
	car := carNumber(1)
	full := `{"edinumber":"E","car":"` + car + `","kode_dokumen":"30"}`
	tests := []struct {
		name, path, contentType, body string
		status                        int
		want                          string
	}{
		{"no edinumber", "/getresbycar/bc30", "application/json", `{"car":"` + car + `"}`, 400, "edinumber is missing"},
		{"no car", "/getresbycar/bc30", "application/json", `{"edinumber":"E"}`, 400, "car is missing"},
		{"no kode_dokumen", "/api/getlog/statusrespon", "application/json", `{"edinumber":"E","car":"` + car + `"}`, 400, "kode_dokumen is missing"},
		{"car is a number", "/getresbycar/bc30", "application/json", `{"edinumber":"E","car":508}`, 400, "car must be a string"},
		{"car is short", "/getresbycar/bc30", "application/json", `{"edinumber":"E","car":"508"}`, 400, "26 letters and digits"},
		{"car has dashes", "/getresbycar/bc30", "application/json", strings.Replace(full, "0508", "05-8", 1), 400, "26 letters and digits"},
		{"no JSON", "/getresbycar/bc30", "application/json", "car=508", 400, "no JSON object"},
		{"a form", "/getresbycar/bc30", "application/x-www-form-urlencoded", "car=508", 400, "application/json"},
		{"too long", "/getresbycar/bc30", "application/json", strings.Repeat(" ", 1<<20), 400, "longer than"},
		{"no kind", "/getresbycar/", "application/json", full, 404, "no path"},
		{"complete", "/getresbycar/bc30", "application/json", full, 200, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := must(t, http.MethodPost, url+tt.path, tt.contentType, []byte(tt.body))
			if r.status != tt.status || !strings.Contains(r.body, tt.want) {
				t.Errorf("got %d %s", r.status, r.body)
			}
		})
	}
	r := must(t, http.MethodPost, url+"/getresbycar/bc30", "application/json", []byte(full), "Authorization", "")
	if r.status != 401 {
		t.Errorf("without a token: %d %s", r.status, r.body)
	}
	if r := must(t, http.MethodGet, url+"/api/getlog/statusrespon", "", nil); r.status != 405 || r.header.Get("Allow") != "POST" {
		t.Errorf("GET: %d %s", r.status, r.body)
	}
}

// flat is a text whatever it was in JSON: a string, a number; "" for null.
type flat string

func (f *flat) UnmarshalJSON(text []byte) error {
	*f = flat(strings.Trim(string(text), `"`))
	if *f == "null" {
		*f = ""
	}
	return nil
}

type statusReply struct {
	Status string
	Desc   struct {
		Data struct {
			Car        string
			Status     flat
			DataRespon []struct {
				KodeRespon flat
				PDF        string `json:"pdf_encoded"`
			}
			DataStatus []struct {
				KodeStatus, TanggalDaftar flat
				WaktuStatus               string
			}
		}
	}
}

type reshdr struct {
	Car, Restg, Reswk string
	Reskd             flat
	PDF               *string `json:"pdf_encoded"`
	Res               string  `json:"res_encode"`
}

// responses reads an answer of getresbycar in any of its forms.
func responses(t *testing.T, text string) []reshdr {
	t.Helper()
	type entry struct{ Reshdr reshdr }
	desc := decode[struct{ Desc json.RawMessage }](t, text).Desc
	var entries []entry
	switch desc[0] {
	case '"':
	case '{':
		entries = []entry{decode[entry](t, string(desc))}
	default:
		entries = decode[[]entry](t, string(desc))
	}
	var out []reshdr
	for _, e := range entries {
		out = append(out, e.Reshdr)
	}
	return out
}

// TestLife follows many documents from their first moment to long after their end.
func TestLife(t *testing.T) {
	c := newClock()
	_, url := start(t, simulator.Options{Now: c.Now})
	const documents = 60
	ends := map[flat]int{}
	forms := map[string]bool{}
	for n := range documents {
		kind := []string{"statusrespon", "statusrespon30"}[n%2]
		followLife(t, c, url, kind, carNumber(n), ends, forms)
	}
	for _, end := range []flat{"800", "120", "900"} {
		if ends[end] == 0 {
			t.Errorf("no document ended with %s: %v", end, ends)
		}
	}
	for _, form := range []string{"silence", "number", "zero date", "sentence", "null", "pdf", "res_encode", "late", "pdf in status"} {
		if !forms[form] {
			t.Errorf("no document had the form: %s", form)
		}
	}
}

func followLife(t *testing.T, c *clock, url, kind, car string, ends map[flat]int, forms map[string]bool) {
	t.Helper()
	known := map[string]string{} // by identity: a response never changes
	count, atEnd, final := 0, -1, flat("")
	for range 22 {
		text := ask(t, url, kind, car)
		if !strings.Contains(text.body, `"data"`) {
			forms["silence"] = true
			c.advance(2 * time.Second)
			continue
		}
		s := decode[statusReply](t, text.body)
		if len(s.Desc.Data.DataStatus) < count || s.Desc.Data.Car != car {
			t.Fatalf("%s: statuses went away: %s", car, text.body)
		}
		count = len(s.Desc.Data.DataStatus)
		noteForms(text.body, s, forms)
		got := responses(t, ask(t, url, "bc30", car).body)
		if len(got) != len(s.Desc.Data.DataRespon) {
			t.Fatalf("%s: %d responses in one answer, %d in the other", car, len(s.Desc.Data.DataRespon), len(got))
		}
		for _, r := range got {
			checkResponse(t, car, r, forms)
			id := r.Restg + r.Reswk + string(r.Reskd)
			sum := fmt.Sprint(r.PDF != nil, r.Res)
			if old, ok := known[id]; ok && old != sum {
				t.Fatalf("%s: response %s changed", car, id)
			}
			known[id] = sum
		}
		if final = s.Desc.Data.Status; (final == "800" || final == "120" || final == "900") && atEnd < 0 {
			atEnd = len(got)
		}
		c.advance(2 * time.Second)
	}
	ends[final]++
	forms["late"] = forms["late"] || len(known) > atEnd
	if atEnd < 0 || len(known) != atEnd+1 {
		t.Errorf("%s: %d responses at the end, %d at last; one must come later", car, atEnd, len(known))
	}
}

func noteForms(text string, s statusReply, forms map[string]bool) {
	forms["number"] = forms["number"] || strings.Contains(text, `"kodeStatus":1`)
	forms["zero date"] = forms["zero date"] || strings.Contains(text, `"0000-00-00"`)
	for _, r := range s.Desc.Data.DataRespon {
		forms["pdf in status"] = forms["pdf in status"] || r.PDF != ""
	}
}

func checkResponse(t *testing.T, car string, r reshdr, forms map[string]bool) {
	t.Helper()
	if r.Car != car {
		t.Fatalf("%s: a response of %s", car, r.Car)
	}
	switch {
	case r.PDF == nil:
		forms["null"] = true
	case strings.Contains(*r.PDF, "tidak ditemukan"):
		forms["sentence"] = true
	default:
		forms["pdf"] = true
		pdf, err := base64.StdEncoding.DecodeString(*r.PDF)
		if err != nil {
			t.Fatal(err)
		}
		checkPDF(t, pdf, car)
	}
	if r.Res == "" {
		return
	}
	forms["res_encode"] = true
	inner, err := base64.StdEncoding.DecodeString(r.Res)
	if err != nil {
		t.Fatal(err)
	}
	if got := responses(t, string(inner)); len(got) != 1 || got[0].Car != car || got[0].Reskd != r.Reskd {
		t.Errorf("%s: res_encode is %s", car, inner)
	}
}

var (
	xref   = regexp.MustCompile(`(?m)^(\d{10}) 00000 n $`)
	stream = regexp.MustCompile(`/Length (\d+) >>\nstream\n`)
)

// checkPDF reads the PDF as a reader does: from its end, by way of its table of objects.
func checkPDF(t *testing.T, pdf []byte, text string) {
	t.Helper()
	if !bytes.HasPrefix(pdf, []byte("%PDF-1.")) || !bytes.HasSuffix(pdf, []byte("%%EOF\n")) || !bytes.Contains(pdf, []byte(text)) {
		t.Fatalf("this is no PDF with %s: %q", text, pdf)
	}
	_, after, _ := bytes.Cut(pdf, []byte("startxref\n"))
	start, err := strconv.Atoi(string(after[:bytes.IndexByte(after, '\n')]))
	if err != nil || !bytes.HasPrefix(pdf[start:], []byte("xref\n0 6\n")) {
		t.Fatalf("startxref leads to nothing: %v", err)
	}
	entries := xref.FindAllSubmatch(pdf[start:], -1)
	if len(entries) != 5 {
		t.Fatalf("the table has %d objects", len(entries))
	}
	for i, e := range entries {
		at, _ := strconv.Atoi(string(e[1]))
		if !bytes.HasPrefix(pdf[at:], fmt.Appendf(nil, "%d 0 obj\n", i+1)) {
			t.Fatalf("object %d is not at %d", i+1, at)
		}
	}
	length := stream.FindSubmatchIndex(pdf)
	n, _ := strconv.Atoi(string(pdf[length[2]:length[3]]))
	if !bytes.HasPrefix(pdf[length[1]+n:], []byte("\nendstream")) {
		t.Fatal("the stream has another length than it says")
	}
}

// TestSpeed: a fast life is over soon, in the same order.
func TestSpeed(t *testing.T) {
	c := newClock()
	_, url := start(t, simulator.Options{Now: c.Now, Speed: 100})
	car := carNumber(1)
	ask(t, url, "statusrespon", car)
	c.advance(time.Second)
	s := decode[statusReply](t, ask(t, url, "statusrespon", car).body)
	if got := s.Desc.Data.Status; got != "800" && got != "120" && got != "900" {
		t.Errorf("after a second at a hundredfold speed the status is %s", got)
	}
}

// TestFaultsOfDocuments: the same script, by car; a foreign body can be put into the server's mouth.
func TestFaultsOfDocuments(t *testing.T) {
	car, other := carNumber(1), carNumber(2)
	_, url := start(t, simulator.Options{Faults: []simulator.Rule{
		{Op: simulator.StatusRespon, Car: car, Do: simulator.DoAnswer, Status: 200, Body: `{"status":"ok","desc":{"data":{"car":"X"}}}`},
		{Op: simulator.GetResByCar, Do: simulator.DoStatus, Status: 500, Count: 1},
	}})
	if r := ask(t, url, "statusrespon", car); !strings.Contains(r.body, `"car":"X"`) {
		t.Errorf("got %d %s", r.status, r.body)
	}
	if r := ask(t, url, "statusrespon", other); strings.Contains(r.body, `"car":"X"`) {
		t.Errorf("another car got %d %s", r.status, r.body)
	}
	if r := ask(t, url, "bc30", other); r.status != 500 || !strings.Contains(r.body, `"rescode":"ERROR"`) {
		t.Errorf("got %d %s", r.status, r.body)
	}
	if r := ask(t, url, "bc30", other); r.status != 200 {
		t.Errorf("got %d %s", r.status, r.body)
	}
}
