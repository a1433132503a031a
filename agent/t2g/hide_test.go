package t2g

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"kurir/agent/transport"
)

// The secret is part of the car, and of the document in base64.
const (
	spelled = "02402280"
	pdfText = "%PDF-1.4 a document that is long enough to be one, and then its end\n%%EOF\n"
)

// keyed returns a client whose key is secret, of a server that always answers so.
func keyed(t *testing.T, secret, body string) *Client {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }))
	t.Cleanup(s.Close)
	tc, err := transport.New(transport.Options{BaseURL: s.URL, Headers: map[string]string{"x-key": secret}, Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tc.Close)
	return New(tc, Options{ResponsePaths: map[string]string{"30": "/r"}})
}

func TestAStatusWhoseNumbersHoldASecret(t *testing.T) {
	body := fmt.Sprintf(`{"status":"ok","k_%[2]s":1,"desc":{"data":{"car":%[1]q,"status":"800","statusUraian":"key %[2]s","x%[2]s":1,
		"dataRespon":[{"car":%[1]q,"kodeRespon":"2003","nomorRespon":"%[2]s","tanggalRespon":"2026-03-01","pdf_encoded":"no PDF for %[2]s"}],
		"dataStatus":[{"car":%[1]q,"kodeStatus":"1","keterangan":"got \u0030%[3]s"}]}}}`, car, spelled, spelled[1:])
	got, err := keyed(t, spelled, body).StatusRespon(t.Context(), car, "30")
	if err != nil || !got.Found || got.Status != "800" || len(got.Responses) != 1 || len(got.Statuses) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	shown := fmt.Sprintf("%+v %q %s %s", got, got.Responses[0].PDF.String(), got.Unknown, strings.Replace(string(got.Raw), `\u0030`, "", 1))
	if strings.Contains(shown, spelled) || !json.Valid(got.Raw) {
		t.Errorf("a secret is shown: %s", shown)
	}
	if got.StatusUraian != "key [hidden]" || got.Responses[0].PDF.String() != "no PDF for [hidden]" || got.Statuses[0].Keterangan != "got [hidden]" {
		t.Errorf("%+v", got)
	}
	if _, err := keyed(t, spelled, body).StatusRespon(t.Context(), strings.Replace(car, "0508", "0509", 1), "30"); err == nil ||
		strings.Contains(err.Error(), spelled) {
		t.Errorf("of another car: %v", err)
	}
}

func TestADocumentWhoseLettersSpellASecret(t *testing.T) {
	pdf := base64.StdEncoding.EncodeToString([]byte(pdfText))
	res := base64.StdEncoding.EncodeToString([]byte(`{"a": "` + strings.Repeat("b", 100) + `"}`))
	for _, secret := range []string{spelled, pdf[20:30], res[30:40], res[:10]} {
		for _, wrap := range []string{"%s", "data:application/pdf;base64,%s", "%s\\r\\n"} {
			body := fmt.Sprintf(`{"rescode":"OK","desc":[{"reshdr":{"car":%q,"reskd":"2003","restg":"%[2]s","reswk":"1","note":"%[2]s",
				"pdf_encoded":"%[3]s","res_encode":"%[4]s"}}]}`, car, secret, fmt.Sprintf(wrap, strings.ReplaceAll(pdf, "/", `\/`)), res)
			got, err := keyed(t, secret, body).GetResByCar(t.Context(), car, "30")
			if err != nil || len(got.Entries) != 1 || got.Foreign != 0 {
				t.Fatalf("%+v, %v", got, err)
			}
			e := got.Entries[0]
			if text := e.PDFEncoded.String(); !strings.Contains(text, pdf) || e.ResEncode.String() != res {
				t.Errorf("%s: the document became %s, %s", secret, text, e.ResEncode)
			}
			kept := string(e.Document("a.pdf", "a.json")) + e.RESTG + string(got.Raw)
			if strings.Contains(kept, secret) || !json.Valid(got.Raw) || !json.Valid(e.Hdr) {
				t.Errorf("%s is shown: %s", secret, kept)
			}
		}
	}
}

// A field that is a sentence, or the secret itself, is no document.
func TestASecretInPlaceOfADocument(t *testing.T) {
	long := strings.Repeat("opaque", 20)
	for secret, field := range map[string]string{
		long:          long,
		"geheim12345": strings.Repeat("the key is wrong ", 10) + "geheim12345",
		"geheim54321": "<html>" + strings.Repeat("x", 100) + "geheim54321</html>",
		"geheim00000": "geheim00000",
	} {
		body := fmt.Sprintf(`{"rescode":"OK","desc":[{"reshdr":{"reskd":"2003","pdf_encoded":%q}}]}`, field)
		got, err := keyed(t, secret, body).GetResByCar(t.Context(), car, "30")
		if err != nil || len(got.Entries) != 1 {
			t.Fatalf("%+v, %v", got, err)
		}
		e := got.Entries[0]
		if shown := e.PDFEncoded.String() + string(e.Hdr) + string(got.Raw); strings.Contains(shown, secret) {
			t.Errorf("%s is shown: %s", secret, shown)
		}
	}
}
