package t2g

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kurir/agent/transport"
)

const car = "05080000000220240228000822"

func newClient(t *testing.T, h http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	tc, err := transport.New(transport.Options{
		BaseURL: s.URL + "/base", Token: "fixed-token-1", Timeout: 10 * time.Second, UserAgent: "kurir/test",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tc.Close)
	return New(tc, Options{EDINumber: "EDI0001", ResponsePaths: map[string]string{"30": "/getresbycar/bc30", "20": "getresbycar/bc20"}})
}

// answers returns a client of a server that always answers so.
func answers(t *testing.T, status int, body string) *Client {
	t.Helper()
	return newClient(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

func published(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestQuestions(t *testing.T) {
	var path string
	var body map[string]string
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		path, body = r.Method+" "+r.URL.Path, nil
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil || r.Header.Get("Content-Type") != "application/json" ||
			r.ContentLength <= 0 || r.Header.Get("Authorization") != "Bearer fixed-token-1" {
			t.Errorf("%v, %v", err, r.Header)
		}
		fmt.Fprint(w, `{"status":"ok","rescode":"ok","desc":"Belum ada"}`)
	})
	if _, err := c.StatusRespon(t.Context(), car, "30"); err != nil {
		t.Fatal(err)
	}
	if path != "POST /base/api/getlog/statusrespon" || len(body) != 3 || body["edinumber"] != "EDI0001" || body["car"] != car ||
		body["kode_dokumen"] != "30" {
		t.Errorf("%s %v", path, body)
	}
	for kode, want := range map[string]string{"30": "POST /base/getresbycar/bc30", "20": "POST /base/getresbycar/bc20"} {
		if _, err := c.GetResByCar(t.Context(), car, kode); err != nil {
			t.Fatal(err)
		}
		if path != want || len(body) != 2 || body["edinumber"] != "EDI0001" || body["car"] != car {
			t.Errorf("%s %v", path, body)
		}
	}
	if _, err := c.GetResByCar(t.Context(), car, "16"); !errors.Is(err, ErrNoPath) || !strings.Contains(err.Error(), `"16"`) {
		t.Errorf("%v", err)
	}
}

func TestPublishedStatus(t *testing.T) {
	body := published(t, "statusrespon.json")
	got, err := answers(t, 200, body).StatusRespon(t.Context(), car, "30")
	if err != nil {
		t.Fatal(err)
	}
	if !got.Found || got.Car != car || got.Status != "800" || got.StatusUraian != "Selesai Proses" || got.SendTime != "" ||
		got.CreatedTime != "2024-02-28 14:04:20" || got.Note != "" || len(got.Unknown) != 0 || string(got.Raw) != body {
		t.Errorf("%+v", got)
	}
	wantRespon := []Respon{
		{KodeRespon: "2020", UraianRespon: "KONFIRMASI BAYAR (BILLING)", TanggalRespon: "2024-03-01"},
		{
			KodeRespon: "2003", UraianRespon: "SURAT PERSETUJUAN PENGELUARAN BARANG (SPPB)", NomorDaftar: "641716",
			TanggalDaftar: "2024-03-01", NomorRespon: "641532/KPU.1/2024", TanggalRespon: "2024-03-01",
		},
		{KodeRespon: "2090", UraianRespon: "RESPON UMUM", TanggalRespon: "2024-04-29"},
	}
	if fmt.Sprint(got.Responses) != fmt.Sprint(wantRespon) {
		t.Errorf("responses %+v", got.Responses)
	}
	kinds := ""
	for _, s := range got.Statuses {
		kinds += s.KodeStatus + " "
	}
	if kinds != "104 105 210 106 240 110 230 501 800 " {
		t.Errorf("statuses %s", kinds)
	}
	last := Status{KodeStatus: "800", WaktuStatus: "2024-03-06 20:54:07", Keterangan: "Selesai Proses", NomorDaftar: "641716"}
	if got.Statuses[8] != last {
		t.Errorf("last status %+v", got.Statuses[8])
	}
}

func TestPublishedResponses(t *testing.T) {
	body := published(t, "getresbycar.json")
	got, err := answers(t, 200, body).GetResByCar(t.Context(), car, "30")
	if err != nil {
		t.Fatal(err)
	}
	if !got.Found || len(got.Entries) != 3 || got.Foreign != 0 || len(got.Unknown) != 0 || string(got.Raw) != body {
		t.Fatalf("%+v", got)
	}
	for i, want := range []string{"2090 2024-04-29 120318", "2003 2024-03-01 142000", "2020 2024-03-01 141902"} {
		e := got.Entries[i]
		if s := e.RESKD + " " + e.RESTG + " " + e.RESWK; s != want || e.Car != car || !json.Valid(e.Hdr) {
			t.Errorf("entry %d: %s", i, s)
		}
		if e.PDFEncoded.String() != "Data dengan nomor aju "+car+" tidak ditemukan." {
			t.Errorf("entry %d: pdf %q", i, e.PDFEncoded)
		}
		if (e.ResEncode == nil) != (i == 0) {
			t.Errorf("entry %d: res %q", i, e.ResEncode)
		}
		decoded, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, e.ResEncode.Reader()))
		if err != nil || i > 0 && !json.Valid(decoded) {
			t.Errorf("entry %d: %q, %v", i, decoded, err)
		}
	}
	var doc map[string]any
	if err := json.Unmarshal(got.Entries[2].Document("a.pdf", "a.res.json"), &doc); err != nil || doc["pdf_encoded"] != "a.pdf" ||
		doc["res_encode"] != "a.res.json" || doc["reskd"] != "2020" || doc["invoice"].(map[string]any)["incoterm"] != "CIF" {
		t.Errorf("%v, %v", doc, err)
	}
	if s := string(got.Entries[0].Document("", "")); !strings.Contains(s, "tidak ditemukan") || !json.Valid([]byte(s)) {
		t.Errorf("%s", s)
	}
}
