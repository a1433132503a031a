package upload_test

import (
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"kurir/agent/simulator"
	"kurir/agent/upload"
)

// TestOriginalHeldByAnotherProgram: a viewer or a virus scanner holds a photo open so that it cannot be moved. Its set is
// sent once and waits with a reason, also over a restart, and ends when the photo is let go.
func TestOriginalHeldByAnotherProgram(t *testing.T) {
	r := newRig(t, simulator.Options{Faults: []simulator.Rule{{Op: simulator.Kirim, LatencyAfter: time.Second}}})
	r.start()
	r.drop("H", map[string][]byte{"d.json": side("H1").json(), "a.jpg": jpg(1)})
	r.until("the photo has arrived", func() bool { return len(r.sim.Photos("H1")) == 1 })
	name, err := windows.UTF16PtrFromString(filepath.Join(r.inbox, "H", "a.jpg"))
	must(t, err)
	h, err := windows.CreateFile(name, windows.GENERIC_READ, windows.FILE_SHARE_READ, nil, windows.OPEN_EXISTING, 0, 0)
	must(t, err)
	r.unproved = true // half of it has moved
	for range 2 {
		st := r.await("H", upload.StateRetrying)
		if st.Error == nil || st.Error.Code != "disk" {
			t.Errorf("waits for %+v", st.Error)
		}
		r.stop()
		r.start()
	}
	must(t, windows.CloseHandle(h))
	r.unproved = false
	r.await("H", upload.StateSent)
	r.once("H1", jpg(1))
	if got := r.sentFiles(); len(got) != 3 {
		t.Errorf("sent holds %v", got)
	}
}
