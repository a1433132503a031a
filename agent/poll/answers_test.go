package poll

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// running answers statusrespon with a document under way that shows responses of the given codes.
func running(status string, kodes ...string) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, car string) {
		var rs []string
		for _, k := range kodes {
			rs = append(rs, fmt.Sprintf(`{"car":%q,"kodeRespon":%q,"uraianRespon":"U %s","tanggalRespon":"2026-03-01","pdf_encoded":null}`, car, k, k))
		}
		say200(w, fmt.Sprintf(`{"status":"ok","desc":{"data":{"car":%q,"status":%q,"statusUraian":"S %s","dataRespon":[%s],"dataStatus":[]}}}`,
			car, status, status, strings.Join(rs, ",")))
	}
}

// bringing answers getresbycar with responses of the given codes, each with a PDF of its own.
func bringing(kodes ...string) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, car string) {
		var rs []string
		for _, k := range kodes {
			rs = append(rs, fmt.Sprintf(`{"reshdr":{"car":%q,"reskd":%q,"restg":"2026-03-01","reswk":"10%s","pdf_encoded":%q}}`,
				car, k, k, base64.StdEncoding.EncodeToString(pdfFor(car, k))))
		}
		say200(w, `{"rescode":"OK","desc":[`+strings.Join(rs, ",")+`]}`)
	}
}

func pdfFor(car, kode string) []byte { return []byte("%PDF-1.4 " + car + " " + kode + "\n%%EOF\n") }

func code(status int, body string) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, _ string) { w.WriteHeader(status); _, _ = w.Write([]byte(body)) }
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		status, response func(http.ResponseWriter, string)
		state, code      string
		retryFirst       bool
	}{
		"400":               {code(400, `{"status":"error","desc":"car salah"}`), nil, Failed, "rejected", false},
		"422":               {code(422, `{"status":"error","desc":"kode_dokumen salah"}`), nil, Failed, "rejected", false},
		"404":               {code(404, `<html>404</html>`), nil, Polling, "", false},
		"nothing, 500":      {code(500, `{"status":"error","desc":"Data tidak ditemukan"}`), nil, Polling, "", false},
		"500":               {code(500, `<html>oops</html>`), nil, Retrying, "server_error", false},
		"not JSON":          {code(200, `<html>login</html>`), nil, Retrying, "bad_response", false},
		"cut off":           {code(200, `{"status":"ok","desc":{"da`), nil, Retrying, "bad_response", false},
		"401":               {code(401, `{}`), nil, Retrying, "unauthorized", false},
		"403":               {code(403, `{}`), nil, Retrying, "forbidden", false},
		"429":               {code(429, ``), nil, Retrying, "server_error", false},
		"503":               {code(503, ``), nil, Retrying, "server_error", false},
		"another car":       {running2(car2, "800"), nil, Retrying, "bad_response", false},
		"response 500":      {running("800", "2003"), code(500, `oops`), Retrying, "server_error", false},
		"response 400":      {running("800", "2003"), code(400, `{"rescode":"ERR","desc":"salah"}`), Failed, "rejected", false},
		"response missing":  {running("800", "2003"), bringing(), Polling, "", false},
		"response others":   {running("800", "2003"), bringing("2020"), Polling, "", false},
		"unknown code":      {running("4711", "9999"), bringing("9999"), Polling, "", false},
		"done":              {running("900", "2003"), bringing("2003", "2020"), Done, "", false},
		"done, no response": {running("120"), nil, Done, "", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.server.set(tt.status, tt.response)
			r.start()
			if _, err := r.p.Add(context.Background(), "erp", car1, ""); err != nil {
				t.Fatal(err)
			}
			doc := r.await(car1, "settled", func(d Document) bool { return d.Polls == 1 })
			got := ""
			if doc.Error != nil {
				got = doc.Error.Code
			}
			if doc.State != tt.state || got != tt.code {
				t.Errorf("got %s, %s; want %s, %s", doc.State, got, tt.state, tt.code)
			}
			if doc.Error != nil && (doc.Error.Action == "" || doc.Error.Message == "") {
				t.Errorf("error without words: %+v", doc.Error)
			}
			if tt.state == Failed != doc.NextPollAt.IsZero() {
				t.Errorf("next poll at %v", doc.NextPollAt)
			}
			for _, f := range files(t, r.path("documents")) {
				if strings.Contains(read(t, r.path("documents", f)), car2) {
					t.Errorf("%s names another car", f)
				}
			}
			if doc.State == Failed { // an operator tries again
				r.server.set(running("800"), nil)
				if err := r.p.Retry(context.Background(), jobKey("erp", car1)); err != nil {
					t.Fatal(err)
				}
				r.await(car1, "tried again", func(d Document) bool { return d.State == Done && d.Error == nil })
			}
		})
	}
}

// running2 answers about another car, whatever was asked.
func running2(car, status string) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, _ string) { running(status, "2003")(w, car) }
}

// A number whose letters spell a secret is known again where these are hidden.
func TestForeignNumbers(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]bool{
		car1: false, strings.ToLower(car1): false, car2: true, "": false, car1[:8] + "[hidden]" + car1[16:]: false,
		"[hidden]" + car1[9:17] + "[hidden]": false, car1[:8] + "[hidden]" + car1[16:] + "9": true, "1[hidden]": true, "[hidden]": false,
	} {
		if got := foreign([]byte(`{"status": "error", "car" : "`+number+`"}`), car1); got != want {
			t.Errorf("%s is foreign to %s: %v", number, car1, got)
		}
	}
}

// Of a getresbycar that is otherwise right only the foreign entry is dropped.
func TestForeignEntry(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.server.set(running("800", "2003"), func(w http.ResponseWriter, car string) {
		say200(w, fmt.Sprintf(`{"rescode":"ok","desc":[{"reshdr":{"car":%q,"reskd":"2003","restg":"2026-03-01","reswk":"1"}},
			{"reshdr":{"car":%q,"reskd":"2003","restg":"2026-03-01","reswk":"2"}}]}`, car2, car))
	})
	r.start()
	if _, err := r.p.Add(context.Background(), "erp", car1, ""); err != nil {
		t.Fatal(err)
	}
	r.await(car1, "done", func(d Document) bool { return d.State == Done })
	if got := files(t, r.path("documents", car1, "respon")); !slices.Equal(got, []string{"2026-03-01_2_2003.json"}) {
		t.Errorf("got %v", got)
	}
	for _, f := range files(t, r.path("documents")) {
		if strings.Contains(read(t, r.path("documents", f)), car2) {
			t.Errorf("%s names another car", f)
		}
	}
}

// A PDF in statusrespon that getresbycar does not bring is delivered, once.
func TestPDFInStatusRespon(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	pdf := base64.StdEncoding.EncodeToString(pdfFor(car1, "2003"))
	r.server.set(func(w http.ResponseWriter, car string) {
		say200(w, fmt.Sprintf(`{"status":"OK","desc":{"data":{"car":%q,"status":"800","dataRespon":[
			{"kodeRespon":"2003","tanggalRespon":"2026-03-01","pdf_encoded":%q}]}}}`, car, pdf))
	}, nil)
	r.start()
	if _, err := r.p.Add(context.Background(), "erp", car1, ""); err != nil {
		t.Fatal(err)
	}
	doc := r.await(car1, "done", func(d Document) bool { return d.State == Done })
	if doc.Responses[0].PDF != "respon/2026-03-01_2003.pdf" || doc.Responses[0].File != "" {
		t.Errorf("got %+v", doc.Responses)
	}
	r.turn(testPace.TailEvery)
	r.await(car1, "polled again", func(d Document) bool { return d.Polls == 2 })
	if got := files(t, r.path("documents", car1, "respon")); !slices.Equal(got, []string{"2026-03-01_2003.pdf"}) {
		t.Errorf("got %v", got)
	}
}

// Where getresbycar is refused, or not configured for the kind of document, the PDF at hand is delivered, once, and the
// document says what is wrong with the rest. An error that may pass is waited for.
func TestPDFInStatusResponWithoutGetResByCar(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		kode     string
		response func(http.ResponseWriter, string)
		state    string
		code     string
		pdfs     int
	}{
		"no path": {"20", nil, Retrying, "rejected", 1},
		"400":     {"30", code(400, `{"rescode":"ERR","desc":"salah"}`), Failed, "rejected", 1},
		"422":     {"30", code(422, `{"rescode":"ERR","desc":"salah"}`), Failed, "rejected", 1},
		"500":     {"30", code(500, `oops`), Retrying, "server_error", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			pdf := base64.StdEncoding.EncodeToString(pdfFor(car1, "2003"))
			r.server.set(func(w http.ResponseWriter, car string) {
				say200(w, fmt.Sprintf(`{"status":"OK","desc":{"data":{"car":%q,"status":"800","dataRespon":[
					{"kodeRespon":"2020","tanggalRespon":"2026-03-01"},{"kodeRespon":"2003","tanggalRespon":"2026-03-01","pdf_encoded":%q}]}}}`, car, pdf))
			}, tt.response)
			r.start()
			if _, err := r.p.Add(context.Background(), "erp", car1, tt.kode); err != nil {
				t.Fatal(err)
			}
			polls := 0
			again := func(what string, ok func(Document) bool) Document {
				t.Helper()
				if err := r.p.Retry(context.Background(), jobKey("erp", car1)); err != nil {
					t.Fatal(err)
				}
				doc := r.await(car1, what, func(d Document) bool { return d.Polls > polls && ok(d) })
				polls = doc.Polls
				return doc
			}
			for range 3 {
				doc := again("it says what is wrong", func(d Document) bool {
					return d.State == tt.state && d.Error != nil && d.Error.Code == tt.code
				})
				want := []string{"2026-03-01_2003.pdf"}[:tt.pdfs]
				if got := files(t, r.path("documents", car1, "respon")); !slices.Equal(got, want) {
					t.Errorf("after %d polls: got %v", polls, got)
				}
				if doc.Responses[1].PDF != strings.Join([]string{"respon/2026-03-01_2003.pdf"}[:tt.pdfs], "") {
					t.Errorf("after %d polls: shown is %+v", polls, doc.Responses)
				}
			}
			r.server.set(nil, bringing("2003")) // and what was away comes back
			if tt.kode == "30" {
				again("the response has come", func(d Document) bool { return d.Responses[1].File == "respon/2026-03-01_102003_2003.json" })
			}
		})
	}
}

// What the API does not describe is reported once, and stops nothing.
func TestUnknownIsReportedOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.server.set(func(w http.ResponseWriter, car string) {
		say200(w, fmt.Sprintf(`{"status":"OK","desc":{"data":{"car":%q,"status":"800","jalur":"H","dataStatus":[
			{"kodeStatus":"4711","waktuStatus":"2026-03-01 10:00:00"},{"kodeStatus":"800","waktuStatus":"2026-03-01 09:00:00"}]}}}`, car))
	}, nil)
	r.start()
	for _, car := range []string{car1, car2} {
		if doc, err := r.p.Poll(context.Background(), "erp", car, ""); err != nil || doc.State != Done || doc.Statuses[1].KodeStatus != "4711" {
			t.Errorf("got %+v, %v", doc, err)
		}
	}
	for _, what := range []string{"unknown code in answer", "unknown field in answer"} {
		if n := r.log.count(what); n != 1 {
			t.Errorf("%q was reported %d times", what, n)
		}
	}
}
