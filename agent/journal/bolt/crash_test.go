package bolt

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"kurir/agent/journal"
)

// childEnv tells the test binary which child to be, and childPath where the journal is.
const (
	childEnv  = "KURIR_JOURNAL_CHILD"
	childPath = "KURIR_JOURNAL_PATH"
)

func TestMain(m *testing.M) {
	switch role := os.Getenv(childEnv); role {
	case "":
		os.Exit(m.Run())
	case "writer":
		childWriter(os.Getenv(childPath), false)
	case "compactor":
		childWriter(os.Getenv(childPath), true)
	case "upgrader":
		childUpgrader(os.Getenv(childPath))
	case "holder":
		childHolder(os.Getenv(childPath))
	default:
		fmt.Fprintln(os.Stderr, "unknown role", role)
		os.Exit(2)
	}
}

// child starts the test binary in a role. It is killed when the test ends.
func child(t *testing.T, role, path string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+role, childPath+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cmd.StdinPipe(); err != nil { // the child ends with this process at the latest
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _, _ = io.Copy(io.Discard, out); _ = cmd.Wait() })
	return cmd, bufio.NewScanner(out)
}

// childWriter changes jobs on many goroutines until it is killed, and prints each change that was answered with nil. With
// compacts, the file is written anew all the time, but for a few changes in between: or there might be none on one processor.
func childWriter(path string, compacts bool) {
	s, report, err := Open(path, Options{Timeout: 10 * time.Second})
	if err != nil || report.SetAside != "" {
		fmt.Printf("error open: %v %+v\n", err, report)
		os.Exit(1)
	}
	var mu sync.Mutex // one line at a time, and none half when killed
	said := make(chan struct{}, 8)
	say := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = fmt.Fprintf(os.Stdout, format+"\n", args...)
		select {
		case said <- struct{}{}:
		default:
		}
	}
	ctx := context.Background()
	run := time.Now().UnixNano()
	for worker := range 8 {
		go func() {
			for i := 0; ; i++ {
				j := journal.Job{
					Kind: journal.Kind(fmt.Sprint("kind-", worker)), Key: fmt.Sprintf("%d-%d", run, i),
					ID: fmt.Sprint("id-", i), Group: fmt.Sprint("group-", i%3), Inbox: "one", Label: "ready", Data: make([]byte, i%3000),
				}
				if err := childJob(ctx, s, j, say); err != nil {
					say("error %v", err)
					return
				}
			}
		}()
	}
	for compacts {
		for range cap(said) / 2 {
			<-said
		}
		if _, _, err := s.Compact(ctx); err != nil {
			say("error compact: %v", err)
		}
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// childUpgrader opens a journal, which brings it up to date.
func childUpgrader(path string) {
	fmt.Println("opening")
	if _, _, err := Open(path, Options{Timeout: 10 * time.Second}); err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	fmt.Println("open")
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// childJob puts a job, takes whichever is due, and works on it.
func childJob(ctx context.Context, s *Store, j journal.Job, say func(string, ...any)) error {
	if err := s.Put(ctx, j); err != nil {
		return err
	}
	say("put %s %s", j.Kind, j.Key)
	c, err := s.Claim(ctx, j.Kind, time.Now())
	if err != nil {
		return err
	}
	got := c.Job()
	if err := c.Step(journal.Step{Name: fmt.Sprint("step-", len(got.Steps)), Label: "sending"}); err != nil {
		return err
	}
	say("step %s %s %d", got.Kind, got.Key, len(got.Steps)+1)
	if err := c.Settle(journal.Outcome{State: journal.Done, Label: "sent"}); err != nil {
		return err
	}
	say("done %s %s", got.Kind, got.Key)
	if len(got.Key)%2 == 0 {
		return nil
	}
	if err := s.Update(ctx, got.Kind, got.Key, func(*journal.Job) error { return journal.Remove }); err != nil {
		return err
	}
	say("gone %s %s", got.Kind, got.Key)
	return nil
}

// acked is what the child was answered for a job.
type acked struct {
	steps      int
	done, gone bool
}

// TestKill kills a process that writes, again and again: what was acknowledged is there, and nothing is there by half.
func TestKill(t *testing.T) { testKill(t, "writer") }

// TestKillCompacting does the same to one whose journal is written anew meanwhile.
func TestKillCompacting(t *testing.T) { testKill(t, "compactor") }

// TestKillUpgrading kills a process at some moment of bringing an old journal up to date.
func TestKillUpgrading(t *testing.T) {
	for range 12 {
		path := filepath.Join(t.TempDir(), "journal.db")
		want := oldJournal(t, path)
		cmd, lines := child(t, "upgrader", path)
		if !lines.Scan() || lines.Text() != "opening" {
			t.Fatalf("child says %q", lines.Text())
		}
		<-time.After(time.Duration(rand.IntN(40)) * time.Millisecond)
		_ = cmd.Process.Kill()
		for lines.Scan() {
			if lines.Text() != "open" {
				t.Errorf("child says %q", lines.Text())
			}
		}
		_ = cmd.Wait()
		s, report, err := Open(path, Options{Timeout: 10 * time.Second})
		if err != nil || report.Fresh {
			t.Fatalf("open: %v, %+v", err, report)
		}
		wantJobs(t, s, want)
		checkFile(t, s)
	}
}

func testKill(t *testing.T, role string) {
	t.Helper()
	kills := 10
	if testing.Short() {
		kills = 3
	}
	path := filepath.Join(t.TempDir(), "journal.db")
	known := map[address]*acked{}
	for range kills {
		cmd, lines := child(t, role, path)
		patience := rand.IntN(400) + 20
		for lines.Scan() {
			if patience--; patience == 0 {
				_ = cmd.Process.Kill() // what is still in the pipe was acknowledged too
			}
			note(t, known, lines.Text())
		}
		_ = cmd.Wait()
	}
	s, report, err := Open(path, Options{Timeout: 10 * time.Second})
	if err != nil || report.Fresh {
		t.Fatalf("open: %v, %+v", err, report)
	}
	defer func() { _ = s.Close() }()
	for at, want := range known {
		j, err := s.Get(context.Background(), at.kind, at.name)
		switch {
		case errors.Is(err, journal.ErrNotFound) && want.done: // removed, acknowledged or just before that
		case err != nil:
			t.Errorf("job %v: %v", at, err)
		case want.gone:
			t.Errorf("job %v was removed", at)
		case len(j.Steps) < want.steps || (want.done && j.State != journal.Done):
			t.Errorf("job %v is %s with %d steps, want %+v", at, j.State, len(j.Steps), want)
		}
	}
	checkFile(t, s)
	if len(known) < kills {
		t.Errorf("only %d jobs were written", len(known))
	}
}

// note takes in a line of the child.
func note(t *testing.T, known map[address]*acked, line string) {
	t.Helper()
	f := strings.Fields(line)
	if len(f) < 3 || f[0] == "error" {
		t.Fatalf("child says %q", line)
	}
	at := address{journal.Kind(f[1]), f[2]}
	if known[at] == nil {
		known[at] = &acked{}
	}
	switch f[0] {
	case "step":
		_, _ = fmt.Sscan(f[3], &known[at].steps)
	case "done":
		known[at].done = true
	case "gone":
		known[at].gone = true
	}
}

// checkFile closes s and examines its file in full, with our walk and with bbolt's own.
func checkFile(t *testing.T, s *Store) {
	t.Helper()
	err := s.db.View(func(tx *bbolt.Tx) error {
		for err := range tx.Check() {
			t.Errorf("bbolt finds: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Errorf("view: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	f, err := os.Open(s.path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if schema, err := examine(f, info.Size(), false); err != nil || schema != currentSchema {
		t.Errorf("examine: schema %d, %v", schema, err)
	}
}

// childHolder opens the journal and holds it until it is killed.
func childHolder(path string) {
	s, _, err := Open(path, Options{})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	fmt.Println("held")
	_, _ = io.Copy(io.Discard, os.Stdin)
	_ = s.Close()
}

// TestHeld opens a journal that another process has open, and again once that was killed.
func TestHeld(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	cmd, lines := child(t, "holder", path)
	if !lines.Scan() || lines.Text() != "held" {
		t.Fatalf("child says %q", lines.Text())
	}
	before, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = Open(path, Options{Timeout: 100 * time.Millisecond})
	var held *HeldError
	if !errors.As(err, &held) {
		t.Fatalf("open: %v, want a HeldError", err)
	}
	if held.PID != cmd.Process.Pid || held.Since.IsZero() || held.Path != path {
		t.Errorf("held by %+v, want process %d", held, cmd.Process.Pid)
	}
	if !strings.Contains(err.Error(), fmt.Sprint(cmd.Process.Pid)) {
		t.Errorf("the error does not name the process: %v", err)
	}
	after, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(after) != len(before) {
		t.Errorf("the refused one has left files: %v, %v", after, err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	s, report, err := Open(path, Options{Timeout: 10 * time.Second})
	if err != nil || report.Fresh {
		t.Fatalf("open after the holder has died: %v, %+v", err, report)
	}
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}
