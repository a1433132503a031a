//go:build linux

package crashtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// unreached are points that no story passes, and why not; a name stands for all that begin with it. Every other point that is
// found in the sources has to be passed.
var unreached = map[string]string{
	"agent/transport/tokencache.go replaceFile Remove":   "after a failed write",
	"agent/control/file.go addressFile.write Remove#2":   "after a failed write",
	"agent/journal/bolt/backup.go writeCopy Remove":      "after a failed write",
	"agent/journal/bolt/open.go begin Remove#2":          "after a failed write",
	"agent/journal/bolt/open.go begin Remove#3":          "after a failed write",
	"agent/journal/bolt/schema.go":                       "there is one schema so far",
	"agent/outbox/rename_unix.go renameByLink":           "for file systems without an exclusive rename: tested in outbox",
	"agent/outbox/rename_unix.go renameChecked":          "for file systems without an exclusive rename: tested in outbox",
	"agent/upload/reopen.go intake.finishReturn":         "when a move back goes on after a crash",
	"agent/upload/back.go Inbox.moveInto":                "when a set's folder stayed in the inbox for files that are left alone: tested in upload, interrupted too",
	"agent/journal/bolt/backup.go SaveCopy":              "a copy elsewhere, for people",
	"agent/journal/bolt/readonly.go":                     "only looks",
	"agent/journal/bolt/os_unix.go give":                 "when root works in a folder of someone else's",
	"agent/journal/bolt/compact.go":                      "for a large journal after a burst, and for people; the old file is whole until the new one is",
	"agent/alarm":                                        "messages to people, and the memory of what they were told: no file of theirs",
	"agent/upload/reopen.go intake.handOn":               "when a failed set comes back under another name: tested in upload; done before the job goes",
	"agent/upload/query.go Pipeline.retryJob Update":     "passed unless the set that waits for its next try is just being tried when its past ends",
	"agent/upload/retain.go Pipeline.noteRetired Update": "when one retention follows another; the first, with a Put in its place, is passed",
	"agent/upload/trace.go Pipeline.keepTrace Update":    "when the retention lets go of a second set of a declaration; the first, with a Put in its place, is passed",
	"agent/journal/clock.go":                             "when the clock was set back since the last start; done again at each",
	"agent/transport/read.go":                            "a long answer on its way into memory: nothing that a restart looks at",
	"agent/outbox/guard.go":                              "probes of a disk in trouble",
	"agent/outbox/rename_unix.go syncFile":               "when a move goes on after a crash",
	"agent/outbox/write.go Create ":                      "a short form for callers that have the content at hand: none has",
	"agent/upload/statuswriter.go statusWriter.drop":     "for files that someone takes away while the agent looks; tidy repeats it",
	"agent/upload/tidy.go":                               "a minute after the start; repeated at every start",
	"agent/cli/init.go":                                  "kurir init, which never overwrites",
	"agent/private/private.go MakeFolder":                "for a folder that is not there yet; done again at every start",
	"agent/cli/logfile.go":                               "a log file that cannot be renewed is appended to",
	"agent/cli/logging.go":                               "a log file is tried before anything is done",
}

// matrix is one run of TestKilledAtEveryStep.
type matrix struct {
	t            *testing.T
	rnd          *rand.Rand
	plain, wired string // the binaries
	worlds       []*world

	mu     sync.Mutex
	steps  []map[string]int // by story: how often a step is done in it
	failed int
	missed int // crashes that were never reached
	ran    int
}

// run is a story with crashes.
type run struct {
	story   int
	crashes []crash
}

// crash is where a process is killed.
type crash struct {
	phase string
	n     int
	step  string
}

func (c crash) env() string    { return fmt.Sprintf("KURIR_CRASH_AT=%s|%d|%s", c.phase, c.n, c.step) }
func (c crash) String() string { return fmt.Sprintf("%s time %d of %s", c.phase, c.n, c.step) }

// TestKilledAtEveryStep kills the agent before and after its durable steps, starts it again, and checks from outside that
// nothing was lost, sent twice, half-written or left behind. In a second part it is killed again while it recovers.
//
// Without more it takes a sample with a seed of its own. KURIR_CRASH_FOR=5m runs all single crashes, and then pairs, until
// the time is up; KURIR_CRASH_SEED repeats a run; KURIR_CRASH_STEP takes the steps whose names hold it.
func TestKilledAtEveryStep(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if n, err := strconv.ParseUint(os.Getenv("KURIR_CRASH_SEED"), 10, 64); err == nil {
		seed = n
	}
	t.Logf("seed %d", seed)
	m := &matrix{t: t, rnd: rand.New(rand.NewPCG(seed, 1)), steps: make([]map[string]int, len(stories))}
	points := m.prepare(4)
	m.record()
	m.checkCoverage(points)
	if t.Failed() {
		return
	}
	until := time.Time{}
	if d, err := time.ParseDuration(os.Getenv("KURIR_CRASH_FOR")); err == nil {
		until = time.Now().Add(d)
	}
	m.runAll(m.plan(until.IsZero()), until)
	t.Logf("%d points in the sources, %d runs, %d crashes not reached", len(points), m.ran, m.missed)
}

// prepare builds both binaries and makes the worlds.
func (m *matrix) prepare(worlds int) []point {
	t := m.t
	b := theBinaries(t)
	m.plain, m.wired = b.plain, b.wired
	var wg sync.WaitGroup
	for range worlds {
		home := t.TempDir()
		wg.Go(func() {
			w, err := newWorld(t.Context(), home, otherDisk(t, home), m.plain)
			if err != nil {
				t.Errorf("%v\n%s", err, w.log.String())
			}
			t.Cleanup(w.close)
			m.mu.Lock()
			defer m.mu.Unlock()
			m.worlds = append(m.worlds, w)
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return b.points
}

// otherDisk makes a folder on another file system than home's.
func otherDisk(t *testing.T, home string) string {
	t.Helper()
	device := func(path string) uint64 {
		var st syscall.Stat_t
		if syscall.Stat(path, &st) != nil {
			return 0
		}
		return st.Dev
	}
	for _, place := range []string{"/dev/shm", os.Getenv("XDG_RUNTIME_DIR"), "/tmp", "/var/tmp"} {
		if d := device(place); d == 0 || d == device(home) {
			continue
		}
		if dir, err := os.MkdirTemp(place, "kurir-crash-"); err == nil { //nolint:usetesting // not where tests have theirs
			return filepath.Join(dir, "out")
		}
	}
	t.Skip("there is no second file system here to move to")
	return ""
}

// record tells each story once without a crash, and learns the steps.
func (m *matrix) record() {
	dir := m.t.TempDir()
	next := make(chan int)
	var wg sync.WaitGroup
	for _, w := range m.worlds {
		wg.Go(func() {
			for i := range next {
				list := filepath.Join(dir, strconv.Itoa(i))
				if err := m.tell(m.t.Context(), w, run{story: i}, "KURIR_CRASH_RECORD="+list); err != nil {
					m.t.Errorf("%s without a crash: %v\n%s", stories[i].name, err, w.log.String())
					continue
				}
				m.steps[i] = m.learn(list)
			}
		})
	}
	for i := range stories {
		next <- i
	}
	close(next)
	wg.Wait()
	if m.t.Failed() {
		m.t.FailNow()
	}
}

// learn reads the steps that a process has passed, and how often.
func (m *matrix) learn(list string) map[string]int {
	b, err := os.ReadFile(list)
	if err != nil {
		m.t.Error(err)
	}
	counts := map[string]int{}
	for line := range strings.Lines(string(b)) {
		counts[strings.TrimSuffix(line, "\n")]++
	}
	return counts
}

// checkCoverage compares the points in the sources with those that the stories pass.
func (m *matrix) checkCoverage(points []point) {
	passed, used := map[string]bool{}, map[string]bool{}
	for _, steps := range m.steps {
		for step := range steps {
			name, _, _ := strings.Cut(step, " < ")
			passed[name] = true
		}
	}
	for _, p := range points {
		why := ""
		for prefix := range unreached {
			if strings.HasPrefix(p.name, prefix) {
				why, used[prefix] = prefix, true
			}
		}
		switch {
		case why == "" && !passed[p.name]:
			m.t.Errorf("no story passes %s: extend a story, or say in unreached why none needs to", p.name)
		case why != "" && passed[p.name]:
			m.t.Logf("this time a story passes %s", p.name)
		}
	}
	for prefix := range unreached {
		if !used[prefix] {
			m.t.Errorf("unreached explains %s, which is not in the sources", prefix)
		}
	}
}

// plan lists the runs: every step of every story before and after, each at a random one of the times that it is done; then
// pairs, whose second crash is at a random step while the first is recovered from.
func (m *matrix) plan(sample bool) []run {
	var single, pairs []run
	phase := func() string { return []string{"before", "after"}[m.rnd.IntN(2)] }
	agents := slices.Sorted(maps.Keys(m.steps[0]))
	for i := range stories {
		for _, step := range slices.Sorted(maps.Keys(m.steps[i])) {
			if !strings.Contains(step, os.Getenv("KURIR_CRASH_STEP")) {
				continue
			}
			for _, phase := range []string{"before", "after"} {
				if _, first := m.steps[0][step]; i == 0 || !first {
					single = append(single, run{i, []crash{{phase, 1 + m.rnd.IntN(m.steps[i][step]), step}}})
				}
			}
			second := crash{phase(), 1, agents[m.rnd.IntN(len(agents))]}
			pairs = append(pairs, run{i, []crash{{phase(), 1 + m.rnd.IntN(m.steps[i][step]), step}, second}})
		}
	}
	for _, runs := range [][]run{single, pairs} {
		m.rnd.Shuffle(len(runs), func(i, j int) { runs[i], runs[j] = runs[j], runs[i] })
	}
	m.t.Logf("%d single crashes, %d pairs", len(single), len(pairs))
	if sample {
		return append(single[:min(len(single), 20)], pairs[:min(len(pairs), 6)]...)
	}
	return append(single, pairs...)
}

// runAll does the runs in all worlds at the same time, until a time if there is one.
func (m *matrix) runAll(runs []run, until time.Time) {
	next := make(chan run)
	var wg sync.WaitGroup
	for _, w := range m.worlds {
		wg.Go(func() {
			for r := range next {
				m.try(w, r)
			}
		})
	}
	for _, r := range runs {
		m.mu.Lock()
		enough := m.failed >= 3 || !until.IsZero() && time.Now().After(until)
		m.mu.Unlock()
		if enough || m.t.Context().Err() != nil {
			break
		}
		next <- r
	}
	close(next)
	wg.Wait()
}

// try tells a story with its crashes.
func (m *matrix) try(w *world, r run) {
	err := m.tell(m.t.Context(), w, r)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ran++
	if err != nil {
		m.failed++
		m.t.Errorf("%s, killed %v:\n%v\n%s", stories[r.story].name, r.crashes, err, w.log.String())
	}
}

// tell lets a story happen in a world: a process for each crash, and an agent that brings it to its end. With env there is no
// crash, and the instrumented binary is run with it.
func (m *matrix) tell(ctx context.Context, w *world, r run, env ...string) error {
	st := stories[r.story]
	if err := errors.Join(w.reset(st), w.begin()); err != nil {
		return err
	}
	for i, c := range r.crashes {
		if i > 0 && len(st.command) > 0 { // whoever saw the command fail gives it again
			again, err := w.command(ctx, m.plain, st.command)
			if err != nil {
				return err
			}
			<-again.done
		}
		if err := m.crash(ctx, w, c, i == 0); err != nil {
			return fmt.Errorf("killed %v: %w", c, err)
		}
	}
	bin := m.plain
	if len(env) > 0 {
		bin = m.wired
	}
	if len(st.command) > 0 {
		c, err := w.command(ctx, bin, st.command, env...)
		if err != nil {
			return err
		}
		if <-c.done; c.err != nil && len(env) > 0 {
			return fmt.Errorf("%v: %w", st.command, c.err) // after a crash it may find nothing more to do
		}
	}
	a, err := w.start(ctx, bin, env...)
	if err != nil {
		return err
	}
	defer a.kill()
	if err := w.settle(ctx, a, w.missing); err != nil {
		return errors.Join(err, w.checkAlways())
	}
	if err := a.stop(ctx); err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	return errors.Join(w.checkEnd(ctx), m.proof(ctx, w))
}

// proof asks the product itself whether every file is in its one place.
func (m *matrix) proof(ctx context.Context, w *world) error {
	c, err := w.command(ctx, m.plain, []string{"journal", "check", "--deep"})
	if err != nil {
		return err
	}
	if <-c.done; c.err != nil {
		return fmt.Errorf("journal check: %w", c.err)
	}
	return nil
}

// crash runs a process until it is killed at c, or has nothing more to do, and looks at what that leaves. first says that it
// is the story's command, if it has one.
func (m *matrix) crash(ctx context.Context, w *world, c crash, first bool) error {
	args := []string{"run"}
	if first && len(w.story.command) > 0 {
		args = w.story.command
	}
	a, err := w.command(ctx, m.wired, args, c.env())
	if err != nil {
		return err
	}
	defer a.kill()
	if args[0] != "run" {
		<-a.done
	} else if err = w.settle(ctx, a, w.missing); err == nil { // it never came there, or comes there while it stops
		err = a.stop(ctx)
	}
	if !a.killed() {
		m.mu.Lock()
		m.missed++
		m.mu.Unlock()
		if err != nil {
			return err
		}
	}
	return w.checkAlways()
}
