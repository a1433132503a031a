package agent_test

import (
	"errors"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// cannot ends a test that needs what is not there: it is skipped, except where root runs what has to hold.
func cannot(t *testing.T, format string, args ...any) {
	t.Helper()
	if who, err := user.Current(); err == nil && who.Uid == "0" && os.Getenv("KURIR_CI") != "" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// mountSmall mounts a file system of a few MiB at dir, which is gone with the test.
func mountSmall(t *testing.T, dir, size string) {
	t.Helper()
	if err := unix.Mount("kurir-test", dir, "tmpfs", 0, "mode=0755,size="+size); err != nil {
		cannot(t, "file systems cannot be mounted (needs root): %v", err)
	}
	t.Cleanup(func() { unmount(t, dir) })
}

// unmount takes away what is mounted at dir, whoever uses it; nothing is no error.
func unmount(t *testing.T, dir string) {
	t.Helper()
	if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil && !errors.Is(err, unix.EINVAL) {
		t.Errorf("unmount %s: %v", dir, err)
	}
}

// bind shows the folder at where also at dir, as if its disk were plugged in there.
func bind(t *testing.T, where, dir string) {
	t.Helper()
	if err := unix.Mount(where, dir, "", unix.MS_BIND, ""); err != nil {
		t.Fatalf("bind %s to %s: %v", where, dir, err)
	}
}

// unplugged makes a disk that can be plugged in at dir with bind and taken away with unmount, and plugs it in.
func unplugged(t *testing.T, dir string) (disk string) {
	t.Helper()
	disk = filepath.Join(t.TempDir(), "disk")
	must(t, os.Mkdir(disk, 0o755))
	mountSmall(t, disk, "32m")
	bind(t, disk, dir)
	t.Cleanup(func() { unmount(t, dir) })
	return disk
}

// fill leaves no room on the file system of dir, and returns what makes room again.
func fill(t *testing.T, dir string) (free func()) {
	t.Helper()
	ballast := filepath.Join(dir, ".ballast")
	f, err := os.Create(ballast)
	must(t, err)
	for size := 1 << 20; size > 0; size /= 4 {
		b := make([]byte, size)
		for err = nil; err == nil; {
			_, err = f.Write(b)
		}
		if !errors.Is(err, unix.ENOSPC) {
			t.Fatalf("fill %s: %v", dir, err)
		}
	}
	must(t, f.Close())
	return func() { must(t, os.Remove(ballast)) }
}

// brittle is an ext4 file system on a loop device that can be broken as if its disk had failed: every access to it
// is an input/output error from then on.
type brittle struct {
	t         *testing.T
	dir, loop string
}

func mountBrittle(t *testing.T, dir string) *brittle {
	t.Helper()
	image := filepath.Join(t.TempDir(), "image")
	must(t, os.WriteFile(image, nil, 0o600))
	must(t, os.Truncate(image, 16<<20))
	if out, err := exec.CommandContext(t.Context(), "mkfs.ext4", "-q", "-F", image).CombinedOutput(); err != nil {
		cannot(t, "no ext4 can be made here (needs e2fsprogs): %v %s", err, out)
	}
	loop, err := exec.CommandContext(t.Context(), "losetup", "-f", "--show", image).Output()
	if err != nil {
		cannot(t, "no loop device can be had (needs root): %v", err)
	}
	b := &brittle{t: t, dir: dir, loop: strings.TrimSpace(string(loop))}
	t.Cleanup(func() {
		unmount(t, dir)
		if err := exec.Command("losetup", "-d", b.loop).Run(); err != nil {
			t.Errorf("losetup -d: %v", err)
		}
	})
	b.mount()
	return b
}

func (b *brittle) mount() {
	b.t.Helper()
	if err := unix.Mount(b.loop, b.dir, "ext4", 0, ""); err != nil {
		cannot(b.t, "ext4 cannot be mounted (needs root): %v", err)
	}
}

// sync brings what was written to the disk.
func (b *brittle) sync() {
	b.t.Helper()
	f, err := os.Open(b.dir)
	must(b.t, err)
	defer f.Close() // an open file would keep the broken file system alive
	must(b.t, unix.Syncfs(int(f.Fd())))
}

// shutdownIOC is ext4's EXT4_IOC_SHUTDOWN, by which the kernel's own tests break a file system.
const shutdownIOC = 0x8004587d

// fail breaks the file system.
func (b *brittle) fail() {
	b.t.Helper()
	f, err := os.Open(b.dir)
	must(b.t, err)
	defer f.Close()
	must(b.t, unix.IoctlSetPointerInt(int(f.Fd()), shutdownIOC, 2)) // 2: what is not on the disk yet is lost
}

// repair mounts the file system anew, as after a restart of the disk.
func (b *brittle) repair() {
	b.t.Helper()
	unmount(b.t, b.dir)
	b.mount()
}
