package simulator_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kurir/agent/simulator"
)

// TestHelp: the page names every endpoint at the address it was asked at, and no secret that is not public.
func TestHelp(t *testing.T) {
	_, url := start(t, simulator.Options{})
	r := must(t, http.MethodGet, url+"/", "", nil)
	for _, want := range []string{
		url + "/openapi/cnpibk/xray/kirim-foto-xray", "/v2/openapi/cnpibk", "/v1/openapi-auth/user", "/api/getlog/statusrespon",
		"/getresbycar/", "/simulator/record", "/simulator/faults", simulator.DemoToken, simulator.PublishedCar,
	} {
		if !strings.Contains(r.body, want) {
			t.Errorf("the help page lacks %s", want)
		}
	}
	if strings.Contains(r.body, "%!") {
		t.Errorf("the help page is badly formatted: %s", r.body)
	}
	_, url = start(t, simulator.Options{Token: "t-secret", User: "u-secret", Password: "p-secret", APIKey: "k-secret"})
	if r := must(t, http.MethodGet, url+"/", "", nil); strings.Contains(r.body, "secret") || !strings.Contains(r.body, "beacukai-api-key") {
		t.Errorf("the help page is %s", r.body)
	}
}

func TestPagesRefuseOtherMethods(t *testing.T) {
	_, url := start(t, simulator.Options{})
	if r := must(t, http.MethodPost, url+"/simulator/record", "", nil); r.status != 405 {
		t.Errorf("record: %d", r.status)
	}
	if r := must(t, http.MethodDelete, url+"/simulator/faults", "", nil); r.status != 405 {
		t.Errorf("faults: %d", r.status)
	}
}

// TestDir: what arrived is on disk at once, and a later simulator goes on from there; a half-written line is no harm.
func TestDir(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "record")
	c := newClock()
	o := simulator.Options{Dir: dir, Now: c.Now}
	sim, url := start(t, o)
	if r, err := uploadTo(t, url, simulator.Kirim, aju); err != nil || r.status != 200 {
		t.Fatal(r, err)
	}
	ask(t, url, "statusrespon30", carNumber(1))
	for name, want := range map[string]string{
		"stored.jsonl": `"nomorAju":"` + aju, "requests.jsonl": `"op":"kirim"`, "documents.jsonl": carNumber(1),
	} {
		if text := readFile(t, filepath.Join(dir, name)); !strings.Contains(string(text), want) {
			t.Errorf("%s is %s", name, text)
		}
	}
	if err := sim.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "stored.jsonl"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"nomorAju":"half`); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}

	c.advance(time.Hour)
	again, url := start(t, o)
	if len(again.Photos(aju)) != 2 {
		t.Errorf("read back: %+v", again.Declarations())
	}
	if r, err := uploadTo(t, url, simulator.Kirim, aju); err != nil || r.status != 409 {
		t.Errorf("kirim again: %+v, %v", r, err)
	}
	if r, err := uploadTo(t, url, simulator.Add, aju); err != nil || r.status != 200 {
		t.Errorf("add: %+v, %v", r, err)
	}
	if r := ask(t, url, "statusrespon", carNumber(1)); !strings.Contains(r.body, `"dataStatus"`) {
		t.Errorf("an hour later the document is still unknown: %s", r.body)
	}
	if text := readFile(t, filepath.Join(dir, "stored.jsonl")); bytes.Count(text, []byte("\n")) != 2 || bytes.Contains(text, []byte("half")) {
		t.Errorf("stored.jsonl is %s", text)
	}
}

// TestDirThatCannotBe: it is told, and no request is answered as if all were well.
func TestDirThatCannotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	sim := simulator.New(simulator.Options{Dir: filepath.Join(file, "record")})
	if sim.Err() == nil {
		t.Error("a folder in a file was opened")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "stored.jsonl"), []byte("no JSON\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	sim = simulator.New(simulator.Options{Dir: dir})
	if err := sim.Err(); err == nil || !strings.Contains(err.Error(), "stored.jsonl") {
		t.Errorf("a record that is none was read: %v", err)
	}
}

// TestRequestsAreBounded: the latest are kept, in order.
func TestRequestsAreBounded(t *testing.T) {
	sim, url := start(t, simulator.Options{KeepRequests: 3})
	for _, number := range []string{"A", "B", "C", "D", "E"} {
		statuses(t, url, number, 1)
	}
	var got string
	for _, r := range sim.Requests() {
		got += r.Aju
	}
	if c := sim.Counts(); got != "CDE" || c.Requests[simulator.Get] != 5 || c.Statuses[simulator.Get][404] != 5 {
		t.Errorf("kept %s, counted %+v", got, c)
	}
}

// TestLog: one line per request, with neither token nor password.
func TestLog(t *testing.T) {
	var b bytes.Buffer
	_, url := start(t, simulator.Options{Token: "t-secret", Password: "p-secret", Logger: slog.New(slog.NewTextHandler(&b, nil))})
	statuses(t, url, "A", 1)
	must(t, http.MethodPost, url+"/nle-oauth/v1/user/login", "application/json", []byte(`{"username":"demo","password":"p-secret"}`))
	must(t, http.MethodGet, url+xray+"/get-foto-xray?nomorAju=A", "", nil, "Authorization", "Bearer t-secret")
	if got := strings.Count(b.String(), "msg=request"); got != 3 || strings.Contains(b.String(), "secret") {
		t.Errorf("%d lines: %s", got, b.String())
	}
}
