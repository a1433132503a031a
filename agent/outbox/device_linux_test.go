package outbox

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// otherDevice returns a folder on another file system than t.TempDir's.
func otherDevice(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "outbox-test-") //nolint:usetesting // it has to be another place
	if err != nil {
		t.Skip("no second file system: ", err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	here, there := device(t, t.TempDir()), device(t, dir)
	if here == there {
		t.Skip("the folder for temporary files and /dev/shm are on one file system")
	}
	return dir
}

func device(t *testing.T, path string) uint64 {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		t.Fatal(err)
	}
	return st.Dev
}

func TestMoveAcrossDevices(t *testing.T) {
	here, there := t.TempDir(), otherDevice(t)
	src, dst := filepath.Join(here, "SET"), filepath.Join(there, "sent", "SET")
	makeSet(t, src)
	if err := os.Chtimes(filepath.Join(src, "set.json"), someDay, someDay); err != nil {
		t.Fatal(err)
	}
	for range 2 { // and back
		if err := Move(src, dst); err != nil {
			t.Fatal(err)
		}
		wantSet(t, dst)
		src, dst = dst, src
	}
	info, err := os.Stat(filepath.Join(here, "SET", "set.json"))
	if err != nil {
		t.Fatal(err)
	}
	if !info.ModTime().Equal(someDay) {
		t.Errorf("the time became %v", info.ModTime())
	}
	wantNames(t, there, "sent/")
}

func TestKilledWhileMovingAcrossDevices(t *testing.T) {
	killWhileMoving(t, "move", t.TempDir(), otherDevice(t))
}

// smallDisk mounts a file system of 256 KiB.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=256k,mode=0777"); err != nil {
		if os.Geteuid() == 0 && os.Getenv("KURIR_CI") != "" {
			t.Fatal(err)
		}
		t.Skip("cannot mount a small file system (needs root): ", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func TestFullDisk(t *testing.T) {
	disk, elsewhere := smallDisk(t), t.TempDir()
	status := filepath.Join(disk, "status.json")
	if err := Replace(status, []byte("old")); err != nil {
		t.Fatal(err)
	}
	big := sealed(1, 1<<20)
	if err := Replace(status, big); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Replace: %v", err)
	}
	if err := Create(filepath.Join(disk, "receipt.json"), big); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Create: %v", err)
	}
	set, file := filepath.Join(elsewhere, "SET"), filepath.Join(elsewhere, "list.csv")
	makeSet(t, set)
	write(t, filepath.Join(set, "big.jpg"), big)
	write(t, file, big)
	for _, src := range []string{set, file} {
		if err := Move(src, filepath.Join(disk, filepath.Base(src))); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("Move: %v", err)
		}
	}
	wantNames(t, disk, "status.json")
	if read(t, status) != "old" || !isSealed([]byte(read(t, filepath.Join(set, "big.jpg")))) || read(t, file) != string(big) {
		t.Error("something was lost")
	}
	if err := os.Remove(filepath.Join(set, "big.jpg")); err != nil {
		t.Fatal(err)
	}
	if err := Move(set, filepath.Join(disk, "SET")); err != nil {
		t.Errorf("with room again: %v", err)
	}
	wantSet(t, filepath.Join(disk, "SET"))
}

// The ways for file systems without an exclusive rename keep the same promises.
func TestRenameFallbacks(t *testing.T) {
	for name, rename := range map[string]func(from, to string) error{"link": renameByLink, "checked": renameChecked} {
		dir := t.TempDir()
		file, folder := filepath.Join(dir, "file"), filepath.Join(dir, "folder")
		write(t, file, []byte("content"))
		write(t, filepath.Join(folder, "image"), []byte("image"))
		for _, src := range []string{file, folder} {
			for _, dst := range []string{file, folder} {
				if err := rename(src, dst); !errors.Is(err, os.ErrExist) {
					t.Errorf("%s: %s over %s: %v", name, src, dst, err)
				}
			}
			if err := rename(src, src+"-2"); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if err := rename(src+"-2", src); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		wantNames(t, dir, "file", "folder/", "folder/image")
	}
}

func TestMoveNeedsRights(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	dir := t.TempDir()
	src, locked := filepath.Join(dir, "a"), filepath.Join(dir, "locked")
	write(t, src, []byte("a"))
	if err := os.Mkdir(locked, 0o555); err != nil {
		t.Fatal(err)
	}
	if err := Move(src, filepath.Join(locked, "a")); !errors.Is(err, os.ErrPermission) {
		t.Errorf("into a folder without rights: %v", err)
	}
	wantNames(t, dir, "a", "locked/")
}
