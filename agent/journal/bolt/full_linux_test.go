package bolt

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"kurir/agent/journal"
)

// smallDisk mounts a file system of 2 MiB.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("kurir-test", dir, "tmpfs", 0, "size=2m"); err != nil {
		if who, whoErr := user.Current(); whoErr == nil && who.Uid == "0" && os.Getenv("KURIR_CI") != "" {
			t.Fatal(err)
		}
		t.Skipf("a small file system cannot be mounted (needs root): %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return dir
}

// TestFullDisk fills the disk under the journal: each change fails whole, what was acknowledged stays, and with room
// again all goes on.
func TestFullDisk(t *testing.T) {
	dir := smallDisk(t)
	path := filepath.Join(dir, "journal.db")
	s := open1(t, path)
	ctx := context.Background()
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Put(ctx, journal.Job{Kind: journal.Aju, Key: "held", Due: time.Unix(1, 0)}); err != nil {
		t.Fatal(err)
	}
	c, err := s.Claim(ctx, journal.Aju, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	put := map[string]bool{}
	job := func(key string) journal.Job {
		return journal.Job{Kind: journal.Xray, Key: key, Label: "ready", Steps: []journal.Step{{Name: "s"}}, Data: make([]byte, 20_000)}
	}
	var full error
	for i := 0; full == nil && i < 1000; i++ {
		if full = s.Put(ctx, job(fmt.Sprint(i))); full == nil {
			put[fmt.Sprint(i)] = true
		}
	}
	if !errors.Is(full, syscall.ENOSPC) {
		t.Fatalf("after %d jobs: %v, want a full disk", len(put), full)
	}
	big := make([]byte, 200_000)
	if err := c.Step(journal.Step{Name: "big", Note: big}); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("step: %v", err)
	}
	if err := c.Settle(journal.Outcome{State: journal.Done, Data: big}); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("settle: %v", err)
	}
	if c.Context().Err() != nil || len(c.Job().Steps) != 0 {
		t.Error("a settle that failed has ended the claim, or a step that failed is shown")
	}
	if got := s.Counts()[CountKey{journal.Xray, "", "ready"}]; got != len(put) {
		t.Errorf("%d jobs are counted, want %d", got, len(put))
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if err := s.Put(ctx, job("again")); err != nil {
		t.Errorf("put with room again: %v", err)
	}
	if err := c.Step(journal.Step{Name: "again"}); err != nil {
		t.Errorf("step with room again: %v", err)
	}
	if err := c.Settle(journal.Outcome{State: journal.Done}); err != nil {
		t.Errorf("settle with room again: %v", err)
	}
	put["again"] = true
	jobs, err := s.List(ctx, journal.Filter{Kind: journal.Xray})
	if err != nil || len(jobs) != len(put) {
		t.Errorf("%d jobs, %v, want %d", len(jobs), err, len(put))
	}
	if j, err := s.Get(ctx, journal.Aju, "held"); err != nil || len(j.Steps) != 1 || j.State != journal.Done {
		t.Errorf("the held job is %+v, %v", j, err)
	}
	checkFile(t, s)
}

// TestOpenOnFullDisk opens a journal, a damaged one and none on a full disk: errors, and nothing is set aside.
func TestOpenOnFullDisk(t *testing.T) {
	for _, content := range []string{"", "garbage"} {
		dir := smallDisk(t)
		path := filepath.Join(dir, "journal.db")
		if content != "" {
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		err := os.WriteFile(filepath.Join(dir, "ballast"), make([]byte, 4<<20), 0o600)
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("ballast: %v", err)
		}
		_, report, err := openClosed(t, path)
		if !errors.Is(err, syscall.ENOSPC) || report.SetAside != "" {
			t.Errorf("open: %v, %+v", err, report)
		}
		if b, err := os.ReadFile(path); content != "" && (err != nil || string(b) != content) {
			t.Errorf("the damaged file is %q, %v", b, err)
		}
		if err := os.Remove(filepath.Join(dir, "ballast")); err != nil {
			t.Fatal(err)
		}
		if _, report, err = openClosed(t, path); err != nil || (content != "") != (report.SetAside != "") {
			t.Errorf("open with room: %v, %+v", err, report)
		}
	}
}
