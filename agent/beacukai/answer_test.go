package beacukai

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"kurir/agent/transport"
)

// The contract's table, row by row, for uploads.
func TestAnswersToUploads(t *testing.T) {
	refusal := func(code any, message string) string {
		return fmt.Sprintf(`{"success":false,"data":null,"timestamp":"2023-10-27 10:00:00","code":%v,"message":%q}`, code, message)
	}
	image := newImage(t, "1.jpg", []byte("x"))
	for name, row := range map[string]struct {
		status  int
		body    string
		kind    transport.Kind // "" is success
		code    int
		unknown bool
	}{
		"404 with 200":              {200, refusal(404, "Gagal Kirim Foto Xray, Data BL/AWB CN tidak ditemukan"), transport.NotFound, 404, false},
		"404 with 404":              {404, refusal(404, "x"), transport.NotFound, 404, false},
		"404 as a string":           {200, refusal(`"404"`, "x"), transport.NotFound, 404, false},
		"404 without a code":        {404, `{"success":false,"message":"x"}`, transport.NotFound, 0, false},
		"success as a string":       {200, `{"success":"false","code":"404","message":"x"}`, transport.NotFound, 404, false},
		"404 of the gateway":        {404, `{"Exception":"no route"}`, transport.BadResponse, 0, false},
		"404 of another service":    {404, `{"timestamp":"x","status":404,"error":"Not Found","path":"/xray"}`, transport.BadResponse, 0, false},
		"404 in HTML":               {404, `<html>Not Found</html>`, transport.BadResponse, 0, false},
		"401":                       {401, refusal(401, "Invalid Authorization Token"), transport.Unauthorized, 401, false},
		"401 with 200":              {200, refusal(401, "Invalid Authorization Token"), transport.Unauthorized, 401, false},
		"401 of the gateway":        {401, `{"Exception":"expired"}`, transport.Unauthorized, 0, false},
		"403":                       {403, `<html>Forbidden</html>`, transport.Forbidden, 0, false},
		"409":                       {409, refusal(409, "Data X-Ray sudah ada"), transport.Conflict, 409, false},
		"409 with 200":              {200, refusal(409, "Data X-Ray sudah ada"), transport.Conflict, 409, false},
		"400":                       {400, refusal(400, "x"), transport.Rejected, 400, false},
		"413 of the gateway":        {413, `<html>`, transport.TooLarge, 0, false},
		"415":                       {415, ``, transport.Rejected, 0, false},
		"422 with 200":              {200, refusal(422, "x"), transport.Rejected, 422, false},
		"429":                       {429, `{"Exception":"slow down"}`, transport.Throttled, 0, false},
		"429 with 200":              {200, refusal(429, "x"), transport.Throttled, 429, false},
		"500":                       {500, refusal(500, "x"), transport.Server, 0, true},
		"500 with 200":              {200, refusal(500, "x"), transport.Server, 500, true},
		"500 that says 404":         {500, refusal(404, "x"), transport.Server, 0, true},
		"502":                       {502, `<html>Bad Gateway</html>`, transport.Server, 0, true},
		"503":                       {503, ``, transport.Unavailable, 0, true},
		"neither":                   {200, refusal(200, "x"), transport.BadResponse, 200, true},
		"neither, no code":          {200, `{"success":false}`, transport.BadResponse, 0, true},
		"no verdict":                {200, `{"code":200,"message":"Sukses"}`, transport.BadResponse, 0, true},
		"success that says 500":     {200, `{"success":true,"code":500}`, transport.BadResponse, 500, true},
		"success with 404":          {404, `{"success":true,"code":200}`, transport.BadResponse, 200, true},
		"the gateway with 200":      {200, `{"Exception":"upstream"}`, transport.BadResponse, 0, true},
		"HTML":                      {200, `<html>Login</html>`, transport.BadResponse, 0, true},
		"cut":                       {200, success[:100], transport.BadResponse, 0, true},
		"empty":                     {200, ``, transport.BadResponse, 0, true},
		"null":                      {200, `null`, transport.BadResponse, 0, true},
		"an array":                  {200, `[{"success":true}]`, transport.BadResponse, 0, true},
		"about another declaration": {200, `{"success":true,"data":{"nomorAju":"999"},"code":200}`, transport.BadResponse, 0, true},
		"success":                   {200, success, "", 0, false},
		"success with 201":          {201, success, "", 0, false},
		"success with a BOM":        {200, "\xef\xbb\xbf" + success, "", 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if _, err := readParts(r); err != nil {
					t.Error(err)
				}
				w.Header().Set("Retry-After", "11")
				w.WriteHeader(row.status)
				fmt.Fprint(w, row.body)
			})
			c := newClient(t, s.URL, "/xray")
			for op, call := range map[string]func() (Answer, error){
				"kirim": func() (Answer, error) { return c.Kirim(t.Context(), declaration, []Image{image}) },
				"add":   func() (Answer, error) { return c.Add(t.Context(), declaration, []Image{image}) },
			} {
				_, err := call()
				if row.kind == "" {
					if err != nil {
						t.Error(err)
					}
					continue
				}
				e, ok := err.(*transport.Error) //nolint:errorlint // the promise is the type itself
				if !ok || e.Kind != row.kind || e.Code != row.code || e.Unknown != row.unknown || e.Status != row.status || e.Op != op {
					t.Errorf("%s: %+v", op, err)
					continue
				}
				if wants := e.Kind == transport.Throttled || e.Kind == transport.Unavailable; wants != (e.RetryAfter == 11*time.Second) {
					t.Errorf("%s: retry after %v", op, e.RetryAfter)
				}
			}
		})
	}
}

func TestLenientAnswers(t *testing.T) {
	for body, want := range map[string]int{
		`{"success":true}`: -1,
		`{"success":"true","code":"200","data":null}`:                                         -1,
		`{"success":true,"data":{"jumlahFotoTerupload":"3"}}`:                                 3,
		`{"success":true,"data":{"jumlahFotoTerupload":null}}`:                                -1,
		`{"success":true,"data":{"jumlahFotoTerupload":-4}}`:                                  -1,
		`{"success":true,"data":{"jumlahFotoTerupload":0,"new":{"a":[1]}},"x":1}`:             0,
		`{"success":true,"data":[],"code":null}`:                                              -1,
		`{"SUCCESS":true,"Data":{"JumlahFotoTerupload":2}}`:                                   2,
		`{"success":true,"data":{"nomorAju":"012345678901234500000020250930cntestxray3cn1"}}`: -1,
	} {
		got, fail := readAnswer(&transport.Answer{Status: 200, Body: []byte(body)}, declaration)
		if fail != nil || got.Count != want {
			t.Errorf("%s: %+v, %v", body, got, fail)
		}
	}
}

func TestGet(t *testing.T) {
	listing := `{"success":true,"data":{"nomorAju":"` + declaration.NomorAju + `","totalFotoTerupload":2,"keterangan":null,
	"detail":[{"namaFile":"image1.jpg","waktuRekam":"2023-10-27 10:00:00"},{"namaFile":"image2.png","waktuRekam":null}]},"code":200}`
	for name, row := range map[string]struct {
		status int
		body   string
		kind   transport.Kind
		names  string
		total  int
	}{
		"published":          {200, listing, "", "image1.jpg,image2.png", 2},
		"empty":              {200, `{"success":true,"data":{"totalFotoTerupload":0,"detail":[]}}`, "", "", 0},
		"no photos":          {200, `{"success":true,"data":{"totalFotoTerupload":"0","detail":null}}`, "", "", 0},
		"no total":           {200, `{"success":true,"data":{"detail":[{"namaFile":"a"}]}}`, "", "a", -1},
		"fewer than total":   {200, `{"success":true,"data":{"totalFotoTerupload":5,"detail":[{"namaFile":"a"}]}}`, "", "a", 5},
		"not found":          {404, `{"success":false,"data":null,"code":404,"message":"Data Foto Xray tidak ditemukan"}`, transport.NotFound, "", 0},
		"not found with 200": {200, `{"success":false,"code":404}`, transport.NotFound, "", 0},
		"gateway 404":        {404, `<html>`, transport.BadResponse, "", 0},
		"no data":            {200, `{"success":true,"data":null}`, transport.BadResponse, "", 0},
		"names missing":      {200, `{"success":true,"data":{"totalFotoTerupload":2,"detail":null}}`, transport.BadResponse, "", 0},
		"detail a sentence":  {200, `{"success":true,"data":{"totalFotoTerupload":2,"detail":"two"}}`, transport.BadResponse, "", 0},
		"a name missing":     {200, `{"success":true,"data":{"detail":[{"namaFile":"a"},{}]}}`, transport.BadResponse, "", 0},
		"another's":          {200, strings.ReplaceAll(listing, "CNTEST", "OTHER"), transport.BadResponse, "", 0},
		"500":                {500, ``, transport.Server, "", 0},
		"401":                {401, ``, transport.Unauthorized, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodGet || r.URL.Path != "/b/xray/get-foto-xray" || r.URL.Query().Get("nomorAju") != declaration.NomorAju {
					t.Errorf("asked %s %s", r.Method, r.URL)
				}
				w.WriteHeader(row.status)
				fmt.Fprint(w, row.body)
			})
			got, err := newClient(t, s.URL+"/b", "/xray").Get(t.Context(), declaration)
			if row.kind != "" {
				e, ok := err.(*transport.Error) //nolint:errorlint // the promise is the type itself
				if !ok || e.Kind != row.kind || e.Unknown || e.Op != "get" {
					t.Errorf("%+v", err)
				}
				return
			}
			if err != nil || strings.Join(got.Names, ",") != row.names || got.Total != row.total || string(got.Raw) != row.body {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

// Whatever comes back, it is an answer or a classified error, and a success is never read out of nothing.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{
		success, `{"success":false,"code":404}`, `{"success":true,"data":{"detail":[{"namaFile":1}],"totalFotoTerupload":"x"}}`,
		`{"success":"TRUE","code":200.0}`, `{"Exception":"x"}`, `<html>`, ``, `{`, `null`, `[[[[`, "\xef\xbb\xbf{}", `{"success":1,"data":7}`,
	} {
		for _, status := range []int{200, 404, 500} {
			f.Add(status, []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 200 || status > 599 {
			return
		}
		a := &transport.Answer{Status: status, Body: body, Header: http.Header{}}
		answer, fail := readAnswer(a, declaration)
		if fail == nil && (status/100 != 2 || !strings.Contains(strings.ToLower(string(body)), "success") || answer.Count < -1) {
			t.Errorf("status %d, %q taken as %+v", status, body, answer)
		}
		if fail != nil && fail.Kind == "" {
			t.Errorf("status %d, %q has no kind", status, body)
		}
		if l, fail := readListing(a, declaration); fail == nil && l.Names == nil && l.Total != 0 && !strings.Contains(string(body), "[") {
			t.Errorf("%q taken as an empty listing", body)
		}
	})
}

// Letters of a number or of a file's name that spell a secret change nothing of what an answer means; what is kept of it
// shows no secret, and stays JSON.
func TestNumbersThatHoldASecret(t *testing.T) {
	const key = "12345678"
	body := strings.Replace(success, `"code":200`, `"echo":"`+key+`","serial":912345678,"code":200`, 1)
	listing := `{"success":true,"data":{"nomorAju":"` + declaration.NomorAju + `","totalFotoTerupload":1,
		"detail":[{"namaFile":"IMG_` + key + `.jpg"}]},"code":200,"message":"` + key + `"}`
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.Method == http.MethodGet {
			fmt.Fprint(w, listing)
			return
		}
		fmt.Fprint(w, body)
	})
	tc, err := transport.New(transport.Options{BaseURL: s.URL, Headers: map[string]string{"beacukai-api-key": key}, Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tc.Close)
	c := New(tc, "")
	answer, err := c.Kirim(t.Context(), declaration, []Image{newImage(t, "a.jpg", []byte("x"))})
	if err != nil || answer.Count != 2 || strings.Contains(string(answer.Raw)+answer.Message, key) || !json.Valid(answer.Raw) {
		t.Errorf("%+v, %s, %v", answer, answer.Raw, err)
	}
	got, err := c.Get(t.Context(), declaration)
	if err != nil || strings.Join(got.Names, ",") != "IMG_"+key+".jpg" || strings.Contains(string(got.Raw), key) || !json.Valid(got.Raw) {
		t.Errorf("%+v, %s, %v", got, got.Raw, err)
	}
	listing = strings.ReplaceAll(listing, "CNTEST", "OTHER")
	if _, err := c.Get(t.Context(), declaration); err == nil || strings.Contains(err.Error(), key) || !strings.Contains(err.Error(), "is about nomorAju") {
		t.Errorf("%v", err)
	}
}
