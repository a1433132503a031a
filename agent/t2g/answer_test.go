package t2g

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"kurir/agent/transport"
)

// Both calls read what says that there is nothing, and what is wrong, in the same way.
func TestAnswersWithoutContent(t *testing.T) {
	const nothing = transport.Kind("")
	for name, row := range map[string]struct {
		status int
		body   string
		kind   transport.Kind
		note   string
	}{
		"a sentence":              {200, `{"status":"OK","rescode":"OK","desc":"Data sedang diproses"}`, nothing, "Data sedang diproses"},
		"nothing at all":          {200, `{"status":"ok","rescode":"ok"}`, nothing, ""},
		"null":                    {200, `{"status":"Ok","rescode":"Ok","desc":null}`, nothing, ""},
		"an empty array":          {200, `{"status":"ok","rescode":"ok","desc":[]}`, nothing, ""},
		"an empty object":         {200, `{"status":"ok","rescode":"ok","desc":{}}`, nothing, ""},
		"no verdict":              {200, `{"desc":[]}`, nothing, ""},
		"not ok, nothing there":   {200, `{"status":"error","rescode":"NOK","desc":"Data tidak ditemukan"}`, nothing, "Data tidak ditemukan"},
		"500, no data":            {500, `{"status":"error","message":"Data dengan nomor aju x tidak ditemukan."}`, nothing, "Data dengan nomor aju x tidak ditemukan."},
		"500, ok":                 {500, `{"status":"OK","rescode":"OK","desc":"Belum dikirim"}`, nothing, "Belum dikirim"},
		"500, plain":              {500, `No data`, nothing, "No data"},
		"400, no data":            {400, `{"message":"data not found"}`, nothing, "data not found"},
		"404":                     {404, ``, nothing, "HTTP status 404: not there yet, or the path in the configuration is wrong"},
		"404 in HTML":             {404, `<h1>x</h1>`, nothing, "HTTP status 404: not there yet, or the path in the configuration is wrong"},
		"404 in JSON":             {404, `{"message":"Belum ada"}`, nothing, "Belum ada"},
		"a JSON string":           {200, `"Belum ada respon"`, nothing, "Belum ada respon"},
		"a note with a secret":    {200, `{"status":"ok","rescode":"ok","desc":"hi fixed-token-1\u0000"}`, nothing, "hi [hidden]"},
		"401":                     {401, `{"message":"data tidak ada"}`, transport.Unauthorized, ""},
		"401 with 200":            {200, `{"status":"401","rescode":"401","desc":"Unauthorized"}`, transport.Unauthorized, ""},
		"403":                     {403, `<html>`, transport.Forbidden, ""},
		"429":                     {429, ``, transport.Throttled, ""},
		"503":                     {503, `data not available`, transport.Unavailable, ""},
		"400":                     {400, `{"message":"edinumber salah"}`, transport.Rejected, ""},
		"422":                     {422, ``, transport.Rejected, ""},
		"409":                     {409, `{}`, transport.BadResponse, ""},
		"405":                     {405, ``, transport.BadResponse, ""},
		"302":                     {302, ``, transport.BadResponse, ""},
		"500":                     {500, `{"message":"Server Error"}`, transport.Server, ""},
		"500 with a stack trace":  {500, `<pre>Class data not found</pre>`, transport.Server, ""},
		"502":                     {502, `<html>Bad Gateway</html>`, transport.Server, ""},
		"not ok":                  {200, `{"status":"error","rescode":"NOK","desc":"edinumber salah"}`, transport.BadResponse, ""},
		"the gateway":             {200, `{"Exception":"upstream"}`, transport.BadResponse, ""},
		"HTML":                    {200, `<html>Login</html>`, transport.BadResponse, ""},
		"cut":                     {200, `{"status":"ok","desc":{"data":`, transport.BadResponse, ""},
		"empty":                   {200, ``, transport.BadResponse, ""},
		"an empty object for all": {200, `{}`, transport.BadResponse, ""},
		"null for all":            {200, `null`, transport.BadResponse, ""},
		"a number":                {200, `7`, transport.BadResponse, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := answers(t, row.status, row.body)
			check := func(op string, found bool, note string, raw []byte, err error) {
				if string(raw) != strings.ReplaceAll(row.body, "fixed-token-1", "[hidden]") { // verbatim, but for a secret of ours
					t.Errorf("%s: raw %q", op, raw)
				}
				if row.kind == nothing {
					if err != nil || found || note != row.note {
						t.Errorf("%s: found %v, note %q, %v", op, found, note, err)
					}
					return
				}
				e, ok := err.(*transport.Error) //nolint:errorlint // the promise is the type itself
				if !ok || e.Kind != row.kind || e.Op != op || e.Unknown {
					t.Errorf("%s: %+v", op, err)
				}
			}
			s, err := c.StatusRespon(t.Context(), car, "30")
			check(opStatus, s.Found, s.Note, s.Raw, err)
			r, err := c.GetResByCar(t.Context(), car, "30")
			check(opResponse, r.Found, r.Note, r.Raw, err)
		})
	}
}

func TestNoAnswerHasNoRaw(t *testing.T) {
	c := newClient(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	if s, err := c.StatusRespon(t.Context(), car, "30"); err == nil || s.Raw != nil {
		t.Errorf("%+v, %v", s, err)
	}
}

// status reads an answer of statusrespon with HTTP 200.
func status(body string) (StatusAnswer, *transport.Error) {
	return readStatus(&transport.Answer{Status: 200, Body: []byte(body), Header: http.Header{}}, car)
}

func TestLenientStatus(t *testing.T) {
	for name, row := range map[string]struct{ body, want string }{
		"numbers for strings": {`{"status":"OK","desc":{"data":{"car":"` + car + `","status":800,"dataStatus":[{"kodeStatus":104}],
			"dataRespon":[{"kodeRespon":2003,"nomorDaftar":641716,"tanggalDaftar":"0000-00-00 00:00:00"}]}}}`, "800 [2003 641716 ] [104]"},
		"the car as a number":   {`{"status":"ok","desc":{"data":{"car":5080000000220240228000822,"status":"1"}}}`, "1 [] []"},
		"without a wrapper":     {`{"status":"ok","desc":{"car":"` + car + `","status":"120"}}`, "120 [] []"},
		"data beside":           {`{"status":"ok","desc":"sukses","data":{"status":"120"}}`, "120 [] []"},
		"an array":              {`{"status":"ok","desc":[{"car":"1","status":"9"},{"car":"` + car + `","status":"120"}]}`, "120 [] []"},
		"data an array":         {`{"status":"ok","desc":{"data":[{"status":"120"}]}}`, "120 [] []"},
		"other letter case":     {`{"STATUS":"OK","Desc":{"DATA":{"Car":"` + car + `","Status":"120","DataRespon":[{"KODERESPON":"1"}]}}}`, "120 [1  ] []"},
		"nulls":                 {`{"status":"ok","desc":{"data":{"car":null,"status":null,"dataRespon":null,"dataStatus":null}}}`, " [] []"},
		"entries that are none": {`{"status":"ok","desc":{"data":{"status":"1","dataRespon":["x",null,7],"dataStatus":"none"}}}`, "1 [] []"},
		"one entry, no array":   {`{"status":"ok","desc":{"data":{"dataRespon":{"kodeRespon":"2003"}}}}`, " [2003  ] []"},
		"dots in the car":       {`{"status":"ok","desc":{"data":{"car":"050800-000002-20240228-000822","status":"1"}}}`, "1 [] []"},
		"a sentence in data":    {`{"status":"ok","desc":{"data":"Data tidak ditemukan"}}`, "nothing: Data tidak ditemukan"},
		"a message in desc":     {`{"status":"ok","desc":{"message":"Belum ada"}}`, "nothing: Belum ada"},
		"data null":             {`{"status":"ok","desc":{"data":null}}`, "nothing: "},
		"another car":           {`{"status":"ok","desc":{"data":{"car":"05080000000220240228000999","status":"1"}}}`, "another"},
		"another's entry":       {`{"status":"ok","desc":{"data":{"car":"` + car + `","dataRespon":[{"car":"X"}]}}}`, "another"},
	} {
		got, fail := status(row.body)
		var s string
		switch {
		case fail != nil && fail.Kind == transport.BadResponse && strings.Contains(fail.Error(), "is about car"):
			s = "another"
		case fail != nil:
			s = fail.Error()
		case !got.Found:
			s = "nothing: " + got.Note
		default:
			var respon, statuses []string
			for _, r := range got.Responses {
				respon = append(respon, r.KodeRespon+" "+r.NomorDaftar+" "+r.TanggalDaftar)
			}
			for _, st := range got.Statuses {
				statuses = append(statuses, st.KodeStatus)
			}
			s = fmt.Sprint(got.Status, " ", respon, " ", statuses)
		}
		if s != row.want {
			t.Errorf("%s: %q, want %q", name, s, row.want)
		}
	}
}

func TestUnknownFieldsAreNamedOnce(t *testing.T) {
	got, fail := status(`{"status":"ok","trace":1,"desc":{"page":1,"data":{"car":"` + car + `","lane":"red",
		"dataRespon":[{"kodeRespon":"1","url":"x"},{"kodeRespon":"2","url":"y"}],"dataStatus":[{"by":"z"}]}}}`)
	if fail != nil || strings.Join(got.Unknown, " ") != "dataRespon.url dataStatus.by desc.page lane trace" {
		t.Errorf("%v, %v", got.Unknown, fail)
	}
	var many strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&many, `,"f%d":1`, i)
	}
	if got, fail = status(`{"status":"ok","desc":{"status":"1"}` + many.String() + `}`); fail != nil || len(got.Unknown) > 50 {
		t.Errorf("%d names, %v", len(got.Unknown), fail)
	}
	r, fail := responses(`{"rescode":"ok","desc":[{"extra":1,"reshdr":{"reskd":"1","anything":2}},{"other":1}]}`)
	if fail != nil || strings.Join(r.Unknown, " ") != "desc.extra desc.other" || len(r.Entries) != 1 {
		t.Errorf("%+v, %v", r, fail)
	}
}

// responses reads an answer of getresbycar with HTTP 200.
func responses(body string) (ResponseAnswer, *transport.Error) {
	return readResponses(&transport.Answer{Status: 200, Body: []byte(body), Header: http.Header{}}, car)
}

func TestLenientResponses(t *testing.T) {
	for name, row := range map[string]struct {
		body    string
		want    string
		foreign int
	}{
		"numbers":      {`{"rescode":"OK","desc":[{"reshdr":{"reskd":2003,"restg":20240301,"reswk":142000}}]}`, "2003/20240301/142000", 0},
		"one object":   {`{"rescode":"OK","desc":{"reshdr":{"reskd":"1","restg":"2","reswk":"3"}}}`, "1/2/3", 0},
		"no wrapper":   {`{"rescode":"OK","desc":[{"reskd":"1","restg":"2","reswk":"3"}]}`, "1/2/3", 0},
		"a list in it": {`{"rescode":"OK","desc":[{"reshdr":[{"reskd":"1"},{"reskd":"2"}]}]}`, "1// 2//", 0},
		"status too":   {`{"status":"OK","desc":[{"reshdr":{"reskd":"1"}}]}`, "1//", 0},
		"letter case":  {`{"RESCODE":"ok","DESC":[{"RESHDR":{"RESKD":"1","CAR":"` + car + `"}}]}`, "1//", 0},
		"strange names": {`{"rescode":"ok","desc":[{"reshdr":{"reskd":"../..","restg":"a/b","reswk":"\u0000` + strings.Repeat("x", 300) + `"}}]}`,
			"../../a/b/\x00" + strings.Repeat("x", 300), 0},
		"foreign": {`{"rescode":"ok","desc":[{"reshdr":{"car":"05080000000220240228000999","reskd":"1"}},{"reshdr":{"car":"` + car + `","reskd":"2"}}]}`,
			"2//", 1},
		"foreign only":         {`{"rescode":"ok","desc":[{"reshdr":{"car":"X","reskd":"1"}}]}`, "", 1},
		"nulls":                {`{"rescode":"ok","desc":[null,{"reshdr":null},{"reshdr":{"reskd":null,"pdf_encoded":null}}]}`, "//", 0},
		"a sentence in a list": {`{"rescode":"ok","desc":["Belum ada"]}`, "", 0},
	} {
		got, fail := responses(row.body)
		var s []string
		for _, e := range got.Entries {
			s = append(s, e.RESKD+"/"+e.RESTG+"/"+e.RESWK)
		}
		if fail != nil || strings.Join(s, " ") != row.want || got.Foreign != row.foreign || got.Found != (row.want != "") {
			t.Errorf("%s: %q, foreign %d, %v", name, s, got.Foreign, fail)
		}
	}
}
