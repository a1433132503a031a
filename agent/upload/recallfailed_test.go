package upload_test

import (
	"os"
	"path/filepath"
	"testing"

	"kurir/agent/simulator"
	"kurir/agent/upload"
)

// TestFailedSetsOutliveTheJournal: a journal that is begun anew knows from failed/ what has failed, so that it can be tried
// again, and the reason goes when it is, also where an operator has moved the set back meanwhile.
func TestFailedSetsOutliveTheJournal(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.start()
	bad := []byte(`{"nomorAju":"O1","kodeKantor":"009000"}`)
	r.drop("F", map[string][]byte{"F.json": bad, "a.jpg": jpg(1)})
	r.drop("G", map[string][]byte{"G.json": bad, "a.jpg": jpg(2)})
	r.await("F", upload.StateFailed)
	r.await("G", upload.StateFailed)
	r.stop()
	must(t, os.Remove(filepath.Join(r.dir, "journal.db")))
	failed := filepath.Join(r.out, "failed")
	for name, aju := range map[string]string{"F": "O1", "G": "O2"} {
		must(t, os.WriteFile(filepath.Join(failed, name, name+".json"), side(aju).json(), 0o644))
	}
	must(t, os.Rename(filepath.Join(failed, "G"), filepath.Join(r.inbox, "G")))
	r.start()
	r.await("G", upload.StateSent)
	if again, err := r.p.Retry(t.Context(), []string{"lane-1/F"}); err != nil || len(again) != 1 {
		t.Errorf("retried %v, %v", again, err)
	}
	r.await("F", upload.StateSent)
	r.once("O1", jpg(1))
	r.once("O2", jpg(2))
	if got := below(t, failed); len(got) != 0 {
		t.Errorf("failed still holds %v", got)
	}
}
