//go:build linux

package crashtest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"kurir/agent/simulator"
)

// world is one agent with its folders and its server. Its place and the server's address stay the same from one story to
// the next, since the journal knows both.
type world struct {
	dir, far string
	story    story
	sim      atomic.Pointer[simulator.Server]
	server   *httptest.Server
	log      safeBuffer
}

// kept are the folders of a world that its past is made of, besides the outbox on another file system.
var kept = []string{"in", "out", "data", "sim"}

// newWorld makes a world and lets its past happen, with the plain binary.
func newWorld(ctx context.Context, dir, far, bin string) (*world, error) {
	w := &world{dir: dir, far: far}
	w.server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.sim.Load().ServeHTTP(rw, r) }))
	for _, in := range []string{"lane", "gone", "old", "mark", "far", "erp"} {
		if err := os.MkdirAll(filepath.Join(dir, "in", in), 0o755); err != nil {
			return w, err
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, "stage"), 0o755); err != nil {
		return w, err
	}
	if err := os.WriteFile(filepath.Join(dir, "kurir.yaml"), []byte(config(w.server.URL, far)), 0o600); err != nil {
		return w, err
	}
	if err := w.simulate(faultsThen); err != nil {
		return w, err
	}
	for _, s := range past {
		if err := w.drop(s); err != nil {
			return w, err
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "in", "erp", "earlier.txt"), []byte(pastText), 0o644); err != nil {
		return w, err
	}
	a, err := w.start(ctx, bin)
	if err != nil {
		return w, err
	}
	defer a.kill()
	if err := w.settle(ctx, a, func() string { return cmp.Or(w.missingSets(past), w.missingCars([]string{pastCar})) }); err != nil {
		return w, fmt.Errorf("the past: %w", err)
	}
	for name, b := range map[string][]byte{latePast: photo("b3"), "twice_9.png": photo("twice late")} {
		if err := os.WriteFile(filepath.Join(dir, "in", "lane", name), b, 0o644); err != nil {
			return w, err
		}
	}
	if err := w.settle(ctx, a, func() string { return cmp.Or(w.missingSets(past), w.missingLate(3), w.missingRefused()) }); err != nil {
		return w, fmt.Errorf("the past: %w", err)
	}
	if err := a.stop(ctx); err != nil {
		return w, err
	}
	if err := w.sim.Load().Close(); err != nil {
		return w, err
	}
	return w, w.copy("", "past")
}

// close ends the server.
func (w *world) close() {
	if s := w.sim.Load(); s != nil {
		_ = s.Close()
	}
	w.server.Close()
	_ = os.RemoveAll(filepath.Dir(w.far))
}

// reset brings the world back to where its past had ended, for a story.
func (w *world) reset(st story) error {
	w.story = st
	w.log.Reset()
	_ = w.sim.Load().Close()
	for _, d := range append([]string{"stage", "desk"}, kept...) {
		if err := os.RemoveAll(filepath.Join(w.dir, d)); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(w.far); err != nil {
		return err
	}
	if err := w.copy("past", ""); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(w.dir, "stage"), 0o755); err != nil {
		return err
	}
	return w.simulate(faultsNow)
}

// copy copies the kept folders with their times and permissions.
func (w *world) copy(from, to string) error {
	if err := os.MkdirAll(filepath.Join(w.dir, to), 0o755); err != nil {
		return err
	}
	args := []string{"-a"}
	for _, d := range kept {
		args = append(args, filepath.Join(w.dir, from, d))
	}
	far := []string{w.far, filepath.Join(w.dir, to, "far")}
	if to == "" {
		far = []string{filepath.Join(w.dir, from, "far"), w.far}
	}
	for _, args := range [][]string{append(args, filepath.Join(w.dir, to)), append([]string{"-a"}, far...)} {
		if out, err := exec.Command("cp", args...).CombinedOutput(); err != nil {
			return fmt.Errorf("cp: %w: %s", err, out)
		}
	}
	return nil
}

// simulate begins a server that knows what the folder sim holds.
func (w *world) simulate(faults []simulator.Rule) error {
	s := simulator.New(simulator.Options{Dir: filepath.Join(w.dir, "sim"), Faults: faults, Speed: 40})
	w.sim.Store(s)
	return s.Err()
}

// agent is one running process.
type agent struct {
	cmd  *exec.Cmd
	up   func() bool   // whether it works: signals are heard
	done chan struct{} // closed when it has ended
	err  error         // then
}

// start runs the agent of a binary.
func (w *world) start(ctx context.Context, bin string, env ...string) (*agent, error) {
	return w.command(ctx, bin, []string{"run"}, env...)
}

// command runs a command of a binary.
func (w *world) command(ctx context.Context, bin string, args []string, env ...string) (*agent, error) {
	a := &agent{cmd: exec.CommandContext(ctx, bin, args...), done: make(chan struct{})}
	a.cmd.Dir = w.dir
	a.cmd.Env = append(os.Environ(), append(env, "KURIR_CONFIG="+filepath.Join(w.dir, "kurir.yaml"))...)
	a.cmd.Stdout, a.cmd.Stderr = &w.log, &w.log
	fmt.Fprintf(&w.log, "--- %s %v %v\n", filepath.Base(bin), args, env)
	before := w.log.count(upLine)
	a.up = func() bool { return w.log.count(upLine) > before }
	if err := a.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { a.err = a.cmd.Wait(); close(a.done) }()
	return a, nil
}

// upLine is in the log of an agent that works.
const upLine = "control address listens"

// ended reports whether the process has.
func (a *agent) ended() bool {
	select {
	case <-a.done:
		return true
	default:
		return false
	}
}

// killed reports whether it was killed at its crash point.
func (a *agent) killed() bool {
	exit, ok := errors.AsType[*exec.ExitError](a.err)
	return ok && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL
}

func (a *agent) kill() {
	_ = a.cmd.Process.Kill()
	<-a.done
}

// stop ends the agent as the service manager would.
func (a *agent) stop(ctx context.Context) error {
	_ = a.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-a.done:
		return a.err
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Minute):
		a.kill()
		return errors.New("the agent does not stop")
	}
}

var errEnded = errors.New("the agent ended")

// settle waits until nothing is missing. errEnded when the process ended before.
func (w *world) settle(ctx context.Context, a *agent, missing func() string) error {
	deadline := time.NewTimer(2 * time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(40 * time.Millisecond)
	defer tick.Stop()
	for {
		left := missing()
		if left == "" && a.up() {
			return nil
		}
		select {
		case <-a.done:
			if missing() == "" {
				return nil
			}
			return fmt.Errorf("%w: %w", errEnded, orNil(a.err))
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline.C:
			return fmt.Errorf("never: %s\nin the inboxes: %v", left, everything(filepath.Join(w.dir, "in")))
		case <-tick.C:
		}
	}
}

// orNil is err where it is printed whether or not there is one.
func orNil(err error) error {
	if err == nil {
		return errors.New("no error")
	}
	return err
}

func (w *world) outbox(inbox string) string {
	if inbox == "far" {
		return w.far
	}
	return filepath.Join(w.dir, "out", inbox)
}

func readJSON(name string, into any) error {
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, into)
}

// visible lists the regular files below a folder that are not temporary ones, slash-separated and relative to it.
func visible(dir string) []string {
	var out []string
	for _, f := range everything(dir) {
		if !hidden(f) {
			out = append(out, f)
		}
	}
	return out
}

func hidden(rel string) bool {
	for part := range strings.SplitSeq(rel, "/") {
		if strings.HasPrefix(part, ".") {
			return true
		}
	}
	return false
}

// everything lists all regular files below a folder.
func everything(dir string) []string {
	var out []string
	_ = filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			rel, _ := filepath.Rel(dir, p)
			out = append(out, filepath.ToSlash(rel))
		}
		return nil // what vanishes meanwhile was moved
	})
	return out
}

// safeBuffer is the log of processes that follow one another.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// Reset forgets what was written.
func (b *safeBuffer) Reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.b.Reset()
}

// count is how often something was written since Reset.
func (b *safeBuffer) count(what string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.Count(b.b.Bytes(), []byte(what))
}

// String is the end of what was written.
func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.b.String()
	return s[max(0, len(s)-12000):]
}
