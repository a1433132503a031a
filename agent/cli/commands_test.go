package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"kurir/agent"
	"kurir/agent/config"
	"kurir/agent/control"
	"kurir/agent/journal"
	"kurir/agent/journal/bolt"
)

// aSite is a configuration with two inboxes for photos and one for Aju numbers, whose servers nobody answers for. With
// recorded, its journal knows a document in each of three states.
func aSite(t *testing.T, recorded bool) (file string) {
	t.Helper()
	dir := t.TempDir()
	for _, folder := range []string{"a", "b", "erp", "set"} {
		if err := os.Mkdir(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	file = filepath.Join(dir, "kurir.yaml")
	text := `
data_dir: data
language: en
beacukai: {base_url: "http://127.0.0.1:1", auth: {token: x}}
t2g: {base_url: "http://127.0.0.1:1", edinumber: E, auth: {token: x}}
inboxes:
  - {name: lane-1, kind: xray, path: a, outbox: ao}
  - {name: lane-2, kind: xray, path: b, outbox: bo}
  - {name: erp, kind: aju, path: erp, outbox: eo, kode_dokumen: "30"}
dashboard: {listen: ""}
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if !recorded {
		return file
	}
	cfg, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		t.Fatal(err)
	}
	store, _, err := bolt.Open(agent.JournalPath(cfg), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, label := range []string{"polling", "done", "expired"} {
		car := fmt.Sprintf("0508000000022024022800082%d", i)
		state := []journal.State{journal.Active, journal.Done, journal.Failed}[i]
		err := store.Put(t.Context(), journal.Job{Kind: journal.Aju, Key: "erp/" + car, ID: "erp/" + car, Inbox: "erp", State: state, Label: label,
			Due: time.Now().Add(time.Hour), Data: json.RawMessage(`{"car":"` + car + `","kode":"30"}`)})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	return file
}

func runCommand(t *testing.T, args ...string) (code int, out, said string) {
	t.Helper()
	var o, e bytes.Buffer
	code = Main(t.Context(), Process{Args: args, Stdout: &o, Stderr: &e})
	return code, o.String(), e.String()
}

// The exit codes are an interface with scripts: 0 done, 1 it failed, 2 wrong usage or configuration, 3 nothing matches.
func TestExitCodesOfTheCommands(t *testing.T) {
	t.Setenv("KURIR_CONFIG", "")
	t.Chdir(t.TempDir())
	fresh, site := aSite(t, false), aSite(t, true)
	broken := filepath.Join(t.TempDir(), "kurir.yaml")
	if err := os.WriteFile(broken, []byte("data_dirr: x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const car = "05080000000220240228000820"
	for _, tc := range []struct {
		want int
		args string
	}{
		{0, "version"}, {0, "help"}, {0, "help list"}, {0, "list --help"}, {0, "completion bash"},
		{2, ""}, {2, "stauts"}, {2, "completion tcsh"}, {2, "status --nonsense"}, {2, "status more"},
		{2, "status -c " + broken}, {2, "status -c missing.yaml"}, {2, "list -c " + broken}, {2, "run -c " + broken},
		{3, "status -c " + fresh}, {3, "list -c " + fresh}, {3, "show -c " + fresh + " lane-1/A"}, {3, "retry --failed -c " + fresh},
		{0, "status -c " + site}, {0, "status --json -c " + site}, {0, "list -c " + site}, {0, "list --kind aju --state done -c " + site},
		{0, "list --search 00821 -c " + site}, {0, "list --inbox erp --limit 1 -c " + site}, {0, "list --json -c " + site},
		{3, "list --kind xray -c " + site}, {3, "list --state failed -c " + site}, {3, "list --inbox nowhere -c " + site},
		{3, "list --search nothing -c " + site}, {3, "list --json --state failed -c " + site},
		{2, "list --state done,failed -c " + site}, {2, "list --kind zip -c " + site}, {2, "list --limit -1 -c " + site}, {2, "list x -c " + site},
		{0, "show erp/" + car + " -c " + site}, {0, "show --json erp/" + car + " -c " + site},
		{3, "show erp/X -c " + site}, {3, "show " + car + " -c " + site}, {2, "show -c " + site}, {2, "show a b -c " + site},
		{3, "retry erp/X -c " + site}, {2, "retry -c " + site}, {2, "retry --failed x -c " + site}, {0, "retry --failed -c " + site},
		{2, "send -c " + site}, {2, "send missing -c " + site}, {2, "send --inbox nowhere . -c " + site}, {2, "send --inbox erp . -c " + site},
		{2, "poll -c " + site}, {2, "poll 5.08E+25 -c " + site}, {2, "poll --inbox lane-1 " + car + " -c " + site},
		{1, "poll " + car + " -c " + site}, // nobody answers
	} {
		t.Run(tc.args, func(t *testing.T) {
			code, out, said := runCommand(t, strings.Fields(tc.args)...)
			if code != tc.want {
				t.Errorf("code %d, want %d\n%s%s", code, tc.want, out, said)
			}
			if code >= 2 && out != "" {
				t.Errorf("standard output holds %q", out)
			}
			if code != 0 && said == "" {
				t.Error("it says nothing")
			}
		})
	}
}

// Completion knows the words without an agent too.
func TestCompletion(t *testing.T) {
	t.Setenv("KURIR_CONFIG", aSite(t, true))
	for args, want := range map[string]string{
		"list --state se":     "sending sent",
		"list --kind ":        "xray aju",
		"list --inbox ":       "lane-1 lane-2 erp",
		"send --inbox ":       "lane-1 lane-2",
		"poll --inbox ":       "erp",
		"show erp/0508":       "erp/05080000000220240228000822 erp/05080000000220240228000821 erp/05080000000220240228000820",
		"show lane-1/":        "",
		"retry ":              "erp/05080000000220240228000822",
		"poll 05080":          "05080000000220240228000822 05080000000220240228000821 05080000000220240228000820",
		"show erp/0508 other": "",
	} {
		t.Run(args, func(t *testing.T) {
			words := strings.Split("__complete "+args, " ")
			code, out, said := runCommand(t, words...)
			var got []string
			for line := range strings.Lines(out) {
				if word, _, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t"); !strings.HasPrefix(word, ":") {
					got = append(got, word)
				}
			}
			if code != 0 || strings.Join(got, " ") != want {
				t.Errorf("code %d, %q, want %q; said %s", code, got, want, said)
			}
		})
	}
	t.Setenv("KURIR_CONFIG", filepath.Join(t.TempDir(), "missing.yaml"))
	if code, out, _ := runCommand(t, "__complete", "list", "--inbox", ""); code != 0 || !strings.HasPrefix(out, ":") {
		t.Errorf("without a configuration: code %d, %q", code, out)
	}
}

var update = flag.Bool("update", false, "write the golden files anew")

// What --json prints is an interface: it is described in the README, and changes only together with the files in
// testdata/json, by fields that are added.
func TestJSONIsStable(t *testing.T) {
	at := time.Date(2026, 3, 1, 10, 20, 30, 456e6, time.FixedZone("", 7*3600))
	b := aFullBackend(at)
	for name, do := range map[string]func(a *app) error{
		"status":   func(a *app) error { return a.status(t.Context(), b) },
		"list":     func(a *app) error { return a.list(t.Context(), &reached{backend: b}, "", control.Query{Limit: 50}) },
		"show-set": func(a *app) error { return a.show(t.Context(), &reached{backend: stub{sets: b.sets}}, "lane-1/AWB123") },
		"show-document": func(a *app) error {
			return a.show(t.Context(), &reached{backend: stub{documents: b.documents}}, "erp/X")
		},
		"send": func(a *app) error { return a.outcome(found{Sets: b.sets}, nil, func(string) bool { return true }) },
		"poll": func(a *app) error {
			return a.outcome(found{Documents: b.documents}, nil, func(string) bool { return true })
		},
		"retry": func(a *app) error {
			return a.retry(t.Context(), &reached{backend: b}, control.RetryRequest{Failed: true})
		},
	} {
		t.Run(name, func(t *testing.T) {
			a, out, _ := speaking()
			a.json = true
			if err := do(a); err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("..", "..", "testdata", "json", name+".json")
			if *update {
				if err := os.WriteFile(golden, out.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil || !bytes.Equal(bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n")), out.Bytes()) {
				t.Errorf("%s differs (%v): printed\n%s", golden, err, out)
			}
		})
	}
	for _, v := range []any{b.overview, b.sets[0], b.documents[0]} {
		everyFieldIsSet(t, reflect.ValueOf(v), reflect.TypeOf(v).Name())
	}
}

// everyFieldIsSet makes sure that the golden files show all there is.
func everyFieldIsSet(t *testing.T, v reflect.Value, path string) {
	switch {
	case v.IsZero():
		t.Errorf("%s is not in the golden files", path)
	case v.Type() == reflect.TypeFor[time.Time]() || v.Type() == reflect.TypeFor[json.RawMessage]():
	case v.Kind() == reflect.Pointer:
		everyFieldIsSet(t, v.Elem(), path)
	case v.Kind() == reflect.Slice:
		everyFieldIsSet(t, v.Index(0), path+"[0]")
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			everyFieldIsSet(t, v.Field(i), path+"."+v.Type().Field(i).Name)
		}
	}
}

// aFullBackend knows one of everything, with every field.
func aFullBackend(at time.Time) stub {
	wrong := &control.Error{Code: "not_found", Message: "Customs does not find this BL/AWB or Aju number yet. (kirim: not found)",
		Action: "Make sure that the declaration has been sent to customs.", WhoActs: "broker"}
	problem := control.Problem{Subject: "api t2g", Code: "unauthorized", Message: "The server refused the login or the token.",
		Action: "Check the token.", WhoActs: "IT", Since: at,
		Words: map[string]control.Words{"en": {Message: "Refused.", Action: "Check it.", WhoActs: "IT"}, "id": {Message: "Ditolak.", Action: "Periksa.", WhoActs: "IT"}}}
	return stub{
		overview: control.Overview{Running: true, Now: at, Version: "1.2.3", Since: at, Config: "/etc/kurir/kurir.yaml", DataDir: "/var/lib/kurir",
			Language: "en",
			Inboxes: []control.Inbox{{Name: "lane-1", Kind: "xray", Path: "/srv/in", Outbox: "/srv/out", Mode: "poll", Why: "network share",
				OfflineSince: at, Reason: "not mounted", Files: 3, Skipped: 1, Skips: []control.Skip{{Path: "link", Reason: "symbolic link"}},
				Counts: map[string]int{"failed": 1, "sent": 2}, OldestWaiting: at, LastDone: at}},
			APIs: []control.API{{Name: "t2g", URL: "https://t2g.example", State: "paused", Code: problem.Code, Message: problem.Message,
				Action: problem.Action, WhoActs: "IT", Since: at, Until: at.Add(time.Minute)}},
			Journal:  control.Journal{Path: "/var/lib/kurir/journal.db", Bytes: 65536, Problem: "checksum; journal-x.damaged"},
			Problems: []control.Problem{problem}, Alarms: []control.Problem{problem}},
		sets: []control.Set{{Schema: 1, Kind: "xray", ID: "lane-1/AWB123", Inbox: "lane-1", Set: "AWB123", State: "retrying",
			NomorAju: "AJU1", NomorBlAwb: "AWB123", TanggalBlAwb: "2025-09-30", KodeKantor: "009000",
			Images: []control.Image{{Name: "image1.jpg", File: "sub/image1.jpg", Bytes: 120331, SHA256: strings.Repeat("0f", 32), State: "duplicate",
				Via: "kirim", DuplicateOf: "image0.jpg", At: at}},
			Attempts: 2, FirstSeenAt: at, UpdatedAt: at, SentAt: at, NextAttemptAt: at, WaitingFor: []string{"image2.jpg"}, Note: "Waiting for photos",
			OtherFiles: []string{"notes.txt"}, Archive: "sent/2026-03-01/AWB123", Response: json.RawMessage(`{"success":true}`), Error: wrong}},
		documents: []control.Document{{Schema: 1, Kind: "aju", ID: "erp/X", Inbox: "erp", Car: "X", KodeDokumen: "30", Lists: []string{"monday"},
			State: "polling", Status: "100", StatusUraian: "Billing", NomorDaftar: "000822", TanggalDaftar: "2024-02-28",
			Responses: []control.Response{{KodeRespon: "2003", UraianRespon: "SPPB", NomorRespon: "1", TanggalRespon: "2024-02-28", File: "respon/a.json",
				PDF: "respon/a.pdf", Note: "-"}},
			Statuses: []control.Status{{KodeStatus: "100", WaktuStatus: "2024-02-28 10:00:00", Keterangan: "Billing"}},
			Polls:    3, FirstSeenAt: at, UpdatedAt: at, NextPollAt: at, DoneAt: at, Note: "no data yet", Error: wrong}},
	}
}

// halfway cannot try all of it again.
type halfway struct{ stub }

func (halfway) Retry(context.Context, control.RetryRequest) ([]string, error) {
	return []string{"lane-1/A", "lane-1/B"}, errors.New("retry lane-1/C: no room")
}

// What is tried again is printed, with the error for the rest.
func TestRetryOfWhichSomeFails(t *testing.T) {
	for _, tc := range []struct {
		json bool
		want string
	}{{false, "lane-1/A\nlane-1/B\n"}, {true, `"lane-1/B"`}} {
		a, out, _ := speaking()
		a.json = tc.json
		err := a.retry(t.Context(), &reached{backend: halfway{}}, control.RetryRequest{Failed: true})
		if exitCode(err) != exitFailed || !strings.Contains(err.Error(), "lane-1/C") || !strings.Contains(out.String(), tc.want) {
			t.Errorf("printed %q, %v", out, err)
		}
	}
}

func (s stub) Retry(context.Context, control.RetryRequest) ([]string, error) {
	return []string{"erp/X", "lane-1/AWB123"}, nil
}
