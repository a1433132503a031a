//go:build unix

package bolt

import "syscall"

func mediaErrors() []error { return []error{syscall.EIO} }
