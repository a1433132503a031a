package service

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
	"golang.org/x/sys/windows/svc"
)

// manager plays Windows' service manager to a handler.
type manager struct {
	requests chan svc.ChangeRequest
	status   chan svc.Status
	ended    chan uint32
}

func manage(t *testing.T, work Work) (*handler, manager) {
	t.Helper()
	h := &handler{ctx: t.Context(), name: "kurir-test", job: Job{Work: work}}
	m := manager{make(chan svc.ChangeRequest), make(chan svc.Status, 10), make(chan uint32, 1)}
	go func() {
		_, code := h.Execute(nil, m.requests, m.status)
		m.ended <- code
	}()
	if st := <-m.status; st.State != svc.StartPending || st.WaitHint == 0 {
		t.Fatalf("the first answer is %+v", st)
	}
	return h, m
}

func TestAskedToStop(t *testing.T) {
	for _, cmd := range []svc.Cmd{svc.Stop, svc.Shutdown, svc.PreShutdown} {
		h, m := manage(t, func(ctx context.Context, ready func()) error {
			ready()
			<-ctx.Done()
			return nil
		})
		st := <-m.status
		if st.State != svc.Running || st.Accepts&svc.AcceptStop == 0 || st.Accepts&svc.AcceptPreShutdown == 0 {
			t.Fatalf("once ready it is %+v", st)
		}
		m.requests <- svc.ChangeRequest{Cmd: svc.Interrogate, CurrentStatus: st}
		if again := <-m.status; again != st {
			t.Errorf("asked how it is, it says %+v", again)
		}
		m.requests <- svc.ChangeRequest{Cmd: cmd}
		if st := <-m.status; st.State != svc.StopPending {
			t.Errorf("asked to stop (%d) it is %+v", cmd, st)
		}
		if code := <-m.ended; code != 0 || h.err != nil {
			t.Errorf("asked to stop (%d) it ended with %d, %v", cmd, code, h.err)
		}
	}
}

// TestStoppedInTrouble stops what ends with an error, and what does not end: Windows must not take it for a failure, after
// which it starts a service again.
func TestStoppedInTrouble(t *testing.T) {
	broken := errors.New("the journal is out of reach")
	for _, tc := range []struct {
		name string
		end  func(ctx context.Context, over <-chan struct{}) error
		err  error
	}{
		{"it breaks", func(ctx context.Context, _ <-chan struct{}) error { <-ctx.Done(); return broken }, broken},
		{"it hangs", func(_ context.Context, over <-chan struct{}) error { <-over; return nil }, errLate},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				over := make(chan struct{})
				h, m := manage(t, func(ctx context.Context, ready func()) error { ready(); return tc.end(ctx, over) })
				<-m.status // it runs
				m.requests <- svc.ChangeRequest{Cmd: svc.Stop}
				<-m.status // it stops
				if code := <-m.ended; code != 0 || !errors.Is(h.err, tc.err) {
					t.Errorf("it ended with %d, %v", code, h.err)
				}
				close(over)
			})
		})
	}
}

func TestEndedByItself(t *testing.T) {
	broken := errors.New("the configuration is wrong")
	for _, tc := range []struct {
		name string
		work Work
		err  error
	}{
		{"while starting", func(context.Context, func()) error { return broken }, broken},
		{"later", func(_ context.Context, ready func()) error { ready(); return broken }, broken},
		{"without an error", func(_ context.Context, ready func()) error { ready(); return nil }, ErrEnded},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h, m := manage(t, tc.work)
			if code := <-m.ended; code == 0 || !errors.Is(h.err, tc.err) {
				t.Errorf("it ended with %d, %v", code, h.err)
			}
		})
	}
}

// Windows starts a service again that ends, so one that hangs has to.
func TestHanging(t *testing.T) {
	sick := make(chan bool)
	h := &handler{ctx: t.Context(), name: "kurir-test", every: time.Millisecond, job: Job{
		Work:   func(ctx context.Context, ready func()) error { ready(); <-ctx.Done(); return nil },
		Health: func(context.Context) error { return map[bool]error{true: errors.New("no answer")}[<-sick] },
	}}
	m := manager{make(chan svc.ChangeRequest), make(chan svc.Status, 10), make(chan uint32, 1)}
	go func() {
		_, code := h.Execute(nil, m.requests, m.status)
		m.ended <- code
	}()
	for _, is := range []bool{true, true, true, false, true, true, true} { // never four times in a row
		sick <- is
	}
	select {
	case code := <-m.ended:
		t.Fatalf("it ended with %d, %v", code, h.err)
	default:
	}
	sick <- true
	if code := <-m.ended; code == 0 || !errors.Is(h.err, errHung) {
		t.Errorf("it ended with %d, %v", code, h.err)
	}
}

func TestServiceSID(t *testing.T) {
	const known = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464" // the same on every Windows
	if got := serviceSID("TrustedInstaller"); got != known {
		t.Errorf("got %s", got)
	}
}

func TestConfigOf(t *testing.T) {
	s := &Service{name: "kurir"}
	for _, config := range []string{`C:\kurir\kurir.yaml`, `C:\a folder\kurir.yaml`, `\\server\share$\kurir.yaml`, `C:\"\k.yaml`} {
		line := windows.ComposeCommandLine(append([]string{`C:\Program Files\kurir\kurir.exe`}, s.arguments(Plan{Config: config})...))
		if got := configOf(line); got != config {
			t.Errorf("%s: got %s", line, got)
		}
	}
	if got := configOf(`C:\other.exe --config`); got != "" {
		t.Errorf("got %s of a line without a value", got)
	}
}

func newService(t *testing.T) (*Service, *[]string) {
	t.Helper()
	notes := &[]string{}
	s, err := New(Options{
		Instance: "test", Say: func(_, english string) string { return english },
		Note: func(line string) { *notes = append(*notes, line) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, notes
}

func TestUsersDrives(t *testing.T) {
	const letter, share = "Q", `\\server\scans`
	key, _, err := registry.CreateKey(registry.CURRENT_USER, `Network\`+letter, registry.ALL_ACCESS)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = key.Close()
		_ = registry.DeleteKey(registry.CURRENT_USER, `Network\`+letter)
	})
	if err := key.SetStringValue("RemotePath", share); err != nil {
		t.Fatal(err)
	}
	if d, found := UsersDrive(`q:\lane-1`); !found || d.Letter != "q:" || d.Kind != Share || d.Behind != share || d.Instead != share+`\lane-1` {
		t.Errorf("got %+v, %t", d, found)
	}
	if d, found := UsersDrive(`J:\lane-1`); !found || d.Kind != NoDrive || d.Instead != "" {
		t.Errorf("of a drive that is not there: %+v, %t", d, found)
	}
	for _, path := range []string{t.TempDir(), `\\server\share\lane-1`, ""} {
		if d, found := UsersDrive(path); found {
			t.Errorf("%s is taken for a path on a user's drive: %+v", path, d)
		}
	}
	s, _ := newService(t)
	err = s.refuseDrives(Plan{Inboxes: []Inbox{{Path: `C:\in`, Outbox: `Q:\out`}}})
	if err == nil || !strings.Contains(err.Error(), `write \\server\scans\out`) {
		t.Errorf("an outbox on a mapped drive: %v", err)
	}
}

func TestSubstitutedDrives(t *testing.T) {
	for device, want := range map[string]string{
		`\??\C:\scans`: `C:\scans`, `\??\UNC\server\share\x`: `\\server\share\x`, `\??\D:\`: `D:\`,
		`\Device\HarddiskVolume1`: "", `\??\Volume{0}`: "", "": "",
	} {
		if got := substituted(device); got != want {
			t.Errorf("%s stands for %q, not %q", device, got, want)
		}
	}
	const letter = "R:"
	dir := t.TempDir()
	name, target := wide(t, letter), wide(t, dir)
	if err := windows.DefineDosDevice(0, name, target); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = windows.DefineDosDevice(windows.DDD_REMOVE_DEFINITION, name, nil) })
	d, found := UsersDrive(letter + `\lane-1`)
	if !found || d.Kind != Substituted || !strings.EqualFold(d.Instead, dir+`\lane-1`) {
		t.Errorf("of a drive for %s, which the system calls %s: %+v, %t", dir, deviceOf(letter), d, found)
	}
}

func wide(t *testing.T, s string) *uint16 {
	t.Helper()
	p, err := windows.UTF16PtrFromString(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRights(t *testing.T) {
	s, _ := newService(t)
	own, err := s.account(virtual + "kurir-test")
	if err != nil {
		t.Fatal(err)
	}
	system, err := s.account("LocalSystem")
	if err != nil {
		t.Fatal(err)
	}
	acl, err := windows.ACLFromEntries([]windows.EXPLICIT_ACCESS{entry(system, all)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time adds nothing
		if acl, err = windows.ACLFromEntries([]windows.EXPLICIT_ACCESS{entry(own, changing)}, acl); err != nil {
			t.Fatal(err)
		}
	}
	if mask := allowed(acl, own); mask != changing {
		t.Errorf("the account has %#x, not %#x", mask, uint32(changing))
	}
	if mask := allowed(acl, system); mask != all {
		t.Errorf("the system has %#x left", mask)
	}
	if acl, err = without(acl, own); err != nil {
		t.Fatal(err)
	}
	if mask := allowed(acl, own); mask != 0 || acl.AceCount != 1 {
		t.Errorf("the account has %#x left, in one of %d entries", mask, acl.AceCount)
	}
	if mask := allowed(acl, system); mask != all {
		t.Errorf("the system has %#x left", mask)
	}
}

// That the rights have arrived on the folder, and are gone, is not seen here: Wine keeps none of accounts that it does not know.
func TestGrant(t *testing.T) {
	s, notes := newService(t)
	account, err := s.account(virtual + "kurir-test")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "in")
	if _, err := s.makeFolder(dir); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time changes nothing
		if err := s.grant(dir, account, changing); err != nil {
			t.Fatal(err)
		}
	}
	if err := protect(dir, account, changing); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, filepath.Join(dir, "missing"), `\\server\share\in`} {
		if err := s.revoke(path, account); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	if err := s.grant(`\\server\share\in`, account, changing); err != nil {
		t.Errorf("a share: %v", err)
	}
	if said := (*notes)[len(*notes)-1]; !strings.Contains(said, `COMPUTER$`) {
		t.Errorf("said of a share: %s", said)
	}
	if _, err := s.account(`NOWHERE\nobody`); err == nil {
		t.Error("an account that is not there was found")
	}
}

func TestLinkFollowsThePage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kurir.url")
	if err := writeLink(path, "http://127.0.0.1:9/"); err != nil {
		t.Errorf("without a link: %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a link was made that the installer has not made")
	}
	if err := os.WriteFile(path, []byte("[InternetShortcut]\r\nURL=http://127.0.0.1:8650/\r\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := writeLink(path, "http://127.0.0.1:9/"); err != nil {
		t.Error(err)
	}
	if got, err := os.ReadFile(path); err != nil || !strings.Contains(string(got), "\r\nURL=http://127.0.0.1:9/\r\n") {
		t.Errorf("it is now %q, %v", got, err)
	}
}
