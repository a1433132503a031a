package poll

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// TestNoGoroutinePerDocument counts goroutines while hundreds of documents are polled for the first time.
func TestNoGoroutinePerDocument(t *testing.T) {
	const documents = 300
	r := newRig(t)
	r.start()
	few := runtime.NumGoroutine()
	var list strings.Builder
	for i := range documents {
		fmt.Fprintf(&list, "%026d\n", i)
	}
	if err := r.drop("many.txt", list.String()); err != nil {
		t.Fatal(err)
	}
	most := 0
	polled := func() int { return len(r.server.requests("statusrespon", "")) }
	eventually(t, func() bool {
		most = max(most, runtime.NumGoroutine())
		return polled() >= documents
	}, func() string { return fmt.Sprintf("%d of %d documents were polled", polled(), documents) })
	if most > few+50 { // workers, and both ends of their connections
		t.Errorf("%d goroutines before, %d while %d documents are polled", few, most, documents)
	}
}
