//go:build unix

package check

import "golang.org/x/sys/unix"

// mayMove reports whether this account may move a folder to another one, for which it must be able to write in it.
func mayMove(dir string) bool { return unix.Access(dir, unix.W_OK) == nil }

// readOnlyDisk is what writing to a read-only file system fails with, as outside the folders that a service may write to.
const readOnlyDisk = unix.EROFS
