package agent_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"kurir/agent/control"
	"kurir/agent/simulator"
)

// The secrets of the configuration, each of its own kind.
const (
	secretPassword = "s3cr3t-password"
	secretKey      = "s3cr3t-api-key"
	secretToken    = "s3cr3t-token"
	secretProxy    = "s3cr3t-proxy"
	secretNotify   = "s3cr3t-notify"
)

const secretSite = `
data_dir: DIR/data
language: en
beacukai:
  base_url: URL/openapi/cnpibk
  timeout: 5s
  auth: {login: {url: URL/login, refresh_url: URL/refresh, username: someone, password: ` + secretPassword + `}}
  headers: {beacukai-api-key: ` + secretKey + `}
t2g:
  base_url: URL
  edinumber: EDI1
  timeout: 5s
  auth: {token: ` + secretToken + `}
  headers: {x-key: ` + secretKey + `}PROXY
inboxes:
  - {name: lane, kind: xray, path: DIR/lane, outbox: DIR/out, settle: 150ms, retry: {first: 50ms, max: 1s}}
  - {name: erp, kind: aju, path: DIR/erp, outbox: DIR/respon, kode_dokumen: "30", settle: 150ms, poll: {first: 1s, max: 2s}}
dashboard: {listen: "127.0.0.1:0"}
alarms: {notify: ["generic://user:` + secretNotify + `@127.0.0.1:1/` + secretNotify + `?token=` + secretNotify + `"]}
`

// A server that shows back what it was sent, and a proxy that is not there, bring no secret of the configuration into any
// answer, page, metric, event, log or file of the outbox.
func TestNoSecretIsShown(t *testing.T) {
	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<16)) // what came is enough
		words := fmt.Sprint(r.Header, r.URL, string(body[:min(len(body), 500)]))
		status := http.StatusUnauthorized
		if !strings.Contains(r.URL.Path, "login") {
			status = http.StatusBadRequest
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		b, _ := json.Marshal(map[string]any{"success": false, "code": status, "message": words, "status": "error", "desc": words})
		_, _ = w.Write(b)
	}))
	t.Cleanup(echo.Close)
	for name, proxy := range map[string]string{
		"echo":  "",
		"proxy": "\n  proxy: http://someone:" + secretProxy + "@127.0.0.1:1",
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, strings.NewReplacer("URL", echo.URL, "PROXY", proxy).Replace(secretSite))
			s.drop("A", goodSet("A"))
			s.ok(os.WriteFile(filepath.Join(s.dir, "erp", "list.txt"), []byte(knownCar+"\n"), 0o644))
			s.until("Bea Cukai has refused the login", func() bool {
				o, err := s.client.Overview(t.Context())
				s.ok(err)
				return o.APIs[0].State == control.APIPaused
			})
			s.until("the number has an error", func() bool {
				page, err := s.client.Documents(t.Context(), control.Query{ID: "erp/" + knownCar})
				s.ok(err)
				return len(page.Documents) == 1 && page.Documents[0].Error != nil
			})
			shown := s.everythingShown()
			if !strings.Contains(shown, knownCar) || !strings.Contains(shown, "unauthorized") {
				t.Fatalf("too little was looked at: %.1000s", shown)
			}
			for _, secret := range []string{secretPassword, secretKey, secretToken, secretProxy, secretNotify, s.token} {
				if at := strings.Index(shown, secret); at >= 0 {
					t.Errorf("%s is shown: …%s…", secret, shown[max(0, at-300):min(len(shown), at+100)])
				}
			}
		})
	}
}

// everythingShown is all that anyone can see without being the agent's own account: answers with their headers, the log, and
// the files of the outboxes.
func (s *site) everythingShown() string {
	s.t.Helper()
	var all strings.Builder
	_, text := s.ask("GET", "/api/v1/openapi.yaml", "", nil)
	var doc struct{ Paths map[string]map[string]any }
	s.ok(yaml.Unmarshal(text, &doc))
	paths := []string{"/api/v1/documents?id=erp/" + knownCar, "/api/v1/sets?id=lane/A", "/nothing"}
	for path, methods := range doc.Paths {
		if _, ok := methods["get"]; ok && path != "/api/v1/events" {
			paths = append(paths, path)
		}
	}
	for _, path := range paths {
		response, body := s.ask("GET", path, "", nil)
		fmt.Fprintln(&all, path, response.Header, string(body))
	}
	for _, path := range []string{"/api/v1/retry", "/api/v1/send", "/api/v1/poll"} {
		_, body := s.ask("POST", path, `{"cars": ["`+knownCar+`"], "x": 1}`, s.bearer)
		fmt.Fprintln(&all, string(body))
	}
	for _, dir := range []string{"out", "respon"} {
		s.ok(filepath.WalkDir(filepath.Join(s.dir, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return nil //nolint:nilerr // what has gone meanwhile is not seen by others either
			}
			b, err := os.ReadFile(path)
			if err == nil {
				fmt.Fprintln(&all, path, string(b))
			}
			return nil
		}))
	}
	return all.String() + s.log.String()
}

const spelledSite = `
data_dir: DIR/data
language: en
beacukai: {base_url: URL/openapi/cnpibk, timeout: 5s, auth: {token: "` + spelledToken + `"}, headers: {beacukai-api-key: ` + secretKey + `}}
t2g: {base_url: URL, edinumber: EDI1, timeout: 5s, auth: {token: "` + spelledToken + `"}}
inboxes:
  - {name: lane, kind: xray, path: DIR/lane, outbox: DIR/out, settle: 150ms, rescan: 1s, retry: {first: 50ms, max: 200ms}}
  - {name: erp, kind: aju, path: DIR/erp, outbox: DIR/respon, kode_dokumen: "30", settle: 150ms, rescan: 1s, poll: {first: 200ms, max: 500ms}}
dashboard: {listen: "127.0.0.1:0"}
`

// The token is part of both numbers and of the photo's name.
const (
	spelledToken = "12345678"
	spelledAju   = "0" + spelledToken + "901234500000020250930CN1"
	spelledCar   = "050800" + spelledToken + "240228000822"
)

// Servers that show back what they were sent, in answers about numbers and files whose letters spell the secret: everything is
// sent once and brought whole, and the secret stands nowhere but within these numbers.
func TestNumbersThatHoldASecretAreUnderstood(t *testing.T) {
	sim := simulator.New(simulator.Options{Token: spelledToken, Speed: 20, Faults: []simulator.Rule{
		{Op: simulator.Kirim, Nth: 1, Do: simulator.DoCut, When: simulator.WhenStored}, // so that the listing decides
	}})
	server := httptest.NewServer(sim)
	echo := httptest.NewServer(echoing(t, server.URL))
	t.Cleanup(func() { echo.Close(); server.Close(); _ = sim.Close() })
	s := newSite(t, strings.ReplaceAll(spelledSite, "URL", echo.URL))
	s.dropNamed("A", strings.ReplaceAll(goodSidecar, "NAME", spelledAju), "IMG_"+spelledToken+".jpg")
	s.ok(os.WriteFile(filepath.Join(s.dir, "erp", "list.txt"), []byte(spelledCar+"\n"), 0o644))
	s.untilCounts("lane", map[string]int{"sent": 1})
	s.untilCounts("erp", map[string]int{"done": 1})

	if photos := sim.Photos(spelledAju); len(photos) != 1 || sim.Counts().Photos != 1 {
		t.Errorf("customs has %+v", photos)
	}
	pdfs, err := filepath.Glob(filepath.Join(s.dir, "respon", "documents", spelledCar, "respon", "*.pdf"))
	if err != nil || len(pdfs) == 0 {
		t.Errorf("no PDF has come: %v", err)
	}
	shown := s.everythingShown()
	if strings.Count(shown, "[hidden]") < 10 {
		t.Fatalf("the servers have shown too little: %.1000s", shown)
	}
	shown = strings.NewReplacer(spelledAju, "", spelledCar, "", "IMG_"+spelledToken, "").Replace(shown)
	for _, secret := range []string{spelledToken, secretKey, s.token} {
		if at := strings.Index(shown, secret); at >= 0 {
			t.Errorf("%s is shown: …%s…", secret, shown[max(0, at-300):min(len(shown), at+100)])
		}
	}
}

// echoing passes on to base, and puts what it was sent into every object that comes back.
func echoing(t *testing.T, base string) http.Handler {
	to, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	p := httputil.NewSingleHostReverseProxy(to)
	p.ErrorLog = log.New(io.Discard, "", 0)
	p.ModifyResponse = func(r *http.Response) error {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return err
		}
		sent := r.Request.Header
		words := fmt.Sprintf(`{"x%s":%q,`, spelledToken, "got "+sent.Get("Authorization")+" "+sent.Get("beacukai-api-key"))
		for _, object := range []string{`{`, `"data":{`, `"reshdr":{`} {
			before, _ := strings.CutSuffix(object, "{")
			b = bytes.Replace(b, []byte(object), []byte(before+words), 1)
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
		r.Header.Set("Content-Length", strconv.Itoa(len(b)))
		return nil
	}
	return p
}
