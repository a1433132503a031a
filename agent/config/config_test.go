package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"
)

// load reads an example and fails the test when it has errors.
func load(t *testing.T, name string) *Config {
	t.Helper()
	c, err := Load(filepath.Join(examples, name))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestDefaults holds the defaults against the contract, written out here once more.
func TestDefaults(t *testing.T) {
	setVariables(t)
	xray, aju := load(t, "good-xray.yaml"), load(t, "good-aju.yaml")
	if got, want := xray.DataDir, defaultDataDir(); got != want || !filepath.IsAbs(got) {
		t.Errorf("data_dir %q, want %q", got, want)
	}
	if xray.Timezone != "Asia/Jakarta" || xray.Location().String() != "Asia/Jakarta" || xray.Language != "auto" {
		t.Errorf("timezone %q, location %v, language %q", xray.Timezone, xray.Location(), xray.Language)
	}
	if xray.Beacukai.XrayPath != "/xray" || xray.T2G != nil || aju.Beacukai != nil {
		t.Errorf("sections: %+v, %+v, %+v", xray.Beacukai, xray.T2G, aju.Beacukai)
	}
	if xray.Beacukai.Auth.Token.Reveal() != testToken {
		t.Error("the token is not what the variable holds")
	}
	for _, c := range []Connection{xray.Beacukai.Connection, aju.T2G.Connection} {
		if c.Timeout.D() != time.Minute || c.Concurrency != 8 || c.Rate != 0 || c.Proxy != "" || c.CAFile != "" {
			t.Errorf("connection: %+v", c)
		}
	}
	if t2g := aju.T2G; t2g.BaseURL != "https://t2g.example" || t2g.StatusResponPath != "/api/getlog/statusrespon" ||
		!reflect.DeepEqual(t2g.ResponsePaths, map[string]string{"30": "/getresbycar/bc30"}) {
		t.Errorf("t2g: %+v", t2g)
	}
	base := filepath.Dir(xray.Path)
	wantXray := Inbox{
		Name: "lane-1", Kind: KindXray, Path: filepath.Join(base, "in", "lane-1"), Outbox: filepath.Join(base, "out"),
		Settle: Duration(2 * time.Second), Watch: "auto", Rescan: Duration(time.Minute), OnSent: "archive",
		Keep: Duration(90 * 24 * time.Hour), MinImages: 1, MaxImages: 20, MaxBytes: 25 << 20,
		Retry: Retry{Duration(5 * time.Second), Duration(15 * time.Minute), Duration(24 * time.Hour), Duration(24 * time.Hour)},
	}
	if got := xray.Inboxes[0]; !reflect.DeepEqual(got, wantXray) {
		t.Errorf("got  %+v\nwant %+v", got, wantXray)
	}
	wantAju := Inbox{
		Name: "erp", Kind: KindAju, Path: filepath.Join(base, "erp", "aju"), Outbox: filepath.Join(base, "erp", "respon"),
		Settle: Duration(2 * time.Second), Watch: "auto", Rescan: Duration(time.Minute), OnSent: "archive",
		Keep: Duration(90 * 24 * time.Hour), KodeDokumen: "30",
		Poll: Poll{
			First: Duration(time.Minute), Max: Duration(30 * time.Minute), Factor: 2, GiveUpAfter: Duration(30 * 24 * time.Hour),
			DoneStatus: []string{"120", "800", "900"}, TailEvery: Duration(24 * time.Hour), TailFor: Duration(60 * 24 * time.Hour),
		},
	}
	if got := aju.Inboxes[0]; !reflect.DeepEqual(got, wantAju) {
		t.Errorf("got  %+v\nwant %+v", got, wantAju)
	}
	if xray.Dashboard.Listen != "127.0.0.1:8650" || len(xray.Alarms.Notify) != 0 || xray.Alarms.Repeat.D() != 4*time.Hour ||
		xray.Log != (Log{Level: "info", Format: "text", MaxSize: 20 << 20, Keep: 10}) {
		t.Errorf("dashboard %+v, alarms %+v, log %+v", xray.Dashboard, xray.Alarms, xray.Log)
	}
}

// TestEverythingSet checks that what differs from the defaults arrives, and how the parts are understood.
func TestEverythingSet(t *testing.T) {
	setVariables(t)
	c := load(t, "good-full.yaml")
	base := filepath.Dir(c.Path)
	b, lane, empty, erp := c.Beacukai, c.Inboxes[0], c.Inboxes[1], c.Inboxes[2]
	checks := []struct {
		what      string
		got, want any
	}{
		{"data_dir", c.DataDir, filepath.Join(base, "state")},
		{"location", c.Location().String(), "Asia/Jayapura"},
		{"base_url", b.BaseURL, "https://apisdev-gw.beacukai.go.id/openapi/cnpibk"},
		{"xray_path", b.XrayPath, ""},
		{"password", b.Auth.Login.Password.Reveal(), "word"},
		{"login url, on base_url's host", b.Auth.Login.URL, "https://apisdev-gw.beacukai.go.id/nle-oauth/v1/user/login"},
		{"refresh_url", b.Auth.Login.RefreshURL, "https://apisdev-gw.beacukai.go.id/nle-oauth/v1/user/update-token"},
		{"refresh_url beside a url of the user's own", c.T2G.Auth.Login.RefreshURL, ""},
		{"a variable inside a text", b.Headers["beacukai-api-key"].Reveal(), "key-" + testToken},
		{"$ and $${", b.Headers["x-price"].Reveal(), "$5 and ${NOT_A_VARIABLE}"},
		{"rate", b.Rate, Rate(10)},
		{"ca_file", b.CAFile, filepath.Join(base, "roots.pem")},
		{"client_key", b.ClientKey, filepath.Join(base, "client.key")},
		{"a number where a text belongs, as written", c.T2G.EDINumber, "0007"},
		{"a default, as written", lane.Defaults["kodeKantor"], "050100"},
		{"response_paths, added to", c.T2G.ResponsePaths, map[string]string{"20": "/getresbycar/bc20", "30": "/getresbycar/bc30"}},
		{"settle", lane.Settle.D(), 500 * time.Millisecond},
		{"keep_sent", lane.Keep.D(), 36 * time.Hour},
		{"max_request_bytes", lane.MaxBytes, Size(512 << 10)},
		{"retry, in part", lane.Retry, Retry{Duration(time.Second), Duration(15 * time.Minute), Duration(48 * time.Hour), Duration(24 * time.Hour)}},
		{"an empty section", empty.Retry, DefaultInbox(KindXray).Retry},
		{"expect", *lane.Expect, Expect{Duration(2 * time.Hour), "22:00-06:00"}},
		{"no expect", empty.Expect, (*Expect)(nil)},
		{"a list, replaced", erp.Poll.DoneStatus, []string{"800"}},
		{"factor", erp.Poll.Factor, 1.5},
		{"tail_for", erp.Poll.TailFor, Duration(0)},
		{"listen", c.Dashboard.Listen, ""},
		{"log file", c.Log.File, filepath.Join(base, "log", "kurir.log")},
		{"notify", c.Alarms.Notify[0].Reveal(), "telegram://" + testToken + "@telegram?chats=@yard"},
	}
	for _, check := range checks {
		if !reflect.DeepEqual(check.got, check.want) {
			t.Errorf("%s: got %v, want %v", check.what, check.got, check.want)
		}
	}
}

func TestLoadUnreadable(t *testing.T) {
	if _, err := Load(filepath.Join(t.TempDir(), "none.yaml")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	if _, err := Load(t.TempDir()); err == nil {
		t.Error("a folder was read")
	}
	large := filepath.Join(t.TempDir(), "large.yaml")
	if err := os.WriteFile(large, []byte(strings.Repeat("# large\n", 1<<17+1)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Load(large)
	var problems Errors
	if !errors.As(err, &problems) || !strings.Contains(err.Error(), "1 MiB") {
		t.Errorf("a file over 1 MiB: %v", err)
	}
}

func TestParseWithoutPath(t *testing.T) {
	setVariables(t)
	data, err := os.ReadFile(filepath.Join(examples, "good-xray.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	c, err := Parse(data, "")
	if err != nil {
		t.Fatal(err)
	}
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if c.Path != "" || c.Inboxes[0].Outbox != filepath.Join(wd, "out") {
		t.Errorf("path %q, outbox %q", c.Path, c.Inboxes[0].Outbox)
	}
	if _, err := Parse([]byte("a: b"), ""); !strings.HasPrefix(err.Error(), "kurir.yaml:1: ") {
		t.Errorf("the file is called otherwise: %v", err)
	}
}

func TestFind(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("ProgramData", t.TempDir())
	t.Setenv(EnvPath, "")
	if _, err := os.Stat(systemFile()); err == nil {
		t.Skip("this machine has " + systemFile())
	}
	_, err := Find("")
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "kurir init") || !strings.Contains(err.Error(), systemFile()) {
		t.Errorf("nowhere: %v", err)
	}
	find := func(flag, want string) {
		t.Helper()
		if got, err := Find(flag); got != want || err != nil {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	if runtime.GOOS == "windows" {
		if err := os.MkdirAll(filepath.Dir(systemFile()), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, systemFile(), "")
		find("", systemFile())
	}
	write(t, "kurir.yaml", "")
	find("", "kurir.yaml")
	t.Setenv(EnvPath, "from-environment.yaml")
	find("", "from-environment.yaml")
	find("from-flag.yaml", "from-flag.yaml")
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestLang(t *testing.T) {
	tests := []struct{ language, all, messages, lang, want string }{
		{"id", "en_US.UTF-8", "", "", "id"},
		{"en", "id_ID.UTF-8", "", "", "en"},
		{"auto", "", "", "id_ID.UTF-8", "id"},
		{"auto", "", "id_ID", "en_US.UTF-8", "id"},
		{"auto", "C", "id_ID", "id_ID", "en"},
		{"auto", "Indonesian_Indonesia.1252", "", "", "id"},
		{"auto", "", "", "idle", "en"},
		{"auto", "", "", "C.UTF-8", "en"},
	}
	for _, test := range tests {
		t.Setenv("LC_ALL", test.all)
		t.Setenv("LC_MESSAGES", test.messages)
		t.Setenv("LANG", test.lang)
		if got := (&Config{Language: test.language}).Lang(); got != test.want {
			t.Errorf("%+v: got %q", test, got)
		}
	}
	t.Setenv("LC_ALL", "")
	t.Setenv("LC_MESSAGES", "")
	t.Setenv("LANG", "")
	if got := Default().Lang(); got != "id" && got != "en" {
		t.Errorf("without an environment: %q", got)
	}
}

func TestWithin(t *testing.T) {
	tests := []struct {
		between string
		inside  []string
		outside []string
	}{
		{"", []string{"00:00", "12:00", "23:59"}, nil},
		{"06:00-22:00", []string{"06:00", "21:59"}, []string{"05:59", "22:00", "00:00"}},
		{"22:00-06:00", []string{"22:00", "23:59", "00:00", "05:59"}, []string{"06:00", "21:59"}},
		{"00:00-24:00", []string{"00:00", "23:59"}, nil},
		{"18:00-00:00", []string{"18:00", "23:59"}, []string{"00:00", "17:59"}},
	}
	zone := Default().Location()
	for _, test := range tests {
		e := &Expect{Between: test.between}
		check := func(clock string, want bool) {
			at, err := time.ParseInLocation("2006-01-02 15:04", "2025-09-30 "+clock, zone)
			if err != nil {
				t.Fatal(err)
			}
			if e.Within(at) != want {
				t.Errorf("%q at %s: want %v", test.between, clock, want)
			}
		}
		for _, clock := range test.inside {
			check(clock, true)
		}
		for _, clock := range test.outside {
			check(clock, false)
		}
	}
	for _, c := range [][3]string{ // between, now, since when it is open
		{"06:00-22:00", "2025-09-30 21:59", "2025-09-30 06:00"}, {"06:00-22:00", "2025-09-30 22:00", ""},
		{"22:00-06:00", "2025-09-30 23:00", "2025-09-30 22:00"}, {"22:00-06:00", "2025-10-01 05:59", "2025-09-30 22:00"},
		{"22:30-06:00", "2025-10-01 00:00", "2025-09-30 22:30"}, {"18:00-00:00", "2025-09-30 18:00", "2025-09-30 18:00"},
	} {
		at := func(s string) time.Time { t, _ := time.ParseInLocation("2006-01-02 15:04", s, zone); return t }
		since, open := (&Expect{Between: c[0]}).Opened(at(c[1]))
		if open != (c[2] != "") || open && !since.Equal(at(c[2])) {
			t.Errorf("%s at %s: open %v since %v, want %s", c[0], c[1], open, since, c[2])
		}
	}
	if since, open := (&Expect{}).Opened(time.Now()); !open || !since.IsZero() {
		t.Errorf("all day: open %v since %v", open, since)
	}
	for _, bad := range []string{"6-22", "06:00", "06:00-06:00", "24:00-06:00", "06:00-25:00", "06:00-22:00-23:00", "6:00-22:00", "-"} {
		if _, _, ok := (&Expect{Between: bad}).hours(); ok {
			t.Errorf("%q is taken for times", bad)
		}
	}
}
