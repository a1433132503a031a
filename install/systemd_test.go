package install_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kurir/install"
)

// typical is a server as the README describes it.
func typical() install.UnitParams {
	return install.UnitParams{
		Name: "kurir", Executable: "/usr/bin/kurir", Config: "/etc/kurir/kurir.yaml", EnvironmentFile: "/etc/kurir/kurir.env",
		User: "kurir", Folders: []string{"/var/lib/kurir"},
		Credentials: []install.Credential{{ID: "password-1", Path: "/etc/kurir/secrets/password"}},
		Pairs:       []install.Pair{{Inbox: "/srv/xray/lane-1", Outbox: "/srv/xray/out"}},
	}
}

func unit(t *testing.T, p install.UnitParams) string {
	t.Helper()
	text, err := install.Unit(p)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// settings are the values of a key, in order.
func settings(unit, key string) []string {
	var values []string
	for line := range strings.Lines(unit) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), key+"="); ok {
			values = append(values, value)
		}
	}
	return values
}

func expect(t *testing.T, unit, key string, want ...string) {
	t.Helper()
	if got := settings(unit, key); !slices.Equal(got, want) {
		t.Errorf("%s is %q, want %q", key, got, want)
	}
}

func TestUnitKeepsWhatTheServiceIsPromised(t *testing.T) {
	u := unit(t, typical())
	if !strings.HasPrefix(u, install.UnitMarker+"\n") {
		t.Errorf("the unit does not begin with its marker:\n%s", u)
	}
	for key, want := range map[string]string{
		"Type": "notify", "User": "kurir", "ExecStart": "/usr/bin/kurir run --config /etc/kurir/kurir.yaml",
		"Restart": "always", "RestartSec": "3s", "StartLimitIntervalSec": "0", "TimeoutStopSec": "20s", "WatchdogSec": "2min",
		"ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes", "NoNewPrivileges": "yes",
		"CapabilityBoundingSet": "CAP_LEASE", "AmbientCapabilities": "CAP_LEASE",
		"StateDirectory": "kurir", "ReadWritePaths": "-/srv/xray", "LoadCredential": "password-1:/etc/kurir/secrets/password",
		"EnvironmentFile": "-/etc/kurir/kurir.env", "Config": "/etc/kurir/kurir.yaml", "Executable": "/usr/bin/kurir",
		"WantedBy": "multi-user.target",
	} {
		expect(t, u, key, want)
	}
	if again := unit(t, typical()); again != u {
		t.Error("the same params make another unit")
	}
}

// A rename must not cross the mounts that ReadWritePaths makes, and the sandbox must stay one.
func TestUnitFolders(t *testing.T) {
	for _, tc := range []struct {
		name       string
		pairs      []install.Pair
		folders    []string
		write      []string
		state      []string
		home, temp string
	}{
		{"one place for inbox and outbox", []install.Pair{{"/srv/a/in", "/srv/a/out"}}, nil, []string{"-/srv/a"}, nil, "yes", "yes"},
		{"one in the other's parent", []install.Pair{{"/data/in", "/data/deep/er/out"}}, nil, []string{"-/data"}, nil, "yes", "yes"},
		{"two pairs", []install.Pair{{"/srv/b/in", "/srv/b/out"}, {"/srv/a/in", "/srv/a/out"}}, nil,
			[]string{"-/srv/a", "-/srv/b"}, nil, "yes", "yes"},
		{"one outbox for two inboxes", []install.Pair{{"/srv/a/1", "/srv/a/out"}, {"/srv/a/2", "/srv/a/out"}}, nil,
			[]string{"-/srv/a"}, nil, "yes", "yes"},
		{"too much would be opened", []install.Pair{{"/home/scan/in", "/var/kurir/out"}}, nil,
			[]string{"-/home/scan/in", "-/var/kurir/out"}, nil, "read-only", "yes"},
		{"nothing of the system", []install.Pair{{"/etc/in", "/etc/out"}}, nil, []string{"-/etc/in", "-/etc/out"}, nil, "yes", "yes"},
		{"a home", []install.Pair{{"/home/scan/in", "/home/scan/out"}}, nil, []string{"-/home/scan"}, nil, "read-only", "yes"},
		{"below /tmp", []install.Pair{{"/tmp/x/in", "/tmp/x/out"}}, nil, []string{"-/tmp/x"}, nil, "yes", "no"},
		{"a log of its own", nil, []string{"/var/lib/kurir", "/var/log/kurir"}, []string{"-/var/log/kurir"}, []string{"kurir"}, "yes", "yes"},
		{"two folders of state", nil, []string{"/var/lib/kurir", "/var/lib/a/b"}, nil, []string{"a/b", "kurir"}, "yes", "yes"},
		{"spaces, quotes and percent signs", []install.Pair{{`/srv/a b/50%/in`, `/srv/a b/50%/o"ut`}}, nil,
			[]string{`-"/srv/a b/50%%"`}, nil, "yes", "yes"},
		{"a neighbour of a home", []install.Pair{{"/homework/in", "/homework/out"}}, nil, []string{"-/homework"}, nil, "yes", "yes"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := typical()
			p.Pairs, p.Folders = tc.pairs, tc.folders
			u := unit(t, p)
			expect(t, u, "ReadWritePaths", tc.write...)
			expect(t, u, "StateDirectory", tc.state...)
			expect(t, u, "ProtectHome", tc.home)
			expect(t, u, "PrivateTmp", tc.temp)
		})
	}
}

func TestUnitCommandLine(t *testing.T) {
	p := typical()
	p.Executable, p.Config = `/opt/my $kurir/kurir`, `/etc/kurir/50%.yaml`
	expect(t, unit(t, p), "ExecStart", `"/opt/my $$kurir/kurir" run --config "/etc/kurir/50%%.yaml"`)
}

func TestUnitRefusesWhatItCannotSay(t *testing.T) {
	for name, spoil := range map[string]func(*install.UnitParams){
		"a line of its own":   func(p *install.UnitParams) { p.Config = "/etc/kurir\nUser=root" },
		"relative path":       func(p *install.UnitParams) { p.Pairs[0].Inbox = "lane-1" },
		"relative data_dir":   func(p *install.UnitParams) { p.Folders = []string{"data"} },
		"no user":             func(p *install.UnitParams) { p.User = "" },
		"user with a space":   func(p *install.UnitParams) { p.User = "a b" },
		"user with a percent": func(p *install.UnitParams) { p.User = "%u" },
		"name with a slash":   func(p *install.UnitParams) { p.Name = "../x" },
		"credential's name":   func(p *install.UnitParams) { p.Credentials[0].ID = "a:b" },
		"credential's path":   func(p *install.UnitParams) { p.Credentials[0].Path = "/x\ny" },
	} {
		p := typical()
		spoil(&p)
		if text, err := install.Unit(p); err == nil {
			t.Errorf("%s was taken:\n%s", name, text)
		}
	}
}

// systemd itself says whether it understands the unit, and how wide its sandbox is.
func TestSystemdLikesTheUnit(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not on this machine; the step systemd of .ci/run looks at the unit too")
	}
	home := typical()
	home.Pairs = append(home.Pairs, install.Pair{Inbox: "/home/scan/in", Outbox: "/tmp/out"})
	for name, p := range map[string]install.UnitParams{"typical": typical(), "in homes and temporary folders": home} {
		t.Run(name, func(t *testing.T) {
			p.Executable = "/bin/sh" // one that is there, for systemd looks
			path := filepath.Join(t.TempDir(), "kurir.service")
			if err := os.WriteFile(path, []byte(unit(t, p)), 0o600); err != nil {
				t.Fatal(err)
			}
			said, err := exec.CommandContext(t.Context(), analyze, "verify", "--man=no", path).CombinedOutput()
			if err != nil || bytes.Contains(said, []byte("kurir.service:")) {
				t.Errorf("verify: %v\n%s", err, said)
			}
			said, err = exec.CommandContext(t.Context(), analyze, "security", "--offline=true", "--threshold=25", "--no-pager", path).CombinedOutput()
			if bytes.Contains(said, []byte("unrecognized option")) {
				t.Skip("this systemd-analyze cannot look at a unit that is not installed; the step systemd of .ci/run does")
			}
			if err != nil {
				t.Errorf("security: %v\n%s", err, said)
			}
			lines := strings.Split(strings.TrimSpace(string(said)), "\n")
			t.Log(lines[len(lines)-1])
		})
	}
}
