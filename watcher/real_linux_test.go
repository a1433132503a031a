package watcher

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// The variables by which a test starts this binary again as a process that watches.
const (
	childRoot   = "KURIR_TEST_WATCH"       // the folder
	childLimits = "KURIR_TEST_WATCH_LIMIT" // how many watches and instances it may have, in a user namespace of its own
)

// childSays is a line of what the other process sees.
type childSays struct {
	Resting int
	Status  Status
}

// TestWatchInAnotherProcess is that process: it watches until its input ends and says what it sees. By itself it does
// nothing.
func TestWatchInAnotherProcess(t *testing.T) {
	root := os.Getenv(childRoot)
	if root == "" {
		t.Skip("started by the tests that need a process of their own")
	}
	if limit := os.Getenv(childLimits); limit != "" {
		for _, name := range []string{"max_inotify_watches", "max_inotify_instances"} {
			if err := os.WriteFile("/proc/sys/user/"+name, []byte(limit), 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	rec := newRecorder()
	w, err := New(Options{Root: root, Settle: 100 * time.Millisecond, Rescan: time.Minute, Logger: slog.New(slog.DiscardHandler)}, rec)
	if err != nil {
		t.Fatal(err)
	}
	onDisk(w)
	go func() { _ = w.Run(t.Context()) }()
	ended := make(chan struct{})
	go func() { defer close(ended); _, _ = io.Copy(io.Discard, os.Stdin) }()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return
		case <-tick.C:
			b, err := json.Marshal(childSays{rec.resting(), w.Status()})
			if err != nil {
				t.Fatal(err)
			}
			fmt.Printf("%s\n", b)
		}
	}
}

// watchChild is the other process, seen from the test.
type watchChild struct {
	t    *testing.T
	cmd  *exec.Cmd
	says chan childSays
}

// startChild starts it, in a user namespace of its own when limit is not "".
func startChild(t *testing.T, root, limit string) *watchChild {
	t.Helper()
	c := &watchChild{t: t, says: make(chan childSays)}
	c.cmd = exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestWatchInAnotherProcess$", "-test.v")
	c.cmd.Env = append(os.Environ(), childRoot+"="+root, childLimits+"="+limit)
	if limit != "" {
		id := []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		gid := []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
		c.cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER, UidMappings: id, GidMappings: gid}
	}
	in, err := c.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		if os.Getuid() == 0 && os.Getenv("KURIR_CI") != "" {
			t.Fatal(err)
		}
		t.Skipf("no process in a user namespace of its own can be had: %v", err)
	}
	go func() {
		defer close(c.says)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var s childSays
			if json.Unmarshal(lines.Bytes(), &s) == nil {
				c.says <- s
			}
		}
	}()
	t.Cleanup(func() {
		_ = in.Close()
		for range c.says { // to its end
		}
		_ = c.cmd.Wait()
	})
	return c
}

// until waits for the process to say something.
func (c *watchChild) until(what string, ok func(childSays) bool) childSays {
	c.t.Helper()
	deadline := time.After(2 * time.Minute)
	var last childSays
	for {
		select {
		case s, more := <-c.says:
			if !more {
				c.t.Fatalf("it ended before: %s", what)
			}
			if last = s; ok(s) {
				return s
			}
		case <-deadline:
			c.t.Fatalf("never came: %s: %+v", what, last)
		}
	}
}

func (c *watchChild) signal(s syscall.Signal) {
	c.t.Helper()
	if err := c.cmd.Process.Signal(s); err != nil {
		c.t.Fatal(err)
	}
}

// TestWatchLimitsForReal lets a process have fewer watches, or event queues, than it needs: it polls, says so, and finds
// everything.
func TestWatchLimitsForReal(t *testing.T) {
	t.Parallel()
	for limit, why := range map[string]error{"0": syscall.EMFILE, "3": syscall.ENOSPC} {
		t.Run(limit, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			for i := range 20 {
				write(t, filepath.Join(root, strconv.Itoa(i), "a.jpg"), "x")
			}
			c := startChild(t, root, limit)
			s := c.until("all files at rest", func(s childSays) bool { return s.Resting == 20 })
			if s.Status.Mode != Poll || s.Status.Why != watchLimit(why) {
				t.Errorf("mode %q, why %q", s.Status.Mode, s.Status.Why)
			}
			write(t, filepath.Join(root, "7", "b.jpg"), "x")
			c.until("the new file at rest, found by polling", func(s childSays) bool { return s.Resting == 21 })
		})
	}
}

// TestHundredThousandFilesAtOnce stops the watching process while 100 000 files come, so that the kernel's queue of events
// overflows for real: no file is missed, and the overflow is counted.
func TestHundredThousandFilesAtOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("short")
	}
	t.Parallel()
	const n = 100_000
	root := t.TempDir()
	write(t, filepath.Join(root, "first.jpg"), "x")
	c := startChild(t, root, "")
	c.until("it watches", func(s childSays) bool { return s.Resting == 1 && !s.Status.LastScan.IsZero() })
	c.signal(syscall.SIGSTOP)
	for i := range n {
		if i%1000 == 0 {
			write(t, filepath.Join(root, strconv.Itoa(i/1000), "first.jpg"), "x")
		}
		write(t, filepath.Join(root, fmt.Sprintf("scan%06d.jpg", i)), "x")
	}
	c.signal(syscall.SIGCONT)
	s := c.until("all files at rest", func(s childSays) bool { return s.Resting == n+101 })
	if s.Status.Overflows == 0 {
		t.Error("no overflow is counted")
	}
	if s.Status.Mode != Events || s.Status.Files != n+101 {
		t.Errorf("status %+v", s.Status)
	}
}
