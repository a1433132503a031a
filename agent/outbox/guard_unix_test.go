//go:build unix

package outbox

import (
	"os"

	"golang.org/x/sys/unix"
)

var errFull error = &os.PathError{Op: "write", Path: "x", Err: unix.ENOSPC}
