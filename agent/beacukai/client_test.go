package beacukai

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kurir/agent/transport"
)

var declaration = Declaration{
	NomorAju: "012345678901234500000020250930CNTESTXRAY3CN1", NomorBlAwb: "CNTESTXRAY3", TanggalBlAwb: "2025-09-30", KodeKantor: "009000",
}

const success = `{"success":true,"data":{"nomorAju":"012345678901234500000020250930CNTESTXRAY3CN1","nomorBlAwb":"CNTESTXRAY3",
"tanggalBlAwb":"2025-09-30","kodeKantor":"009000","npwpPemberitahu":"0123456789012345000000","jumlahFotoTerupload":2,
"keterangan":"Sukses Upload Foto"},"timestamp":"2023-10-27 10:00:00","code":200,"message":"Sukses Kirim Foto Xray"}`

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func newClient(t *testing.T, base, xrayPath string) *Client {
	t.Helper()
	tc, err := transport.New(transport.Options{BaseURL: base, Token: "fixed-token-1", Timeout: 10 * time.Second, UserAgent: "kurir/test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tc.Close)
	return New(tc, xrayPath)
}

// newImage writes a file and describes it.
func newImage(t *testing.T, name string, content []byte) Image {
	t.Helper()
	path := filepath.Join(t.TempDir(), "photo")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return describe(t, name, path)
}

func describe(t *testing.T, name, path string) Image {
	t.Helper()
	fi, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return Image{Name: name, Path: path, ContentType: "image/jpeg", Size: fi.Size(), ModTime: fi.ModTime()}
}

// received is a part as the server read it.
type received struct {
	field, name, contentType string
	content                  []byte
}

// readParts reads an upload as strictly as a server may.
func readParts(r *http.Request) ([]received, error) {
	if r.ContentLength <= 0 || len(r.TransferEncoding) != 0 {
		return nil, fmt.Errorf("Content-Length %d, Transfer-Encoding %v", r.ContentLength, r.TransferEncoding)
	}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return nil, fmt.Errorf("Content-Type %q: %w", r.Header.Get("Content-Type"), err)
	}
	body := &counter{r: r.Body}
	mr := multipart.NewReader(body, params["boundary"])
	var parts []received
	for {
		p, err := mr.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return parts, err
		}
		_, disposition, err := mime.ParseMediaType(p.Header.Get("Content-Disposition"))
		if err != nil {
			return parts, err
		}
		content, err := io.ReadAll(p)
		if err != nil {
			return parts, err
		}
		parts = append(parts, received{disposition["name"], disposition["filename"], p.Header.Get("Content-Type"), content})
	}
	_, err = io.Copy(io.Discard, body)
	if err == nil && body.n != r.ContentLength {
		err = fmt.Errorf("%d bytes, announced %d", body.n, r.ContentLength)
	}
	return parts, err
}

type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	return n, err
}

func TestUploadOnTheWire(t *testing.T) {
	var path string
	var parts []received
	var readErr error
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		path = r.Method + " " + r.URL.Path
		parts, readErr = readParts(r)
		fmt.Fprint(w, success)
	})
	images := []Image{
		newImage(t, "image1.jpg", bytes.Repeat([]byte("one\r\n--"), 100_000)),
		newImage(t, "image2.png", nil),
		newImage(t, "image3.png", []byte("three")),
	}
	images[2].ContentType = "image/png"
	for _, xray := range []string{"/xray", "xray/", ""} {
		c := newClient(t, s.URL+"/openapi/cnpibk", xray)
		for op, call := range map[string]func() (Answer, error){
			"kirim": func() (Answer, error) { return c.Kirim(t.Context(), declaration, images) },
			"add":   func() (Answer, error) { return c.Add(t.Context(), declaration, images) },
		} {
			answer, err := call()
			if err != nil || readErr != nil {
				t.Fatalf("%s: %v, server: %v", op, err, readErr)
			}
			want := "POST /openapi/cnpibk/" + op + "-foto-xray"
			if xray != "" {
				want = "POST /openapi/cnpibk/xray/" + op + "-foto-xray"
			}
			if path != want {
				t.Errorf("asked %s, want %s", path, want)
			}
			if answer.Status != 200 || answer.Count != 2 || answer.Message != "Sukses Kirim Foto Xray" || string(answer.Raw) != success {
				t.Errorf("answer %+v", answer)
			}
		}
	}
	if len(parts) != 4 {
		t.Fatalf("%d parts", len(parts))
	}
	var d map[string]string
	if p := parts[0]; p.field != "data" || p.name != "" || p.contentType != "application/json" || json.Unmarshal(p.content, &d) != nil {
		t.Errorf("first part %+v", p)
	}
	if len(d) != 4 || d["nomorAju"] != declaration.NomorAju || d["kodeKantor"] != "009000" || d["tanggalBlAwb"] != "2025-09-30" ||
		d["nomorBlAwb"] != "CNTESTXRAY3" {
		t.Errorf("data %v", d)
	}
	for i, image := range images {
		content, _ := os.ReadFile(image.Path)
		p := parts[i+1]
		if p.field != "images" || p.name != image.Name || p.contentType != image.ContentType || !bytes.Equal(p.content, content) {
			t.Errorf("part %d: %s %q %s, %d bytes", i+1, p.field, p.name, p.contentType, len(p.content))
		}
	}
}

func TestFileNamesArriveAsTheyAre(t *testing.T) {
	var parts []received
	var readErr error
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		parts, readErr = readParts(r)
		fmt.Fprint(w, success)
	})
	c := newClient(t, s.URL, "")
	for _, name := range []string{
		"a b.jpg", `say "hello".jpg`, `back\slash.jpg`, "semi;colon;filename=x.jpg", "é漢字🙂.jpg", "e\u0301 NFD.jpg", "a=b&c%20d+e.jpg",
		"it's.jpg", "comma, dot..jpg", strings.Repeat("x", 200) + ".jpg", `"`, `\"`, "=?utf-8?q?x?=.jpg", "tab\there.jpg",
	} {
		if _, err := c.Kirim(t.Context(), declaration, []Image{newImage(t, name, []byte("x"))}); err != nil || readErr != nil {
			t.Errorf("%q: %v, server: %v", name, err, readErr)
		} else if parts[1].name != name {
			t.Errorf("%q arrived as %q", name, parts[1].name)
		}
	}
	// What cannot be in a name must at least not end the header.
	if _, err := c.Kirim(t.Context(), declaration, []Image{newImage(t, "x\r\nX-Evil: 1\r\n\r\n.jpg", []byte("x"))}); err != nil || readErr != nil {
		t.Errorf("line break: %v, server: %v", err, readErr)
	}
}

// The body is sent again from its beginning after a token refresh.
func TestRepeatAfterRefresh(t *testing.T) {
	calls := 0
	var parts []received
	var readErr error
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/login") {
			_, _ = io.Copy(io.Discard, r.Body)
			fmt.Fprintf(w, `{"access_token":"token-%d"}`, calls)
			return
		}
		calls++
		parts, readErr = readParts(r)
		if calls == 1 {
			fmt.Fprint(w, `{"success":false,"data":null,"code":401,"message":"Invalid Authorization Token"}`) // with HTTP 200
			return
		}
		fmt.Fprint(w, success)
	})
	tc, err := transport.New(transport.Options{
		BaseURL: s.URL, Login: &transport.Login{URL: s.URL + "/login", Username: "u", Password: "password"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tc.Close)
	images := []Image{newImage(t, "1.jpg", bytes.Repeat([]byte("1"), 500_000)), newImage(t, "2.jpg", []byte("2"))}
	if _, err := New(tc, "").Kirim(t.Context(), declaration, images); err != nil || readErr != nil {
		t.Fatalf("%v, server: %v", err, readErr)
	}
	if calls != 2 || len(parts) != 3 || len(parts[1].content) != 500_000 || string(parts[2].content) != "2" {
		t.Errorf("%d calls, %d parts", calls, len(parts))
	}
}
