package simulator_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"

	"kurir/agent/simulator"
)

// FuzzUpload: whatever comes as a body, the answer is the service's envelope, and photos are stored exactly when it
// says so.
func FuzzUpload(f *testing.F) {
	jpg := picture(f, "jpeg")
	for _, parts := range [][]part{
		{dataPart(data), imagePart("a.jpg", "image/jpeg", jpg)},
		{imagePart("a.jpg", "image/jpeg", jpg), dataPart(data), imagePart("b.png", "image/png", picture(f, "png"))},
		{dataPart(data)},
		{dataPart(`{"nomorAju":1}`), imagePart("a.jpg", "image/jpeg", jpg)},
		{dataPart(data), imagePart("../a.jpg", "image/jpeg", jpg)},
		{{`form-data; name="images"; filename*=utf-8''f%c3%b6to.jpg`, "image/jpeg", string(jpg)}, dataPart(data)},
	} {
		body, ct := form(f, parts...)
		f.Add(body, ct)
		f.Add(body[:len(body)/2], ct)
	}
	f.Add([]byte("--x--"), "multipart/form-data; boundary=x")
	f.Add([]byte("--x\r\n\r\n\r\n--x--\r\n"), `multipart/form-data; boundary="x"`)
	f.Add([]byte(data), "application/json")
	f.Add([]byte{}, "")

	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		sim := simulator.New(simulator.Options{})
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, xray+"/kirim-foto-xray", bytes.NewReader(body))
		r.Header.Set("Authorization", "Bearer demo-token")
		r.Header.Set("Content-Type", contentType)
		w := httptest.NewRecorder()
		sim.ServeHTTP(w, r)
		e := decode[envelope](t, w.Body.String())
		if e.Success != (w.Code == http.StatusOK && e.Code == http.StatusOK) {
			t.Fatalf("HTTP status %d with %s", w.Code, w.Body)
		}
		if stored := sim.Counts().Photos; e.Success != (stored > 0) {
			t.Fatalf("%d photos are stored after %s", stored, w.Body)
		}
		if !e.Success && w.Code != http.StatusBadRequest && e.Code != http.StatusNotFound {
			t.Fatalf("HTTP status %d with %s", w.Code, w.Body)
		}
	})
}
