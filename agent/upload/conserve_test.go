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

// TestReceiptBeforeItsOriginals: the agent died between the receipt and the first move, and its journal is gone: the set is
// taken up again, into another place. Its originals are there, not missing from the first one.
func TestReceiptBeforeItsOriginals(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.start()
	r.drop("S", map[string][]byte{"d.json": side("A1", "1.jpg", "2.jpg").json(), "1.jpg": jpg(1), "2.jpg": jpg(2)})
	first := filepath.Join(r.out, filepath.FromSlash(r.await("S", upload.StateSent).Archive))
	r.stop()
	must(t, os.Rename(first, filepath.Join(r.inbox, "S")))
	must(t, os.Mkdir(first, 0o755))
	must(t, os.Remove(filepath.Join(r.dir, "journal.db")))
	r.start()
	r.until("the set is in its other place", func() bool {
		return len(below(t, filepath.Join(r.inbox))) == 0 && r.status("S").State == upload.StateSent
	})
	r.stop() // and all is proved
	r.once("A1", jpg(1), jpg(2))

	second := first + "~2"
	must(t, os.Remove(filepath.Join(second, "2.jpg")))
	if found := r.findings(true); len(found) != 2 {
		t.Errorf("of a photo that is in neither place: %+v", found)
	}
	must(t, os.WriteFile(filepath.Join(second, "2.jpg"), jpg(2), 0o644))
}
