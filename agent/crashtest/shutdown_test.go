//go:build linux

package crashtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
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

// silence is the configured time-out of requests, and ends how long a process may take to end on a busy machine: the ten
// seconds that are promised, and some more to be asked, but less than the silence.
const (
	silence = 25 * time.Second
	ends    = 20 * time.Second
)

// small makes a world of one set and one number, over a line without trouble but with a script of faults at its end.
func small(t *testing.T, faults ...simulator.Rule) (*world, *line) {
	t.Helper()
	l, stop, err := newLine("", trouble{})
	t.Cleanup(stop)
	if err == nil {
		err = l.sim.SetFaults(faults)
	}
	w := &world{dir: t.TempDir()}
	if err := errors.Join(err, w.prepareLine(l, silence)); err != nil {
		t.Fatal(err)
	}
	return w, l
}

// await fails the test with the log unless missing becomes "".
func (w *world) await(t *testing.T, a *agent, missing func() string) {
	t.Helper()
	if err := w.settle(t.Context(), a, missing); err != nil {
		t.Fatalf("%v\n%s", err, w.log.String())
	}
}

// end sends a signal, waits for the end and returns the exit code.
func (a *agent) end(t *testing.T, w *world, signal os.Signal) int {
	t.Helper()
	_ = a.cmd.Process.Signal(signal)
	select {
	case <-a.done:
	case <-time.After(ends):
		t.Fatalf("still running %v after %v\n%s", ends, signal, w.log.String())
	}
	exit, failed := errors.AsType[*exec.ExitError](a.err)
	switch {
	case a.err == nil:
		return 0
	case failed:
		return exit.ExitCode()
	}
	t.Fatal(a.err)
	return -1
}

// recovers starts the plain agent and checks that all is sent once and answered.
func (w *world) recovers(t *testing.T, l *line, bin string, sets ...string) {
	t.Helper()
	if err := l.sim.SetFaults(nil); err != nil {
		t.Fatal(err)
	}
	a, err := w.start(t.Context(), bin)
	if err != nil {
		t.Fatal(err)
	}
	defer a.kill()
	for _, name := range sets {
		w.await(t, a, func() string { return w.missingSet(name) })
	}
	w.await(t, a, func() string { return w.missingCars([]string{simulator.PublishedCar}) })
	if code := a.end(t, w, syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d\n%s", code, w.log.String())
	}
	if err := w.checkSuffered(l, sets...); err != nil {
		t.Errorf("%v\n%s", err, w.log.String())
	}
}

// inFlight waits until the server works on a request of an operation.
func (l *line) inFlight(op simulator.Op) func() string {
	return func() string {
		answer := httptest.NewRecorder()
		l.sim.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/simulator/faults", nil))
		var rules []struct {
			Rule  simulator.Rule
			Fired int
		}
		if err := json.Unmarshal(answer.Body.Bytes(), &rules); err != nil {
			return err.Error()
		}
		for _, r := range rules {
			if r.Rule.Op == op && r.Fired > 0 {
				return ""
			}
		}
		return fmt.Sprintf("no %s has come", op)
	}
}

// TestStopsWithRequestsInFlight: SIGTERM ends the agent in good order although the server does not answer, and the next start
// finds out what has become of the request.
func TestStopsWithRequestsInFlight(t *testing.T) {
	b := theBinaries(t)
	for _, op := range []simulator.Op{
		simulator.Kirim, simulator.Add, simulator.Get, simulator.Login, simulator.StatusRespon, simulator.GetResByCar,
	} {
		for _, when := range []simulator.When{simulator.WhenRead, simulator.WhenStored} {
			t.Run(fmt.Sprintf("%s_%s", op, when), func(t *testing.T) {
				t.Parallel()
				faults := []simulator.Rule{{Op: op, Do: simulator.DoStall, When: when}}
				if op == simulator.Get {
					faults = append(faults, simulator.Rule{Op: simulator.Kirim, Do: simulator.DoStatus, When: simulator.WhenStored, Status: 500})
				}
				w, l := small(t, faults...)
				a, err := w.start(t.Context(), b.plain)
				if err != nil {
					t.Fatal(err)
				}
				defer a.kill()
				w.await(t, a, l.inFlight(op))
				if code := a.end(t, w, syscall.SIGTERM); code != 0 {
					t.Errorf("exit code %d\n%s", code, w.log.String())
				}
				w.recovers(t, l, b.plain, sufferers[0])
			})
		}
	}
}

// TestStopsAlthoughTheDiskHangs: a write that does not return keeps nobody waiting for more than ten seconds, and a second
// interrupt ends the agent at once.
func TestStopsAlthoughTheDiskHangs(t *testing.T) {
	b := theBinaries(t)
	for name, second := range map[string]bool{"terminated": false, "interrupted twice": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, l := small(t)
			a, err := w.start(t.Context(), b.wired, "KURIR_HOLD_AT=agent/outbox/write.go writeNew Sync")
			if err != nil {
				t.Fatal(err)
			}
			defer a.kill()
			w.await(t, a, func() string {
				if w.log.count("held at") == 0 {
					return "nothing hangs yet"
				}
				return ""
			})
			says := "did not stop within 10 seconds"
			if second {
				says = "ended at once"
				_ = a.cmd.Process.Signal(os.Interrupt)
				again := time.NewTicker(200 * time.Millisecond) // two at once may be taken for one
				defer again.Stop()
				go func() {
					for {
						select {
						case <-again.C:
							_ = a.cmd.Process.Signal(os.Interrupt)
						case <-a.done:
							return
						}
					}
				}()
			}
			if code := a.end(t, w, map[bool]os.Signal{true: os.Interrupt, false: syscall.SIGTERM}[second]); code != 1 {
				t.Errorf("exit code %d, not 1", code)
			}
			if w.log.count(says) != 1 {
				t.Errorf("it does not say %q:\n%s", says, w.log.String())
			}
			w.recovers(t, l, b.plain, sufferers[0])
		})
	}
}

// TestSecondAgent: another agent on the same data_dir ends at once and says who holds it; the first works on.
func TestSecondAgent(t *testing.T) {
	b := theBinaries(t)
	w, l := small(t)
	a, err := w.start(t.Context(), b.plain)
	if err != nil {
		t.Fatal(err)
	}
	defer a.kill()
	w.await(t, a, func() string { return w.missingSet(sufferers[0]) })
	out, err := exec.CommandContext(t.Context(), b.plain, "run", "-c", filepath.Join(w.dir, "kurir.yaml")).CombinedOutput()
	exit, failed := errors.AsType[*exec.ExitError](err)
	if !failed || exit.ExitCode() != 1 || !strings.Contains(string(out), "process "+strconv.Itoa(a.cmd.Process.Pid)) {
		t.Errorf("the second agent: %v\n%s", err, out)
	}
	if err := w.dropLarge(sufferers[1]); err != nil {
		t.Fatal(err)
	}
	w.await(t, a, func() string { return w.missingSet(sufferers[1]) })
	if code := a.end(t, w, syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
	w.recovers(t, l, b.plain, sufferers...)
}

// TestInterruptedCommands: kurir send and kurir poll that are interrupted while the server is silent end at once; what they had
// begun goes on, in the agent that runs or in the next one.
func TestInterruptedCommands(t *testing.T) {
	b := theBinaries(t)
	for _, c := range []struct {
		name    string
		running bool
		op      simulator.Op
		command []string
	}{
		{"send", false, simulator.Kirim, []string{"send", "--inbox", "lane", "desk/two"}},
		{"send while an agent runs", true, simulator.Kirim, []string{"send", "--inbox", "lane", "desk/two"}},
		{"poll", false, simulator.StatusRespon, []string{"poll", simulator.PublishedCar}},
		{"poll while an agent runs", true, simulator.StatusRespon, []string{"poll", livingCar}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w, l := small(t)
			if err := w.putLarge(filepath.Join(w.dir, "desk", sufferers[1]), sufferers[1]); err != nil {
				t.Fatal(err)
			}
			var a *agent
			var err error
			if c.running {
				if a, err = w.start(t.Context(), b.plain); err != nil {
					t.Fatal(err)
				}
				defer a.kill()
				w.await(t, a, func() string { return w.missingSet(sufferers[0]) + w.missingCars([]string{simulator.PublishedCar}) })
			}
			if err := l.sim.SetFaults([]simulator.Rule{{Op: c.op, Do: simulator.DoStall}}); err != nil {
				t.Fatal(err)
			}
			cmd, err := w.command(t.Context(), b.plain, c.command)
			if err != nil {
				t.Fatal(err)
			}
			defer cmd.kill()
			cmd.up = func() bool { return true }
			w.await(t, cmd, l.inFlight(c.op))
			if code := cmd.end(t, w, os.Interrupt); code != 1 {
				t.Errorf("exit code %d, not 1\n%s", code, w.log.String())
			}
			sets := []string{sufferers[0]}
			if c.op == simulator.Kirim {
				sets = sufferers
			}
			if c.running {
				if a.ended() {
					t.Fatalf("the agent ended with the command\n%s", w.log.String())
				}
				if code := a.end(t, w, syscall.SIGTERM); code != 0 {
					t.Errorf("the agent's exit code is %d", code)
				}
			}
			w.recovers(t, l, b.plain, sets...)
		})
	}
}
