package tune

import (
	"os"
	"runtime"
)

// waiting is how many goroutines may run beside one for each processor. A goroutine that waits in a system call, such as a sync,
// counts as running until the runtime notices. An agent at work syncs all the time: on a PC with two processors, both places were
// often taken by two that waited for the disk, while an answer that had come and a request that could go were left lying. Where
// there are many processors it is rare that all their places wait at once.
const waiting = 2

// spareProcessors makes room for those who wait.
func spareProcessors() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + waiting)
	}
}
