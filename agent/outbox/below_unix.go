//go:build unix

package outbox

import "syscall"

// withoutWaiting opens what has become a pipe without waiting for its writer.
const withoutWaiting = syscall.O_NONBLOCK
