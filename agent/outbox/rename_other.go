//go:build unix && !linux && !darwin

package outbox

import "golang.org/x/sys/unix"

func renameNoReplace(_, _ string) error { return unix.ENOSYS }
