package service

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func quiet(t *testing.T) *Service {
	t.Helper()
	s, err := New(Options{Say: func(_, english string) string { return english }, Note: func(line string) { t.Log(line) }})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func plan() Plan {
	return Plan{
		Executable: "/usr/bin/kurir", Config: "/etc/kurir/kurir.yaml", User: "kurir", EnvironmentFile: "/etc/kurir/kurir.env",
		Credentials: map[string]string{"b-2": "/b", "a-1": "/a"}, DataDir: "/var/lib/kurir", LogFile: "/var/log/kurir/kurir.log",
		Inboxes: []Inbox{{Path: "/srv/50% x/in", Outbox: "/srv/50% x/out"}},
	}
}

// What a unit says about itself is what the service was installed with.
func TestUnitIsReadAgain(t *testing.T) {
	text, err := quiet(t).unitText(plan())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "kurir.service")
	must(t, os.WriteFile(path, []byte(text), 0o600))
	u, err := readUnit(path)
	if err != nil {
		t.Fatal(err)
	}
	if u.plan.Executable != "/usr/bin/kurir" || u.plan.Config != "/etc/kurir/kurir.yaml" || u.plan.User != "kurir" {
		t.Errorf("read %+v", u.plan)
	}
	must(t, os.WriteFile(path, []byte("[Service]\nExecStart=/bin/true\n"), 0o600))
	if _, err := readUnit(path); !errors.Is(err, errForeign) {
		t.Errorf("a unit of someone else: %v", err)
	}
}

func TestPathsThatKardianosWouldTakeForATemplate(t *testing.T) {
	p := plan()
	p.DataDir = "/srv/{{Name}}"
	if _, err := quiet(t).unitText(p); err == nil {
		t.Error("taken")
	}
}

// The check runs in the surroundings of the service, and is not itself a service that is watched and started again.
func TestPropertiesAreTheSurroundings(t *testing.T) {
	text, err := quiet(t).unitText(plan())
	if err != nil {
		t.Fatal(err)
	}
	got := properties(text)
	for _, want := range []string{
		"User=kurir", "ProtectSystem=strict", `ReadWritePaths=-"/srv/50% x"`, "LoadCredential=a-1:/a", "LoadCredential=b-2:/b",
		"EnvironmentFile=-/etc/kurir/kurir.env", "StateDirectory=kurir", "ReadWritePaths=-/var/log/kurir",
		"SystemCallFilter=@system-service", "SystemCallFilter=~@privileged @resources", "AmbientCapabilities=CAP_LEASE",
	} {
		if !slices.Contains(got, "--property="+want) {
			t.Errorf("%s is missing", want)
		}
	}
	for _, not := range []string{"Type", "ExecStart", "Restart", "WatchdogSec", "Description", "WantedBy", "Config"} {
		if slices.ContainsFunc(got, func(p string) bool { return strings.HasPrefix(p, "--property="+not+"=") }) {
			t.Errorf("%s is there", not)
		}
	}
}

// What kurir reads by itself is not hidden from it.
func TestFilesToReadAreSeen(t *testing.T) {
	for file, want := range map[string][]string{
		"/etc/ssl/partner.pem": {"ProtectHome=yes", "PrivateTmp=yes"}, "/home/it/ca.pem": {"ProtectHome=read-only", "PrivateTmp=yes"},
		"/root/ca.pem": {"ProtectHome=read-only", "PrivateTmp=yes"}, "/tmp/ca.pem": {"ProtectHome=yes", "PrivateTmp=no"},
	} {
		p := plan()
		p.Reads = []string{file}
		text, err := quiet(t).unitText(p)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range want {
			if !strings.Contains(text, "\n"+line+"\n") {
				t.Errorf("%s: %s is missing", file, line)
			}
		}
	}
}

func TestStates(t *testing.T) {
	for word, want := range map[string]State{
		"active": Running, "reloading": Running, "activating": Starting, "deactivating": Stopped, "inactive": Stopped, "failed": Failed,
	} {
		if got := stateOf(word); got != want {
			t.Errorf("%s is %s, want %s", word, got, want)
		}
	}
}

func TestFoldersAreMadeOnceAndBelongToTheAccount(t *testing.T) {
	me := owner{uid: os.Getuid(), gid: os.Getgid(), group: "mine"}
	dir := filepath.Join(t.TempDir(), "a", "b", "inbox")
	s := quiet(t)
	must(t, s.makeInbox(dir, me))
	info, err := os.Stat(dir)
	must(t, err)
	if info.Mode().Perm() != 0o775 || info.Mode()&os.ModeSetgid == 0 {
		t.Errorf("the inbox is %v", info.Mode())
	}
	must(t, os.WriteFile(filepath.Join(dir, "theirs"), nil, 0o600))
	must(t, os.Chmod(dir, 0o700))
	must(t, s.makeInbox(dir, me))
	if info, err = os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("an inbox that was there has been changed: %v, %v", info.Mode(), err)
	}
	file := filepath.Join(dir, "file")
	must(t, os.WriteFile(file, nil, 0o600))
	if err := s.makeFolder(file, 0o755, me); err == nil {
		t.Error("a file was taken for a folder")
	}
}

// Folders that others make in the inbox must be ones that the service can move away.
func TestDeliveredFoldersCanBeMoved(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Setxattr(dir, "user.kurir", []byte("x"), 0); errors.Is(err, unix.ENOTSUP) {
		t.Skip("this file system has no extended attributes")
	}
	const account = 4711
	must(t, letMove(dir, owner{uid: account}))
	if _, err := unix.Getxattr(dir, "system.posix_acl_default", nil); errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.ENODATA) {
		t.Skip("this file system has no access control lists")
	}
	delivered := filepath.Join(dir, "AWB1")
	must(t, os.Mkdir(delivered, 0o777)) // whatever the umask
	acl := make([]byte, 200)
	n, err := unix.Getxattr(delivered, "system.posix_acl_access", acl)
	must(t, err)
	entry := []byte{aclUser, 0, aclAll, 0, account & 0xff, account >> 8, 0, 0}
	if !bytes.Contains(acl[:n], entry) {
		t.Errorf("the account has no right to it: %x", acl[:n])
	}
}

// Only what is root's can be given away, so root has to look; an ordinary user sees that nothing of others is touched.
func TestWhatRootMadeIsGivenToTheService(t *testing.T) {
	account := owner{uid: 4711, gid: 4711}
	if os.Getuid() != 0 {
		t.Skip("only root can give files away; the step systemd of .ci/run does so too")
	}
	dir := t.TempDir()
	data, out, elsewhere := filepath.Join(dir, "data"), filepath.Join(dir, "out"), filepath.Join(dir, "elsewhere")
	log := filepath.Join(dir, "log")
	for _, d := range []string{data, log, out + "/sent/2026-01-01/AWB1", out + "/theirs", elsewhere + "/sent"} {
		must(t, os.MkdirAll(d, 0o755))
	}
	const renewed = "/agent-2026-01-31T23-59-59.123.log"
	for _, f := range []string{data + "/journal.db", data + "/alarms.json", data + "/token-beacukai.json", data + "/kurir.log",
		out + "/sent/2026-01-01/AWB1/a.jpg", elsewhere + "/secret", log + "/agent.log", log + renewed, log + "/agent-theirs.log"} {
		must(t, os.WriteFile(f, nil, 0o600))
	}
	must(t, os.Link(elsewhere+"/secret", data+"/journal.copy"))
	must(t, os.Symlink(elsewhere, out+"/failed"))
	must(t, os.Chown(data+"/token-beacukai.json", 815, 815))
	p := &Plan{DataDir: data, LogFile: log + "/agent.log", Inboxes: []Inbox{{Path: dir + "/in", Outbox: out}}}
	must(t, quiet(t).takeOver(p, account))
	for path, want := range map[string]uint32{
		data: 4711, data + "/journal.db": 4711, data + "/alarms.json": 4711, data + "/kurir.log": 4711,
		data + "/token-beacukai.json": 815, data + "/journal.copy": 0,
		log: 0, log + "/agent.log": 4711, log + renewed: 4711, log + "/agent-theirs.log": 0,
		out: 0, out + "/sent": 4711, out + "/sent/2026-01-01/AWB1": 4711, out + "/sent/2026-01-01/AWB1/a.jpg": 0,
		out + "/theirs": 0, elsewhere: 0, elsewhere + "/sent": 0, elsewhere + "/secret": 0,
	} {
		var st unix.Stat_t
		must(t, unix.Lstat(path, &st))
		if st.Uid != want {
			t.Errorf("%s belongs to %d, want %d", path, st.Uid, want)
		}
	}
	must(t, os.WriteFile(data+renewed, nil, 0o600))
	p.LogFile = data + "/agent.log"
	must(t, quiet(t).takeOver(p, account))
	if info, err := os.Stat(data + renewed); err != nil || info.Sys().(*syscall.Stat_t).Uid != 4711 {
		t.Errorf("a renewed log in data_dir: %+v, %v", info, err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
