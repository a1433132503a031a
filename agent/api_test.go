package agent_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"kurir/agent/control"
	"kurir/agent/simulator"
)

// contract is the description that the agent serves.
type contract struct {
	t   *testing.T
	doc *openapi3.T
}

func described(t *testing.T, s *site) *contract {
	t.Helper()
	_, text := s.ask("GET", "/api/v1/openapi.yaml", "", nil)
	doc, err := openapi3.NewLoader().LoadFromData(text)
	s.ok(err)
	s.ok(doc.Validate(t.Context()))
	return &contract{t, doc}
}

// holds checks a body, or each line of one in lines, against what is described for it.
func (c *contract) holds(method, path string, response *http.Response, body []byte) {
	c.t.Helper()
	item := c.doc.Paths.Find(path)
	if item == nil || item.GetOperation(method) == nil {
		c.t.Errorf("%s %s is not described", method, path)
		return
	}
	answers := item.GetOperation(method).Responses
	answer := answers.Status(response.StatusCode)
	if answer == nil {
		answer = answers.Default()
	}
	kind, _, _ := strings.Cut(response.Header.Get("Content-Type"), ";")
	content := answer.Value.Content.Get(kind)
	if content == nil {
		c.t.Errorf("%s %s answers %d with %q, which is not described", method, path, response.StatusCode, kind)
		return
	}
	switch kind {
	case "application/json":
		c.fits(path, content.Schema.Value, body)
	case "application/x-ndjson":
		for line := range bytes.Lines(body) {
			if len(bytes.TrimSpace(line)) > 0 {
				c.fits(path, content.Schema.Value, line)
			}
		}
	}
}

func (c *contract) fits(what string, schema *openapi3.Schema, body []byte) {
	c.t.Helper()
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		c.t.Errorf("%s: %v: %.200s", what, err, body)
		return
	}
	if err := schema.VisitJSON(v, openapi3.MultiErrors(), openapi3.EnableFormatValidation()); err != nil {
		c.t.Errorf("%s: %v\n%.2000s", what, err, body)
	}
}

const wholeSite = `
data_dir: DIR/data
language: en
beacukai: {base_url: URL/openapi/cnpibk, auth: {token: demo-token}}
t2g: {base_url: URL, edinumber: EDI1, auth: {token: demo-token}}
inboxes:
  - {name: lane, kind: xray, path: DIR/lane, outbox: DIR/out, settle: 150ms, rescan: 1s, retry: {first: 1h, max: 2h}}
  - {name: gone, kind: xray, path: DIR/gone, outbox: DIR/out, settle: 150ms}
  - {name: erp, kind: aju, path: DIR/erp, outbox: DIR/respon, kode_dokumen: "30", settle: 150ms, rescan: 1s, poll: {first: 1h, max: 2h}}
dashboard: {listen: "127.0.0.1:0"}
`

const (
	goodSidecar = `{"nomorAju": "NAME", "nomorBlAwb": "AWBNAME", "tanggalBlAwb": "2025-09-30", "kodeKantor": "009000"}`
	knownCar    = "05080000000220240228000822"
)

func goodSet(name string) string { return strings.ReplaceAll(goodSidecar, "NAME", name) }

// Every answer of an agent that has sets and documents in every state is as openapi.yaml describes it, and holds no field
// that does not stand there.
func TestAnswersAreAsDescribed(t *testing.T) {
	sim := simulator.New(simulator.Options{})
	server := httptest.NewServer(sim)
	t.Cleanup(func() { server.Close(); _ = sim.Close() })
	s := newSite(t, strings.ReplaceAll(wholeSite, "URL", server.URL))
	c := described(t, s)
	events := s.listen(c)

	s.drop("SENT1", goodSet("SENT1"))
	s.drop("SENT2", goodSet("SENT2"))
	s.drop("AGAIN", goodSet("SENT1"))
	s.drop("BAD", `{"nomorAju": "X"}`)
	s.drop("LOST", strings.ReplaceAll(goodSet("LOST"), "AWBLOST", "UNKNOWN1"))
	s.drop("WAIT", strings.ReplaceAll(goodSet("WAIT"), `"}`, `", "images": ["a.jpg", "b.jpg"]}`))
	s.ok(os.WriteFile(filepath.Join(s.dir, "erp", "monday.txt"), []byte(knownCar+"\n05030100471120260131000001\nshort\n"), 0o644))
	s.ok(os.WriteFile(filepath.Join(s.dir, "erp", "broken.json"), []byte(`{"car": 1}`), 0o644))
	s.untilCounts("lane", map[string]int{"sent": 3, "failed": 1, "retrying": 1, "waiting": 1})
	s.untilCounts("erp", map[string]int{"done": 1})

	for _, path := range []string{
		"/api/v1/status", "/api/v1/sets", "/api/v1/sets?limit=2", "/api/v1/sets?state=failed", "/api/v1/sets?search=awbSENT2",
		"/api/v1/sets?id=lane/LOST", "/api/v1/sets?id=none", "/api/v1/documents", "/api/v1/documents?limit=1", "/api/v1/documents?list=erp/monday",
		"/api/v1/documents?id=erp/" + knownCar, "/api/v1/lists", "/api/v1/history", "/healthz", "/readyz", "/api/v1/logs", "/api/v1/logs?level=warn&limit=2", "/metrics",
		"/api/v1/sets?limit=x", "/api/v1/documents?limit=-1", "/api/v1/sets?after=nonsense", "/api/v1/documents?after=nonsense",
		"/", "/api/v1/openapi.yaml",
	} {
		response, body := s.ask("GET", path, "", nil)
		bare, _, _ := strings.Cut(path, "?")
		c.holds("GET", bare, response, body)
		if want := strings.Contains(path, "=x") || strings.Contains(path, "=-") || strings.Contains(path, "nonsense"); (response.StatusCode == 400) != want {
			t.Errorf("%s answers %d: %.200s", path, response.StatusCode, body)
		}
	}
	for _, tc := range []struct {
		path, body string
		status     int
	}{
		{"/api/v1/retry", `{"ids": ["lane/LOST"]}`, 200}, {"/api/v1/retry", `{"ids": ["lane/NONE"]}`, 404}, {"/api/v1/retry", `{}`, 400},
		{"/api/v1/poll", `{"cars": ["` + knownCar + `"]}`, 200}, {"/api/v1/poll", `{"cars": ["short"]}`, 200}, {"/api/v1/poll", `{"cars": []}`, 400},
		{"/api/v1/check", `{"language": "id"}`, 200}, {"/api/v1/check", `{"language": "fr"}`, 400}, {"/api/v1/check", `{}`, 200},
		{"/api/v1/journal/check", `{"deep": true}`, 200}, {"/api/v1/journal/compact", `{}`, 200}, {"/api/v1/journal/backup", `{}`, 200},
		{"/api/v1/send", `{"inbox": "nowhere", "paths": ["` + filepath.ToSlash(s.dir) + `"]}`, 200}, {"/api/v1/send", `{"paths": ["a"]}`, 400},
	} {
		response, body := s.ask("POST", tc.path, tc.body, s.bearer)
		c.holds("POST", tc.path, response, body)
		if response.StatusCode != tc.status {
			t.Errorf("%s %s answers %d: %.300s", tc.path, tc.body, response.StatusCode, body)
		}
		response, body = s.ask("POST", tc.path, tc.body, nil)
		c.holds("POST", tc.path, response, body)
	}
	response, body := s.ask("GET", "/api/v1/sets", "", func(r *http.Request) { r.Host = "evil.example" })
	c.holds("GET", "/api/v1/sets", response, body)
	s.asked(c)
	if n := events(); n < 5 {
		t.Errorf("%d events came", n)
	}
}

// asked checks what was answered against what the site is known to hold.
func (s *site) asked(c *contract) {
	s.t.Helper()
	o, err := s.client.Overview(s.t.Context())
	s.ok(err)
	if !o.Running || o.Now.IsZero() || len(o.Problems) != 1 || o.Problems[0].Subject != "inbox gone" || o.Problems[0].Action == "" ||
		o.Problems[0].WhoActs != "IT" || o.Problems[0].Since.IsZero() {
		s.t.Errorf("the overview is %+v", o)
	}
	if o.Inboxes[0].LastDone.IsZero() || o.Inboxes[2].LastDone.IsZero() || !o.Inboxes[1].LastDone.IsZero() {
		s.t.Errorf("last done: %v, %v, %v", o.Inboxes[0].LastDone, o.Inboxes[1].LastDone, o.Inboxes[2].LastDone)
	}
	h, err := s.client.History(s.t.Context())
	s.ok(err)
	last := h.Buckets[len(h.Buckets)-1]
	if before := h.Buckets[len(h.Buckets)-2]; last.Sent+before.Sent != 3 || last.Failed+before.Failed != 1 || last.MaxSeconds+before.MaxSeconds <= 0 {
		s.t.Errorf("the last hours are %+v, %+v", before, last)
	}
	var ids []string
	for q := (control.Query{Limit: 1}); ; {
		page, err := s.client.Documents(s.t.Context(), q)
		s.ok(err)
		for _, d := range page.Documents {
			ids = append(ids, d.ID)
		}
		if q.After = page.Next; q.After == "" {
			break
		}
	}
	if len(ids) != 2 || ids[0] == ids[1] {
		s.t.Errorf("the pages of documents hold %q", ids)
	}
	for q, want := range map[control.Query]int{
		{List: "erp/monday"}: 2, {List: "erp/none"}: 0, {List: "lane/monday"}: 0, {Search: "0131000001"}: 1, {Search: "ERP/0508"}: 1, {Search: "zzz"}: 0,
	} {
		if page, err := s.client.Documents(s.t.Context(), q); err != nil || len(page.Documents) != want {
			s.t.Errorf("%+v finds %d, %v", q, len(page.Documents), err)
		}
	}
}

// listen checks each event from now on, and returns how many came.
func (s *site) listen(c *contract) (count func() int) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	ready := make(chan struct{})
	var done sync.WaitGroup
	n := 0
	schema := c.doc.Components.Schemas["Event"].Value
	done.Go(func() {
		_ = s.client.Events(ctx, func() { close(ready) }, func(e control.Event) { // until we have heard enough
			n++
			b, err := json.Marshal(e)
			if err != nil {
				s.t.Error(err)
			}
			c.fits("event "+e.Type, schema, b)
		})
	})
	<-ready
	return func() int { cancel(); done.Wait(); return n }
}

// What the commands print as JSON is described too.
func TestGoldenJSONIsAsDescribed(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("control", "openapi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	c := &contract{t, doc}
	for file, schema := range map[string]string{"status": "Overview", "show-set": "Set", "show-document": "Document"} {
		b, err := os.ReadFile(filepath.Join("..", "testdata", "json", file+".json"))
		if err != nil {
			t.Fatal(err)
		}
		c.fits(file, doc.Components.Schemas[schema].Value, b)
	}
}
