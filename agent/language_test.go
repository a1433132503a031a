package agent_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kurir/agent/control"
)

const indonesianSite = `data_dir: DIR/data
language: id
beacukai: {base_url: URL, auth: {token: secret-token}}
t2g: {base_url: URL, edinumber: EDI0001, auth: {token: secret-token}}
inboxes:
  - {name: lane, kind: xray, path: DIR/lane, outbox: DIR/out, settle: 100ms}
  - {name: erp, kind: aju, path: DIR/erp, outbox: DIR/respon, settle: 100ms, kode_dokumen: "30"}
dashboard: {listen: ""}
`

// What became of a request is told in the language of the configuration, wherever people read it, and in English in the log.
func TestRequestsFailInTheirReadersLanguage(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/xray/", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"success": false, "code": 400, "message": "Tanggal salah"}`))
	})
	mux.HandleFunc("/api/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "https://portal.invalid/")
		w.WriteHeader(http.StatusFound)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s := newSite(t, strings.ReplaceAll(indonesianSite, "URL", server.URL))
	s.drop("A", goodSet("A"))
	s.ok(os.WriteFile(filepath.Join(s.dir, "erp", "list.txt"), []byte(knownCar+"\n"), 0o644))
	s.untilCounts("lane", map[string]int{"failed": 1})
	s.untilCounts("erp", map[string]int{"retrying": 1})

	const refused = "kirim: ditolak, status HTTP 400: Tanggal salah"
	const redirected = `statusrespon: jawaban tidak dipahami, status HTTP 302: server mengalihkan ke "https://portal.invalid/", ` +
		`yang tidak diikuti: periksa URL di konfigurasi`
	for file, want := range map[string]string{
		"out/status/A.json": refused, "out/failed/A.error.json": refused, "respon/documents/" + knownCar + "/status.json": redirected,
	} {
		var shown struct{ Error control.Error }
		s.until(file+" says why", func() bool {
			b, err := os.ReadFile(filepath.Join(s.dir, filepath.FromSlash(file)))
			return err == nil && json.Unmarshal(b, &shown) == nil && shown.Error.Message != ""
		})
		if !strings.HasSuffix(shown.Error.Message, " ("+want+")") {
			t.Errorf("%s says %q", file, shown.Error.Message)
		}
	}
	log := s.log.String()
	for _, want := range []string{
		"kirim: rejected, HTTP status 400: Tanggal salah", "statusrespon: bad response, HTTP status 302: the server redirects to",
	} {
		if !strings.Contains(log, want) {
			t.Errorf("the log does not say %q", want)
		}
	}
	for _, word := range []string{"ditolak", "dipahami"} {
		if strings.Contains(log, word) {
			t.Errorf("the log says %q:\n%s", word, log)
		}
	}
}
