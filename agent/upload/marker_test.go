package upload_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"kurir/agent/simulator"
	"kurir/agent/upload"
)

// TestMarkerForAllStaysForWhoNeedsIt: one set is ready before another that the marker stands for too. The marker goes with the
// last of them.
func TestMarkerForAllStaysForWhoNeedsIt(t *testing.T) {
	if runtime.GOOS == "darwin" {
		t.Skip("this system does not tell who has a file open for writing")
	}
	r := newRig(t, simulator.Options{})
	r.in.DoneMarker = "ready.txt"
	marker := filepath.Join(r.inbox, "ready.txt")
	r.put("S_1.jpg", jpg(1))
	r.put("S.json", side("S").json())
	r.put("T_1.jpg", jpg(2))
	r.put("T.json", side("T").json())
	f, err := os.OpenFile(filepath.Join(r.inbox, "T_1.jpg"), os.O_WRONLY, 0)
	must(t, err)
	r.put("ready.txt", nil)
	r.start()
	r.await("S", upload.StateSent)
	r.waitsFor("T", "T_1.jpg")
	if _, err := os.Stat(marker); err != nil {
		t.Errorf("the marker is gone before T has come to rest: %v", err)
	}
	must(t, f.Close())
	r.await("T", upload.StateSent)
	r.until("the marker is gone", func() bool { _, err := os.Stat(marker); return os.IsNotExist(err) })
}

// TestMarkerForAllStandsForNothingLater: while the server is down the marker stays with the set that it completed, and no set
// that begins meanwhile is complete for it; the next marker is its own.
func TestMarkerForAllStandsForNothingLater(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.in.DoneMarker = "ready.txt"
	must(t, r.sim.SetFaults(always(simulator.DoStatus, 500)))
	r.start()
	r.put("S_1.jpg", jpg(1))
	r.put("S.json", side("S").json())
	r.put("ready.txt", nil)
	r.await("S", upload.StateRetrying)
	since := time.Now()
	r.until("the marker is older", func() bool { return time.Since(since) > 3*time.Second })
	r.put("T_1.jpg", jpg(2))
	r.put("T.json", side("T").json())
	r.waitsFor("T", "ready.txt")
	must(t, r.sim.SetFaults(nil))
	r.await("S", upload.StateSent)
	r.waitsFor("T", "ready.txt")
	r.put("T_2.jpg", jpg(3))
	r.until("both photos of T are seen", func() bool { return len(r.status("T").Images) == 2 })
	r.put("ready.txt", nil)
	r.await("T", upload.StateSent)
	r.once("S", jpg(1))
	r.once("T", jpg(2), jpg(3))
	if n := r.status("T").Attempts; n != 1 {
		t.Errorf("%d attempts: it was sent before it was complete", n)
	}
}
