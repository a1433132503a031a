package t2g

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"kurir/agent/transport"
)

// FuzzAnswers: whatever T2G says, nothing about another car is taken, what is not found brings nothing, and reading the
// same again brings the same.
func FuzzAnswers(f *testing.F) {
	for _, s := range []string{
		`{"status":"ok","desc":{"data":{"car":"CAR","status":"800","dataRespon":[{"car":"OTHER","kodeRespon":"1"}],"dataStatus":[{"kodeStatus":100}]}}}`,
		`{"rescode":"ok","desc":[{"reshdr":{"car":"OTHER","reskd":"1","restg":"0000-00-00"}},{"reshdr":[{"car":"CAR","reskd":2003}]}]}`,
		`{"status":"OK","desc":[{"car":"CAR"},{"car":"OTHER"},"sentence"]}`, `{"status":"error","message":"data tidak ditemukan"}`,
		`{"desc":{"DATA":[{"Car":null,"STATUS":0}]}}`, `[{"reskd":"x"},"y"]`, `"Data belum ada"`, `{"code":403}`, `{"code":"403","status":"fail"}`,
		"\xef\xbb\xbf{}", `<html>404`, ``, `{"status":"ok","desc":{"data":{"data":{"car":"CAR"}}}}`, `{"status":"ok","desc":{"car":" c-a.R "}}`,
	} {
		for _, status := range []int{200, 404, 500} {
			f.Add(status, []byte(strings.NewReplacer("CAR", car, "OTHER", "9"+car[1:]).Replace(s)))
		}
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 200 || status > 599 {
			return
		}
		a := &transport.Answer{Status: status, Body: body, Header: http.Header{}}
		s, fail := readStatus(a, car)
		if fail == nil {
			checkUnknown(t, s.Unknown)
			if s.Car != "" && !sameCar(s.Car, car) {
				t.Errorf("took car %q", s.Car)
			}
			if !s.Found && (len(s.Responses)+len(s.Statuses) > 0 || s.Status != "") {
				t.Errorf("found nothing, and %+v", s)
			}
		}
		r, fail2 := readResponses(a, car)
		if fail2 == nil {
			checkUnknown(t, r.Unknown)
			for _, e := range r.Entries {
				if e.Car != "" && !sameCar(e.Car, car) {
					t.Errorf("took an entry of car %q", e.Car)
				}
			}
			if r.Found != (len(r.Entries) > 0) || r.Foreign < 0 {
				t.Errorf("%+v", r)
			}
		}
		for _, fail := range []*transport.Error{fail, fail2} {
			if fail != nil && fail.Kind == "" {
				t.Errorf("%q has no kind", body)
			}
			if fail != nil && fail.Kind == transport.Rejected && status != http.StatusBadRequest && status != http.StatusUnprocessableEntity {
				t.Errorf("HTTP status %d with %q is a refusal for good", status, body)
			}
		}
	})
}

func checkUnknown(t *testing.T, unknown []string) {
	t.Helper()
	if len(unknown) > 50 || !slices.IsSorted(unknown) || len(slices.Compact(slices.Clone(unknown))) != len(unknown) {
		t.Errorf("unknown fields %q", unknown)
	}
}
