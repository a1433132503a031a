package upload_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"kurir/agent/journal"
	"kurir/agent/simulator"
	"kurir/agent/upload"
)

// TestRetentionIsNoLoss: what keep_sent has deleted is not missed, also once keep_sent has been raised.
func TestRetentionIsNoLoss(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.start()
	r.drop("OLD", map[string][]byte{"d.json": side("A").json(), "a.jpg": jpg(1), "b.jpg": jpg(2)})
	place := filepath.Join(r.out, filepath.FromSlash(r.await("OLD", upload.StateSent).Archive))
	r.stop()
	r.in.Keep = time.Nanosecond
	r.start()
	r.until("the originals are deleted", func() bool { _, err := os.Stat(place); return os.IsNotExist(err) })
	r.stop()
	r.in.Keep = 90 * 24 * time.Hour
	if found := r.findings(false); len(found) > 0 {
		t.Errorf("what was deleted is missed: %+v", found)
	}
	if found := r.findings(true); len(found) != 1 || found[0].Code != journal.FoundMissing || found[0].Path != place {
		t.Errorf("without the journal nothing tells: %+v", found)
	}
}
