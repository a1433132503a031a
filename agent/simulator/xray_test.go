package simulator_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"

	"kurir/agent/simulator"
)

// TestUploadRefused holds what a multipart body must be; every refusal says what is wrong, stores nothing, and has
// the service's envelope.
func TestUploadRefused(t *testing.T) {
	jpg := imagePart("a.jpg", "image/jpeg", picture(t, "jpeg"))
	ok := dataPart(data)
	tests := []struct {
		name  string
		parts []part
		want  string // in the message
	}{
		{"no data", []part{jpg}, `no part "data"`},
		{"no image", []part{ok}, `no part "images"`},
		{"nothing", nil, `no part "data"`},
		{"two data", []part{ok, jpg, ok}, `second part "data"`},
		{"data without a type", []part{{`form-data; name="data"`, "", data}, jpg}, "no Content-Type"},
		{"data as text", []part{{`form-data; name="data"`, "text/plain", data}, jpg}, "text/plain"},
		{"data is no JSON", []part{dataPart("nomorAju=1"), jpg}, "no JSON object"},
		{"data is a list", []part{dataPart("[]"), jpg}, "no JSON object"},
		{"data is null", []part{dataPart("null"), jpg}, "no JSON object"},
		{"data goes on", []part{dataPart(data + "x"), jpg}, "no JSON object"},
		{"data is Latin-1", []part{dataPart("{\"nomorAju\":\"\xe9\"}"), jpg}, "UTF-8"},
		{"data is huge", []part{dataPart(strings.Repeat(" ", 2<<20)), jpg}, "longer than"},
		{"a field is missing", []part{dataPart(`{"nomorAju":"1","nomorBlAwb":"2","tanggalBlAwb":"2025-09-30"}`), jpg}, "kodeKantor is missing"},
		{"a field is a number", []part{dataPart(strings.Replace(data, `"009000"`, `9000`, 1)), jpg}, "kodeKantor must be a string, not 9000"},
		{"a field is null", []part{dataPart(strings.Replace(data, `"009000"`, `null`, 1)), jpg}, "kodeKantor must be a string, not null"},
		{"a field is empty", []part{dataPart(strings.Replace(data, `"009000"`, `" "`, 1)), jpg}, "kodeKantor is empty"},
		{"a field is spelt otherwise", []part{dataPart(strings.Replace(data, "kodeKantor", "kodekantor", 1)), jpg}, "letter case counts"},
		{"a date of another kind", []part{dataPart(strings.Replace(data, "2025-09-30", "30-09-2025", 1)), jpg}, "yyyy-MM-dd"},
		{"a date that is none", []part{dataPart(strings.Replace(data, "2025-09-30", "2025-02-30", 1)), jpg}, "yyyy-MM-dd"},
		{"an image without a name", []part{ok, {`form-data; name="images"`, "image/jpeg", jpg.body}}, "no filename"},
		{"an image with a path", []part{ok, imagePart("../a.jpg", "image/jpeg", picture(t, "jpeg"))}, "is a path"},
		{"an image without a type", []part{ok, {jpg.disposition, "", jpg.body}}, "must be an image type"},
		{"an image of octets", []part{ok, {jpg.disposition, "application/octet-stream", jpg.body}}, "must be an image type"},
		{"a PNG as JPEG", []part{ok, imagePart("a.jpg", "image/jpeg", picture(t, "png"))}, "its content is image/png"},
		{"a text as JPEG", []part{ok, imagePart("a.jpg", "image/jpeg", []byte("hello"))}, "no such image"},
		{"a text as some image", []part{ok, imagePart("a.heic", "image/heic", []byte("hello"))}, "no such image"},
		{"an empty image", []part{ok, imagePart("a.jpg", "image/jpeg", nil)}, "is empty"},
		{"the second image is bad", []part{ok, jpg, imagePart("b.jpg", "image/jpeg", []byte("hello"))}, "b.jpg is declared"},
		{"another part", []part{ok, jpg, {`form-data; name="image"; filename="b.jpg"`, "image/jpeg", jpg.body}}, `the name "image"`},
		{"a part without a disposition", []part{ok, {"", "image/jpeg", jpg.body}}, "no Content-Disposition"},
	}
	sim, url := start(t, simulator.Options{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body, ct := form(t, tt.parts...)
			r := must(t, http.MethodPost, url+xray+"/kirim-foto-xray", ct, body)
			e := decode[envelope](t, r.body)
			if r.status != 400 || e.Success || e.Code != 400 || string(e.Data) != "null" || !strings.Contains(e.Message, tt.want) {
				t.Errorf("got %d %s, want 400 with %q", r.status, r.body, tt.want)
			}
		})
	}
	if c := sim.Counts(); c.Photos != 0 || c.Requests[simulator.Kirim] != len(tests) {
		t.Errorf("counts are %+v", c)
	}
}

// TestImageTypes holds which declared types go with which content.
func TestImageTypes(t *testing.T) {
	bmp := append([]byte("BM"), make([]byte, 60)...)
	webp := []byte("RIFF\x24\x00\x00\x00WEBPVP8 ")
	tests := []struct {
		contentType string
		body        []byte
	}{
		{"image/jpeg", picture(t, "jpeg")},
		{"image/jpg", picture(t, "jpeg")},
		{"image/png", picture(t, "png")},
		{"image/gif", picture(t, "gif")},
		{"image/bmp", bmp},
		{"image/x-ms-bmp", bmp},
		{"image/webp", webp},
		{"image/tiff", []byte("II*\x00\x08\x00\x00\x00")},
		{"image/tiff", []byte("MM\x00*\x00\x00\x00\x08")},
		{"image/jp2", []byte("\x00\x00\x00\x0cjP  \x0d\x0a\x87\x0a")},
	}
	_, url := start(t, simulator.Options{})
	for i, tt := range tests {
		number := strings.Replace(data, aju, string(rune('A'+i)), 1)
		body, ct := form(t, dataPart(number), imagePart("foto ke-1.img", tt.contentType, tt.body))
		if r := must(t, http.MethodPost, url+xray+"/kirim-foto-xray", ct, body); r.status != 200 {
			t.Errorf("%s: %d %s", tt.contentType, r.status, r.body)
		}
	}
}

// TestWire holds what stands around the body.
func TestWire(t *testing.T) {
	body, ct := form(t, dataPart(data), imagePart("a.jpg", "image/jpeg", picture(t, "jpeg")))
	cut := body[:len(body)-10]
	tests := []struct {
		name, method, contentType string
		body                      []byte
		headers                   []string
		status                    int
		want                      string // in the body or the hint
	}{
		{"another method", "PUT", ct, body, nil, 405, "takes POST"},
		{"no token", "POST", ct, body, []string{"Authorization", ""}, 401, "no Authorization header"},
		{"no Bearer", "POST", ct, body, []string{"Authorization", "demo-token"}, 401, "must begin with"},
		{"an unknown token", "POST", ct, body, []string{"Authorization", "Bearer x"}, 401, "unknown"},
		{"no type", "POST", "", body, nil, 400, "no Content-Type"},
		{"JSON", "POST", "application/json", []byte(data), nil, 400, "multipart/form-data"},
		{"no boundary", "POST", "multipart/form-data", body, nil, 400, "no boundary"},
		{"another boundary", "POST", "multipart/form-data; boundary=x", body, nil, 400, "cannot be read"},
		{"no end", "POST", ct, cut, nil, 400, "has no end"},
		{"no body", "POST", ct, nil, nil, 400, "cannot be read"},
	}
	sim, url := start(t, simulator.Options{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := must(t, tt.method, url+xray+"/kirim-foto-xray", tt.contentType, tt.body, tt.headers...)
			if r.status != tt.status || !strings.Contains(r.body+r.header.Get("Simulator-Hint"), tt.want) {
				t.Errorf("got %d %s %s", r.status, r.header, r.body)
			}
		})
	}
	if got := sim.Counts().Photos; got != 0 {
		t.Errorf("%d photos were stored", got)
	}
}

// TestChunkedIsRefused: the gateways do so, and the client must be told why.
func TestChunkedIsRefused(t *testing.T) {
	_, url := start(t, simulator.Options{})
	body, ct := form(t, dataPart(data), imagePart("a.jpg", "image/jpeg", picture(t, "jpeg")))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+xray+"/kirim-foto-xray", io.MultiReader(bytes.NewReader(body)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", ct)
	req.Header.Set("Authorization", "Bearer demo-token")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusLengthRequired || !strings.Contains(string(text), "Content-Length") {
		t.Errorf("%v, %d %s", err, resp.StatusCode, text)
	}
}

// TestEveryBase holds the published places.
func TestEveryBase(t *testing.T) {
	_, url := start(t, simulator.Options{})
	for _, base := range []string{
		"/openapi/cnpibk/xray", "/openapi/cnpibk", "/v2/openapi/cnpibk/xray", "/v2/openapi/cnpibk",
		"/kirim-cn-pibk-barkir-public/kirim-cn-pibk-barkir",
	} {
		r := must(t, http.MethodGet, url+base+"/get-foto-xray?nomorAju=X", "", nil)
		if e := decode[envelope](t, r.body); r.status != 404 || e.Code != 404 {
			t.Errorf("%s: %d %s", base, r.status, r.body)
		}
	}
	r := must(t, http.MethodGet, url+"//openapi/cnpibk/XRAY/get-foto-xray/?nomorAju=X", "", nil)
	if r.status != 404 || !strings.Contains(r.body, "did you mean /openapi/cnpibk/xray/get-foto-xray?") {
		t.Errorf("a near miss got %d %s", r.status, r.body)
	}
}

// TestGetQuery holds what identifies a declaration.
func TestGetQuery(t *testing.T) {
	_, url := start(t, simulator.Options{})
	if r, err := uploadTo(t, url, simulator.Kirim, aju); err != nil || r.status != 200 {
		t.Fatal(r, err)
	}
	for query, status := range map[string]int{
		"nomorAju=" + aju: 200,
		"nomorBlAwb=CNTESTXRAY3&tanggalBlAwb=2025-09-30&kodeKantor=009000": 200,
		"nomorBlAwb=CNTESTXRAY3&tanggalBlAwb=2025-09-30&kodeKantor=009001": 404,
		"nomorBlAwb=CNTESTXRAY3&tanggalBlAwb=2025-09-30":                   400,
		"nomorAju=": 400,
		"":          400,
	} {
		if r := must(t, http.MethodGet, url+xray+"/get-foto-xray?"+query, "", nil); r.status != status {
			t.Errorf("%s: %d %s", query, r.status, r.body)
		}
	}
}

// TestRecordOfPhotos: names, sizes and hashes are kept as sent, double sends are kept as such.
func TestRecordOfPhotos(t *testing.T) {
	sim, url := start(t, simulator.Options{})
	for _, op := range []simulator.Op{simulator.Kirim, simulator.Add} {
		if r, err := uploadTo(t, url, op, aju); err != nil || r.status != 200 {
			t.Fatal(r, err)
		}
	}
	photos := sim.Photos(aju)
	if len(photos) != 4 {
		t.Fatalf("stored %+v", photos)
	}
	jpg := picture(t, "jpeg")
	sum := sha256.Sum256(jpg)
	p := photos[2]
	if p.Name != "image1.jpg" || p.Bytes != int64(len(jpg)) || p.SHA256 != hex.EncodeToString(sum[:]) ||
		p.ContentType != "image/jpeg" || p.Via != simulator.Add || p.At.IsZero() {
		t.Errorf("the third photo is %+v", p)
	}
	c := sim.Counts()
	if c.Declarations != 1 || c.Photos != 4 || c.SameName != 2 || c.SameContent != 2 || c.Statuses[simulator.Add][200] != 1 {
		t.Errorf("counts are %+v", c)
	}
	type photo struct{ SameName, SameContent int }
	rec := decode[struct {
		Declarations []struct {
			NomorAju string
			Photos   []photo
		}
		Requests []simulator.Request
	}](t, must(t, http.MethodGet, url+"/simulator/record?requests=true&nomorAju="+aju, "", nil).body)
	if len(rec.Declarations) != 1 || rec.Declarations[0].NomorAju != aju || len(rec.Declarations[0].Photos) != 4 ||
		rec.Declarations[0].Photos[1] != (photo{2, 2}) || len(rec.Requests) != 2 || rec.Requests[1].Stored != 2 {
		t.Errorf("the record is %+v", rec)
	}
	if r := must(t, http.MethodGet, url+"/simulator/record?nomorAju=other", "", nil); strings.Contains(r.body, "image1") {
		t.Errorf("another number's record is %s", r.body)
	}
}

// TestOneKirimWins: of many at once for one number one is stored, whole.
func TestOneKirimWins(t *testing.T) {
	sim, url := start(t, simulator.Options{})
	var wg sync.WaitGroup
	var mu sync.Mutex
	statuses := map[int]int{}
	for range 8 {
		wg.Go(func() {
			r, err := uploadTo(t, url, simulator.Kirim, aju)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			statuses[r.status]++
		})
	}
	wg.Wait()
	if statuses[200] != 1 || statuses[409] != 7 || len(sim.Photos(aju)) != 2 {
		t.Errorf("statuses %v, photos %v", statuses, sim.Photos(aju))
	}
}

// TestClientBreaksOff: of an upload that does not come whole nothing is stored.
func TestClientBreaksOff(t *testing.T) {
	sim, url := start(t, simulator.Options{})
	body, ct := form(t, dataPart(data), imagePart("a.jpg", "image/jpeg", picture(t, "jpeg")))
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = fmt.Fprintf(conn, "POST %s/kirim-foto-xray HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer demo-token\r\n"+
		"Content-Type: %s\r\nContent-Length: %d\r\n\r\n", xray, ct, len(body))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write(body[:len(body)-4]); err != nil { // all but the end of the closing boundary
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the request is recorded", func() bool { return len(sim.Requests()) == 1 })
	if got := sim.Requests()[0]; got.Status != 0 || !strings.Contains(got.Note, "broke off") || len(sim.Photos(aju)) != 0 {
		t.Errorf("recorded %+v, stored %v", got, sim.Photos(aju))
	}
}

// zeros is a JPEG's beginning and then nothing but zeros.
type zeros struct{ left int64 }

func (z *zeros) Read(p []byte) (int, error) {
	if z.left == 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), z.left)
	clear(p[:n])
	z.left -= n
	return int(n), nil
}

// TestMemoryStaysFlat: a photo is hashed as it comes, not kept.
func TestMemoryStaysFlat(t *testing.T) {
	const size = 128 << 20
	sim, url := start(t, simulator.Options{})
	whole, ct := form(t, dataPart(data), imagePart("a.jpg", "image/jpeg", picture(t, "jpeg")))
	end := bytes.LastIndex(whole, []byte("\r\n--"))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+xray+"/kirim-foto-xray",
		io.MultiReader(bytes.NewReader(whole[:end]), &zeros{size}, bytes.NewReader(whole[end:])))
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = int64(len(whole)) + size
	req.Header.Set("Content-Type", ct)
	req.Header.Set("Authorization", "Bearer demo-token")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 16<<20 {
		t.Errorf("%d bytes were allocated for an upload of %d", got, size)
	}
	if p := sim.Photos(aju); len(p) != 1 || p[0].Bytes < size {
		t.Errorf("stored %+v", p)
	}
}
