package upload_test

import (
	"fmt"
	"path/filepath"
	"runtime"
	"testing"

	"kurir/agent/simulator"
)

// TestNoGoroutinePerSet counts goroutines while hundreds of sets, and one of hundreds of photos, are sent.
func TestNoGoroutinePerSet(t *testing.T) {
	const sets, photos = 200, 400
	r := newRig(t, simulator.Options{})
	r.start()
	few := runtime.NumGoroutine()
	large, names := map[string][]byte{}, []string{}
	for i := range photos {
		name := fmt.Sprintf("%04d.jpg", i)
		large[name], names = jpg(i), append(names, name)
	}
	large["data.json"] = side("LARGE", names...).json()
	r.drop("LARGE", large)
	for i := range sets {
		r.drop(fmt.Sprintf("S%03d", i), map[string][]byte{"1.jpg": jpg(1000 + i), "data.json": side(fmt.Sprintf("AJU%03d", i), "1.jpg").json()})
	}
	most := 0
	r.until("a receipt for each", func() bool {
		most = max(most, runtime.NumGoroutine())
		found, err := filepath.Glob(filepath.Join(r.out, "sent", "*", "*.receipt.json"))
		return err == nil && len(found) == sets+1
	})
	if most > few+100 { // both ends of the connections
		t.Errorf("%d goroutines before, %d while sets are sent", few, most)
	}
}
