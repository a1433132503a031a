// Package tune sets Go's runtime up for an agent: how much garbage may gather, and how many goroutines may run at once. It is for
// the process as a whole: its callers are the commands that work for long. What the environment says (GOGC, GOMEMLIMIT,
// GOMAXPROCS) goes before it.
package tune

import "sync"

var once sync.Once

// Agent tunes the process, from now on. A second call does nothing.
func Agent() {
	once.Do(func() {
		spareProcessors()
		spareCollections()
	})
}
