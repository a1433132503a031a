package watcher

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

const fuseMagic = 0x65735546

// shares are the file systems that others change from outside, by their numbers in statfs(2). Some clients make up
// the inode numbers themselves and anew each time.
var shares = map[uint32]share{
	0x6969:     {name: "nfs", network: true, identities: true},
	0xFF534D42: {name: "cifs", network: true},
	0xFE534D42: {name: "smb2", network: true},
	0x517B:     {name: "smb", network: true},
	0x01021997: {name: "9p", network: true},
	0x786F4256: {name: "vboxsf", network: true},
	0xBACBACBC: {name: "vmhgfs", network: true},
	0x7C7C6673: {name: "prl_fs", network: true},
	0x00C36400: {name: "ceph", network: true, identities: true},
	0x5346414F: {name: "afs", network: true, identities: true},
	0x6B414653: {name: "afs", network: true, identities: true},
	0x73757245: {name: "coda", network: true},
	0x0BD00BD0: {name: "lustre", network: true, identities: true},
	0x47504653: {name: "gpfs", network: true, identities: true},
	0x01161970: {name: "gfs2", network: true, identities: true},
	0x7461636F: {name: "ocfs2", network: true, identities: true},
}

// systemPath is the spelling of a path that the system's calls are given.
func systemPath(path string) string { return path }

// absenceHint adds nothing here; see Windows.
func absenceHint(string) string { return "" }

// shareOf tells what kind of file system the folder lies on.
func shareOf(path string) (share, error) {
	var st unix.Statfs_t
	_, err := retry(func() (int, error) { return 0, unix.Statfs(path, &st) })
	if err != nil {
		return share{}, fmt.Errorf("statfs %s: %w", path, err)
	}
	magic := uint32(st.Type)
	if magic == fuseMagic {
		return fuseShare(path), nil
	}
	if s, ok := shares[magic]; ok {
		return s, nil
	}
	return share{name: "local", identities: true}, nil
}

// fuseShare tells apart what hides behind FUSE: a disk (fuseblk, as NTFS) or anything else, taken for a network.
func fuseShare(path string) share {
	name := "fuse"
	if in, err := lstat(path); err == nil {
		name = mountType(in.dev, name)
	}
	return share{name: name, network: name != "fuseblk"}
}

// mountType is the file system type of the mounted device, or the fallback if it cannot be found.
func mountType(dev uint64, fallback string) string {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return fallback
	}
	defer f.Close()
	want := fmt.Sprintf("%d:%d", unix.Major(dev), unix.Minor(dev))
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		mount, fsys, ok := strings.Cut(lines.Text(), " - ")
		if fields := strings.Fields(mount); !ok || len(fields) < 3 || fields[2] != want {
			continue
		}
		if fields := strings.Fields(fsys); len(fields) > 0 {
			return fields[0]
		}
	}
	return fallback
}
