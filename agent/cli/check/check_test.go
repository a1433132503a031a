package check_test

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"kurir/agent/cli/check"
	"kurir/agent/config"
	"kurir/agent/transport"
)

// site is a configuration with its folders.
type site struct {
	dir  string
	cfg  *config.Config
	apis []check.API

	notify bool
}

func newSite(t *testing.T, baseURL string) *site {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"data", "in", "out"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	text := fmt.Sprintf(`
data_dir: data
beacukai: {base_url: "%s", auth: {token: "token-of-the-test"}}
inboxes: [{name: lane-1, kind: xray, path: in, outbox: out}]
`, baseURL)
	path := filepath.Join(dir, "kurir.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return &site{dir: dir, cfg: cfg, apis: []check.API{{Name: "beacukai", Connection: &cfg.Beacukai.Connection, PathKey: "xray_path"}}}
}

// run returns the results by "subject/check".
func (s *site) run(t *testing.T) map[string]check.Result {
	t.Helper()
	results := map[string]check.Result{}
	o := check.Options{Config: s.cfg, Journal: filepath.Join(s.cfg.DataDir, "journal.db"), APIs: s.apis, Notify: s.notify, Say: func(_, english string) string { return english }}
	check.Run(t.Context(), o, func(r check.Result) {
		results[r.Subject+"/"+r.Check] = r
		if r.Status == check.OK && r.Remedy != "" || r.Status != check.OK && r.Remedy == "" {
			t.Errorf("remedy and status do not fit: %+v", r)
		}
	})
	return results
}

// expect fails unless the check had this outcome and its words hold the text.
func expect(t *testing.T, results map[string]check.Result, name string, status check.Status, text string) {
	t.Helper()
	r, ok := results[name]
	if !ok || r.Status != status || !strings.Contains(r.Detail+r.Remedy, text) {
		t.Errorf("%s is %+v, want %s with %q", name, r, status, text)
	}
}

func server(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(s.Close)
	return s
}

func TestAllIsWell(t *testing.T) {
	s := newSite(t, server(t).URL)
	s.apis[0].Login = func(context.Context) error { return nil }
	s.apis[0].Probe = func(context.Context) error { return nil }
	results := s.run(t)
	for _, name := range []string{"config/read", "data_dir/write", "data_dir/disk", "inbox lane-1/write", "inbox lane-1/watch",
		"inbox lane-1/outbox", "inbox lane-1/move", "beacukai/reach", "beacukai/clock", "beacukai/credentials", "beacukai/login",
		"beacukai/request"} {
		if results[name].Status == "" {
			t.Errorf("%s was not checked", name)
		}
	}
	for name, r := range results {
		if r.Status == check.Fail {
			t.Errorf("%s failed: %+v", name, r)
		}
	}
	for _, name := range []string{"data", "in", "out"} {
		if left, err := os.ReadDir(filepath.Join(s.dir, name)); err != nil || len(left) != 0 {
			t.Errorf("left in %s: %v, %v", name, left, err)
		}
	}
}

func TestFolders(t *testing.T) {
	for _, tc := range []struct {
		name    string
		spoil   func(t *testing.T, s *site)
		check   string
		status  check.Status
		text    string
		windows bool // it can be made there too
	}{
		{"inbox missing", func(t *testing.T, s *site) { must(t, os.Remove(filepath.Join(s.dir, "in"))) },
			"inbox lane-1/folder", check.Fail, "never makes it", true},
		{"inbox is a file", func(t *testing.T, s *site) {
			must(t, os.Remove(filepath.Join(s.dir, "in")))
			must(t, os.WriteFile(filepath.Join(s.dir, "in"), nil, 0o600))
		}, "inbox lane-1/folder", check.Fail, "not a folder", true},
		{"inbox read-only", func(t *testing.T, s *site) { readOnly(t, filepath.Join(s.dir, "in")) },
			"inbox lane-1/write", check.Fail, "delete", false},
		{"outbox read-only", func(t *testing.T, s *site) { readOnly(t, filepath.Join(s.dir, "out")) },
			"inbox lane-1/outbox", check.Fail, "outbox", false},
		{"outbox of another account", func(t *testing.T, s *site) {
			must(t, os.Mkdir(filepath.Join(s.dir, "out", "sent"), 0o755))
			readOnly(t, filepath.Join(s.dir, "out", "sent"))
		}, "inbox lane-1/outbox", check.Fail, "another account", false},
		{"outbox not yet made", func(t *testing.T, s *site) { must(t, os.Remove(filepath.Join(s.dir, "out"))) },
			"inbox lane-1/outbox", check.OK, "will be made", true},
		{"data folder not yet made", func(t *testing.T, s *site) { must(t, os.Remove(filepath.Join(s.dir, "data"))) },
			"data_dir/write", check.OK, "will be made", true},
		{"link in the inbox", func(t *testing.T, s *site) {
			must(t, os.Symlink(s.dir, filepath.Join(s.dir, "in", "link")))
		}, "inbox lane-1/left alone", check.Warn, "link", false},
		{"folder that cannot be moved", func(t *testing.T, s *site) {
			must(t, os.Mkdir(filepath.Join(s.dir, "in", "AWB1"), 0o755))
			readOnly(t, filepath.Join(s.dir, "in", "AWB1"))
		}, "inbox lane-1/delivered", check.Warn, "AWB1", false},
		{"secrets for all to read", func(t *testing.T, s *site) {
			must(t, os.Chmod(filepath.Dir(s.dir), 0o755))
			must(t, os.Chmod(s.cfg.Path, 0o644))
		}, "config/private", check.Warn, "chmod o= ", false},
		{"a secret's file for all to read", func(t *testing.T, s *site) {
			must(t, os.Chmod(filepath.Dir(s.dir), 0o755))
			path := filepath.Join(s.dir, "password.txt")
			must(t, os.WriteFile(path, []byte("x"), 0o644))
			s.cfg.Secrets = []string{path}
		}, "config/private", check.Warn, "password.txt", false},
		{"journal of another account", func(t *testing.T, s *site) { s.leave(t, "data/journal.db", true) },
			"data_dir/journal", check.Fail, "service install", false},
		{"owner file of another account", func(t *testing.T, s *site) {
			s.leave(t, "data/journal.db", false)
			s.leave(t, "data/journal.owner", true)
		}, "data_dir/journal", check.Fail, "journal.owner", false},
		{"log", func(t *testing.T, s *site) { s.cfg.Log.File = s.leave(t, "data/kurir.log", false) },
			"log/write", check.OK, "kurir.log", true},
		{"log not yet made", func(_ *testing.T, s *site) { s.cfg.Log.File = filepath.Join(s.dir, "log", "kurir.log") },
			"log/write", check.OK, "will be made", true},
		{"log is a folder", func(_ *testing.T, s *site) { s.cfg.Log.File = filepath.Join(s.dir, "data") },
			"log/write", check.Fail, "log's file", true},
		{"log of another account", func(t *testing.T, s *site) { s.cfg.Log.File = s.leave(t, "data/kurir.log", true) },
			"log/write", check.Fail, "log's file", false},
		{"log that cannot be renewed", func(t *testing.T, s *site) {
			must(t, os.Mkdir(filepath.Join(s.dir, "log"), 0o755))
			s.cfg.Log.File = s.leave(t, "log/kurir.log", false)
			readOnly(t, filepath.Join(s.dir, "log"))
		}, "log/renew", check.Warn, "max_size", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if runtime.GOOS == "windows" && !tc.windows {
				t.Skip("rights and links are other ones there")
			}
			s := newSite(t, server(t).URL)
			tc.spoil(t, s)
			expect(t, s.run(t), tc.check, tc.status, tc.text)
		})
	}
}

// leave makes an empty file in the site, which this account may not write to if it is to be another's, and returns its path.
func (s *site) leave(t *testing.T, name string, others bool) string {
	t.Helper()
	path := filepath.Join(s.dir, filepath.FromSlash(name))
	must(t, os.WriteFile(path, nil, 0o600))
	if others {
		readOnly(t, path)
	}
	return path
}

func TestSecretsInTheConfiguration(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("rights are other ones there")
	}
	for _, tc := range []struct {
		name, connection, alarms string
		secret                   bool
	}{
		{"none", "", "", false},
		{"header", `, headers: {key: "key-of-the-test"}`, "", true},
		{"header from a file", `, headers: {key: "${file:token}"}`, "", false},
		{"proxy", `, proxy: "http://user:word-of-the-proxy@proxy.example:3128"`, "", true},
		{"proxy without a password", `, proxy: "http://proxy.example:3128"`, "", false},
		{"bot", "", "telegram://110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw@telegram?chats=@lane", true},
		{"bot from a file", "", "telegram://${file:token}@telegram?chats=@lane", false},
		{"webhook", "", "generic+https://hooks.example.com/word", true},
		{"mail", "", "smtp://user:word@mail.example.com/?from=a@example.com&to=b@example.com", true},
		{"mail without a password", "", "smtp://mail.example.com/?from=a@example.com&to=b@example.com", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newSite(t, server(t).URL)
			must(t, os.Chmod(filepath.Dir(s.dir), 0o755))
			must(t, os.WriteFile(filepath.Join(s.dir, "token"), []byte("110201543:token-of-the-file"), 0o600))
			text := fmt.Sprintf(`
data_dir: data
beacukai: {base_url: "http://nowhere.invalid", auth: {token: "${file:token}"}%s}
inboxes: [{name: lane-1, kind: xray, path: in, outbox: out}]
`, tc.connection)
			if tc.alarms != "" {
				text += "alarms: {notify: [\"" + tc.alarms + "\"]}\n"
			}
			must(t, os.WriteFile(s.cfg.Path, []byte(text), 0o644))
			must(t, os.Chmod(s.cfg.Path, 0o644))
			cfg, err := config.Load(s.cfg.Path)
			must(t, err)
			s.cfg = cfg
			s.apis[0].Connection = &cfg.Beacukai.Connection
			s.apis[0].Broken = errors.New("it is not asked")
			if r, warned := s.run(t)["config/private"]; warned != tc.secret {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestServerOutOfReach(t *testing.T) {
	closed := server(t)
	closed.Close()
	unknown := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(unknown.Close)
	noTLS := "https" + strings.TrimPrefix(server(t).URL, "http")
	for _, tc := range []struct{ name, url, check, text string }{
		{"nobody listens", closed.URL, "reach", "firewall"},
		{"unknown certificate", unknown.URL, "tls", "ca_file"},
		{"no TLS", noTLS, "tls", "does not speak TLS"},
		{"no such name", "http://nowhere.invalid", "dns", "DNS"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newSite(t, tc.url)
			s.apis[0].Probe = func(context.Context) error { t.Error("asked a server out of reach"); return nil }
			expect(t, s.run(t), "beacukai/"+tc.check, check.Fail, tc.text)
		})
	}
}

func TestOwnRoots(t *testing.T) {
	own := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(own.Close)
	s := newSite(t, own.URL)
	roots := filepath.Join(s.dir, "ca.pem")
	must(t, os.WriteFile(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: own.Certificate().Raw}), 0o600))
	s.apis[0].Connection.CAFile = roots
	results := s.run(t)
	expect(t, results, "beacukai/reach", check.OK, "HTTP 404")
	expect(t, results, "beacukai/tls", check.OK, "TLS 1.3, certificate by Acme Co")
	s.apis[0].Connection.CAFile = filepath.Join(s.dir, "missing.pem")
	expect(t, s.run(t), "beacukai/reach", check.Fail, "ca_file")
}

func TestNameAndProxy(t *testing.T) {
	s := newSite(t, strings.Replace(server(t).URL, "127.0.0.1", "localhost", 1))
	expect(t, s.run(t), "beacukai/dns", check.OK, "localhost: ")
	s.apis[0].Connection.Proxy = "http://user:word-of-the-proxy@" + strings.TrimPrefix(server(t).URL, "http://")
	s.apis[0].Connection.BaseURL = "http://nowhere.invalid" // the proxy knows
	results := s.run(t)
	expect(t, results, "beacukai/proxy", check.OK, "127.0.0.1:")
	expect(t, results, "beacukai/reach", check.OK, "HTTP 404")
	if strings.Contains(fmt.Sprint(results), "word-of-the-proxy") {
		t.Errorf("the proxy's password is shown: %v", results)
	}
}

func TestDevelopmentServer(t *testing.T) {
	s := newSite(t, "https://apisdev-gw.beacukai.invalid/openapi/cnpibk")
	expect(t, s.run(t), "beacukai/server", check.Warn, "does not count")
	s.apis[0].Connection.Auth.Login = &config.Login{URL: "https://apis-gw.beacukai.invalid/login"}
	expect(t, s.run(t), "beacukai/server", check.Fail, "the same server")
	real := newSite(t, server(t).URL)
	if r, said := real.run(t)["beacukai/server"]; said {
		t.Errorf("said of a server that is no development server: %+v", r)
	}
}

// What a production account meets on the development server: the server answers there, at a name that says so.
func TestProductionAccountOnDevelopmentServer(t *testing.T) {
	dev := server(t)
	s := newSite(t, "http://apisdev-gw.beacukai.invalid")
	s.apis[0].Connection.Proxy = dev.URL
	for _, kind := range []transport.Kind{transport.LoginRefused, transport.Forbidden, transport.Unauthorized} {
		s.apis[0].Probe = func(context.Context) error { return &transport.Error{Kind: kind, Status: 403} }
		expect(t, s.run(t), "beacukai/request", check.Fail, "refuses production accounts")
	}
	s.apis[0].Probe = func(context.Context) error { return &transport.Error{Kind: transport.Server, Status: 500} }
	if r := s.run(t)["beacukai/request"]; strings.Contains(r.Remedy, "production") {
		t.Errorf("a server that is unwell is taken for a refused account: %+v", r)
	}
}

func TestClock(t *testing.T) {
	wrong := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
	}))
	t.Cleanup(wrong.Close)
	expect(t, newSite(t, wrong.URL).run(t), "beacukai/clock", check.Warn, "NTP")
}

func TestWhatTheServerSays(t *testing.T) {
	answer := []byte(`{"code":404}`)
	for _, tc := range []struct {
		name   string
		err    error
		status check.Status
		text   string
	}{
		{"unknown declaration", &transport.Error{Kind: transport.NotFound, Status: 200, Code: 404, Raw: answer}, check.OK, "accepted"},
		{"declaration refused", &transport.Error{Kind: transport.Rejected, Status: 400, Raw: answer}, check.OK, "accepted"},
		{"unknown path", &transport.Error{Kind: transport.NotFound, Status: 404}, check.Fail, "xray_path"},
		{"key refused", &transport.Error{Kind: transport.Forbidden, Status: 403, Raw: answer}, check.Fail, "API"},
		{"token refused", &transport.Error{Kind: transport.Unauthorized, Status: 401, Raw: answer}, check.Fail, "token"},
		{"nonsense", &transport.Error{Kind: transport.BadResponse, Status: 200, Excerpt: "<html>"}, check.Fail, "html"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newSite(t, server(t).URL)
			s.apis[0].Probe = func(context.Context) error { return tc.err }
			expect(t, s.run(t), "beacukai/request", tc.status, tc.text)
		})
	}
}

func TestNothingIsAskedWithoutCredentials(t *testing.T) {
	s := newSite(t, server(t).URL)
	s.apis[0].Unfilled = "login.password"
	asked := func(context.Context) error { t.Error("asked with a placeholder"); return nil }
	s.apis[0].Login, s.apis[0].Probe = asked, asked
	expect(t, s.run(t), "beacukai/credentials", check.Fail, "login.password")
}

func TestRefusedLoginIsNotTriedFurther(t *testing.T) {
	s := newSite(t, server(t).URL)
	s.apis[0].Login = func(context.Context) error { return &transport.Error{Kind: transport.LoginRefused, Status: 401} }
	s.apis[0].Probe = func(context.Context) error { t.Error("asked without a token"); return nil }
	expect(t, s.run(t), "beacukai/login", check.Fail, "")
}

func TestNoSecretIsShown(t *testing.T) {
	s := newSite(t, server(t).URL)
	must(t, os.Chmod(filepath.Dir(s.dir), 0o755))
	must(t, os.Chmod(s.cfg.Path, 0o644))
	for _, r := range s.run(t) {
		if strings.Contains(fmt.Sprint(r), "token-of-the-test") {
			t.Errorf("shown: %+v", r)
		}
	}
}

func readOnly(t *testing.T, dir string) {
	t.Helper()
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	must(t, os.Chmod(dir, 0o555))
	t.Cleanup(func() { _ = os.Chmod(dir, 0o755) })
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A file that the connection needs and that cannot be read is one line like any other.
func TestNoClientForTheServer(t *testing.T) {
	s := newSite(t, server(t).URL)
	asked := func(context.Context) error { t.Error("asked all the same"); return nil }
	s.apis[0].Broken, s.apis[0].Login, s.apis[0].Probe = errors.New("read ca_file: no such file"), asked, asked
	results := s.run(t)
	expect(t, results, "beacukai/settings", check.Fail, "ca_file")
	expect(t, results, "inbox lane-1/move", check.OK, "")
}

func TestWhyAServerWasNotAsked(t *testing.T) {
	s := newSite(t, server(t).URL)
	s.apis[0].Probe = func(context.Context) error { return errors.New("token cache: read-only") }
	expect(t, s.run(t), "beacukai/request", check.Fail, "token cache")
}
