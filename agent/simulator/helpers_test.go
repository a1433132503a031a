package simulator_test

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"

	"kurir/agent/simulator"
)

const (
	aju  = "012345678901234500000020250930CNTESTXRAY3CN1"
	data = `{"kodeKantor":"009000","nomorBlAwb":"CNTESTXRAY3","tanggalBlAwb":"2025-09-30","nomorAju":"` + aju + `"}`
	xray = "/openapi/cnpibk/xray"
)

// start serves a simulator over real HTTP until the test ends.
func start(t testing.TB, o simulator.Options) (*simulator.Server, string) {
	t.Helper()
	sim := simulator.New(o)
	if err := sim.Err(); err != nil {
		t.Fatal(err)
	}
	hs := httptest.NewServer(sim)
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
		hs.Close()
	})
	return sim, hs.URL
}

// clock is a time that a test sets.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 20, 30, 0, 0, time.UTC)} }

// picture is a real image of the format.
func picture(t testing.TB, format string) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 64, 48))
	for i := range img.Pix {
		img.Pix[i] = uint8(i % 251)
	}
	var b bytes.Buffer
	var err error
	switch format {
	case "jpeg":
		err = jpeg.Encode(&b, img, nil)
	case "png":
		err = png.Encode(&b, img)
	case "gif":
		pal := image.NewPaletted(img.Rect, color.Palette{color.Black, color.White})
		err = gif.Encode(&b, pal, nil)
	default:
		t.Fatalf("no such format: %s", format)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// part is one part of a multipart body; its zero type is left out.
type part struct{ disposition, contentType, body string }

func dataPart(body string) part { return part{`form-data; name="data"`, "application/json", body} }

func imagePart(name, contentType string, body []byte) part {
	return part{`form-data; name="images"; filename="` + name + `"`, contentType, string(body)}
}

// form builds a body and its Content-Type.
func form(t testing.TB, parts ...part) (body []byte, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range parts {
		h := textproto.MIMEHeader{}
		if p.disposition != "" {
			h.Set("Content-Disposition", p.disposition)
		}
		if p.contentType != "" {
			h.Set("Content-Type", p.contentType)
		}
		pw, err := w.CreatePart(h)
		if err == nil {
			_, err = io.WriteString(pw, p.body)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), w.FormDataContentType()
}

// reply is an answer that was read to its end.
type reply struct {
	status int
	header http.Header
	body   string
}

// lonely uses a connection once: a fault of one request must not meet another.
var lonely = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// send sends one request; an error is the connection's.
func send(t testing.TB, method, url, contentType string, body []byte, headers ...string) (reply, error) {
	t.Helper()
	return sendBy(t, lonely, method, url, contentType, body, headers...)
}

func sendBy(t testing.TB, c *http.Client, method, url, contentType string, body []byte, headers ...string) (reply, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+simulator.DemoToken)
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i+1] == "" {
			req.Header.Del(headers[i])
		} else {
			req.Header.Set(headers[i], headers[i+1])
		}
	}
	resp, err := c.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, string(text)}, err
}

// must is send where the connection is not expected to fail.
func must(t testing.TB, method, url, contentType string, body []byte, headers ...string) reply {
	t.Helper()
	r, err := send(t, method, url, contentType, body, headers...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// uploadTo sends one JPEG and one PNG for the nomorAju to kirim or add.
func uploadTo(t testing.TB, url string, op simulator.Op, nomorAju string) (reply, error) {
	t.Helper()
	body, ct := form(t, dataPart(strings.Replace(data, aju, nomorAju, 1)),
		imagePart("image1.jpg", "image/jpeg", picture(t, "jpeg")), imagePart("image2.png", "image/png", picture(t, "png")))
	return send(t, http.MethodPost, url+xray+"/"+string(op)+"-foto-xray", ct, body)
}

// envelope is the X-ray service's, read leniently.
type envelope struct {
	Success bool            `json:"success"`
	Data    json.RawMessage `json:"data"`
	Code    int             `json:"code"`
	Message string          `json:"message"`
}

func decode[T any](t testing.TB, text string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	return v
}

// eventually waits until the condition holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(3 * time.Minute)
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}
