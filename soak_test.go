//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"kurir/agent/simulator"
)

// TestSoak is the built agent at mixed work for long: sets in both forms, late photos, duplicates, bad sets, reused names
// and lists of numbers, over a faulty server. In its first half the agent is killed or stopped and started again now and
// then; in its second half it is left alone, so that what grows can be seen. Afterwards every file that was dropped lies
// in exactly one place, every photo arrived exactly once, and memory, descriptors and goroutines are what they were.
//
// By itself it runs for seconds, so that it does not rot; KURIR_SOAK says for how long it is to run, KURIR_SOAK_RATE how
// many sets are dropped a second. See testdata/soak/soak.sh.
func TestSoak(t *testing.T) {
	if testing.Short() {
		t.Skip("short")
	}
	s := newSoak(t)
	s.start()
	s.work()
	s.drain()
	s.end(syscall.SIGTERM)
	s.checkPhotos()
	s.checkFiles()
	s.checkJournal()
	s.table.report(t)
	if t.Failed() {
		t.Log(tail(s.log.String()))
	}
}

// soak is one long run.
type soak struct {
	t        *testing.T
	dir, bin string
	url      string // of the agent's control address
	length   time.Duration
	rate     float64
	rnd      *rand.Rand
	sim      *simulator.Server
	cmd      *exec.Cmd
	log      lastLines
	restarts int
	kills    int
	sets     *soakWork
	table    soakTable
}

func newSoak(t *testing.T) *soak {
	t.Helper()
	s := &soak{t: t, dir: t.TempDir(), length: 8 * time.Second, rate: 4}
	if text := os.Getenv("KURIR_SOAK"); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil {
			t.Fatal(err)
		}
		s.length, s.rate = d, 1.5
	}
	if r, err := strconv.ParseFloat(os.Getenv("KURIR_SOAK_RATE"), 64); err == nil {
		s.rate = r
	}
	s.bin = filepath.Join(s.dir, "kurir-under-test")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", s.bin, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as it is released
	if out, err := build.CombinedOutput(); err != nil {
		t.Skipf("the binary cannot be built here: %v\n%s", err, out)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("%v of %.1f sets a second, seed %d", s.length, s.rate, seed)
	s.rnd = rand.New(rand.NewPCG(seed, 3))
	s.sim = simulator.New(simulator.Options{Faults: simulator.Hostile(seed), Seed: seed, Speed: 2})
	srv := httptest.NewServer(s.sim)
	t.Cleanup(func() { _ = s.sim.Close(); srv.Close() })
	s.sets = newSoakWork(t, s.dir, s.rnd)
	s.configure(srv.URL)
	return s
}

func (s *soak) configure(server string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	s.url = "http://" + l.Addr().String()
	cfg := fmt.Sprintf(`
data_dir: data
language: en
beacukai:
  base_url: %[1]s/openapi/cnpibk
  timeout: 5s
  auth:
    login: {url: %[1]s/nle-oauth/v1/user/login, refresh_url: %[1]s/nle-oauth/v1/user/update-token, username: demo, password: demo}
t2g:
  base_url: %[1]s
  edinumber: "EDI0001"
  timeout: 5s
  auth: {token: demo-token}
inboxes:
  - name: lane
    kind: xray
    path: lane
    outbox: out
    settle: 300ms
    rescan: 10s
    max_images_per_request: 3
    retry: {first: 200ms, max: 5s, give_up_after: 1d, not_found_for: 1d}
  - name: erp
    kind: aju
    path: erp
    outbox: respon
    kode_dokumen: "30"
    settle: 300ms
    poll: {first: 1s, max: 5s, factor: 1.5, done_status: ["120", "800", "900"], tail_every: 1d, tail_for: 60d}
dashboard: {listen: %[2]q}
`, server, l.Addr().String())
	if err := errors.Join(l.Close(), os.WriteFile(filepath.Join(s.dir, "kurir.yaml"), []byte(cfg), 0o600)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *soak) start() {
	s.cmd = exec.Command(s.bin, "run", "-c", filepath.Join(s.dir, "kurir.yaml"))
	s.cmd.Stderr = &s.log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
}

// end ends the agent with a signal. A clean end may take ten seconds and has to be clean.
func (s *soak) end(how syscall.Signal) {
	began := time.Now()
	_ = s.cmd.Process.Signal(how)
	stuck := time.AfterFunc(20*time.Second, func() { _ = s.cmd.Process.Kill() })
	err := s.cmd.Wait()
	stuck.Stop()
	if how == syscall.SIGTERM && err != nil {
		s.t.Errorf("stopped after %v: %v", time.Since(began).Round(time.Millisecond), err)
	}
}

// work drops things at their rate, restarts the agent now and then, and takes the figures.
func (s *soak) work() {
	began := time.Now()
	drop := time.NewTicker(time.Duration(float64(time.Second) / s.rate))
	defer drop.Stop()
	sample := time.NewTicker(max(s.length/60, time.Second))
	defer sample.Stop()
	restart := time.NewTimer(s.untilRestart())
	defer restart.Stop()
	over := time.NewTimer(s.length)
	defer over.Stop()
	for {
		select {
		case <-drop.C:
			s.sets.next()
		case <-sample.C:
			s.sample(time.Since(began), time.Since(began) > s.length/2)
		case <-restart.C:
			if time.Since(began) > s.length/2 {
				continue // from now on it is left alone
			}
			how := syscall.SIGKILL
			if s.rnd.IntN(3) == 0 {
				how = syscall.SIGTERM
			} else {
				s.kills++
			}
			s.end(how)
			s.restarts++
			s.start()
			restart.Reset(s.untilRestart())
		case <-over.C:
			return
		}
	}
}

func (s *soak) untilRestart() time.Duration {
	mean := float64(s.length) / 40
	return time.Duration(mean/2 + mean*s.rnd.Float64())
}

// drain waits until all that was dropped has come through.
func (s *soak) drain() {
	deadline := time.NewTimer(5 * time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for !s.drained() {
		select {
		case <-tick.C:
		case <-deadline.C:
			s.t.Errorf("not all came through:\n%s", strings.Join(files(s.t, filepath.Join(s.dir, "lane")), "\n"))
			return
		}
	}
}

func (s *soak) drained() bool {
	if len(files(s.t, filepath.Join(s.dir, "lane")))+len(files(s.t, filepath.Join(s.dir, "erp"))) > 0 {
		return false
	}
	counts, err := s.counts()
	if err != nil {
		return false
	}
	for _, state := range []string{"waiting", "ready", "sending", "retrying"} {
		if counts["lane"][state] > 0 {
			return false
		}
	}
	return true
}

// checkPhotos looks at what the server has: every photo once, and nothing else.
func (s *soak) checkPhotos() {
	n := 0
	for aju, want := range s.sets.photos {
		got := map[string]int{}
		for _, p := range s.sim.Photos(aju) {
			got[p.SHA256]++
		}
		for h := range want {
			if n++; got[h] != 1 {
				s.t.Errorf("%s: a photo was stored %d times", aju, got[h])
			}
			delete(got, h)
		}
		if len(got) > 0 {
			s.t.Errorf("%s: %d photos that nobody dropped", aju, len(got))
		}
	}
	c := s.sim.Counts()
	s.t.Logf("%d photos of %d declarations arrived once; requests %v, %d of them met a fault; %d restarts, %d of them kills",
		n, len(s.sets.photos), c.Requests, c.Faults, s.restarts, s.kills)
}

// checkFiles looks for every file that was dropped, by its content: it is in the outbox as often as it was dropped.
func (s *soak) checkFiles() {
	there := map[string]int{}
	for _, out := range []string{"out", "respon"} {
		err := filepath.WalkDir(filepath.Join(s.dir, out), func(name string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() && !strings.HasPrefix(d.Name(), ".") {
				b, err := os.ReadFile(name)
				there[string(hashOf(b))]++
				return err
			}
			return err
		})
		if err != nil {
			s.t.Error(err)
		}
	}
	dropped := 0
	for h, d := range s.sets.dropped {
		if dropped += d.n; there[h] != d.n {
			s.t.Errorf("%s was dropped %d times and is in the outbox %d times", d.name, d.n, there[h])
		}
	}
	s.t.Logf("%d files dropped, each in one place", dropped)
}

// checkJournal has the agent check its own journal and folders.
func (s *soak) checkJournal() {
	out, err := exec.CommandContext(s.t.Context(), s.bin, "journal", "check", "-c", filepath.Join(s.dir, "kurir.yaml")).CombinedOutput()
	if err != nil {
		s.t.Errorf("kurir journal check: %v\n%s", err, out)
		return
	}
	s.t.Logf("kurir journal check: %s", bytes.TrimSpace(out))
}
