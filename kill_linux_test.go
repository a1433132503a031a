package main

import (
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"syscall"
	"testing"
)

// TestKilledBetweenFileSystems kills the agent while inbox and outbox lie on different file systems, so that every
// original is copied, synced and removed instead of renamed: the same has to hold as on one.
func TestKilledBetweenFileSystems(t *testing.T) {
	if testing.Short() {
		t.Skip("short")
	}
	t.Parallel()
	bin := filepath.Join(t.TempDir(), "kurir-under-test")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Skipf("the binary cannot be built here: %v\n%s", err, out)
	}
	k := newKillRun(t, bin, number("KURIR_KILL_SETS", 24), number("KURIR_KILL_TIMES", 6))
	out := filepath.Join(k.dir, "out")
	if err := os.Mkdir(out, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("kurir-test", out, "tmpfs", 0, "size=64m,mode=0755"); err != nil {
		if who, whoErr := user.Current(); whoErr == nil && who.Uid == "0" && os.Getenv("KURIR_CI") != "" {
			t.Fatal(err)
		}
		t.Skipf("no file system can be mounted (needs root): %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(out, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	k.run(false)
	k.check()
}
