package upload_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"kurir/agent/journal"
	"kurir/agent/outbox"
	"kurir/agent/simulator"
	"kurir/agent/upload"
)

// halfSentAsWrong has one of two photos sent under a wrong nomorAju and the other refused, and moves the set back with the
// right one. The server does not take that yet.
func halfSentAsWrong(t *testing.T, r *rig) {
	t.Helper()
	r.in.MaxImages = 1
	must(t, r.sim.SetFaults([]simulator.Rule{
		{Op: simulator.Add, NomorAju: "WRONG", Do: simulator.DoStatus, Status: http.StatusBadRequest},
		{Op: simulator.Kirim, NomorAju: "RIGHT", Do: simulator.DoStatus, Status: http.StatusTooManyRequests},
	}))
	r.start()
	r.drop("X", map[string][]byte{"d.json": side("WRONG").json(), "1.jpg": jpg(1), "2.jpg": jpg(2)})
	r.await("X", upload.StateFailed)
	failed := filepath.Join(r.out, "failed", "X")
	must(t, os.WriteFile(filepath.Join(failed, "d.json"), side("RIGHT").json(), 0o644))
	must(t, os.Rename(failed, filepath.Join(r.inbox, "X")))
}

// job is the journal's of one declaration.
func (r *rig) job(nomorAju string) journal.Job {
	r.t.Helper()
	jobs, err := r.store.List(r.t.Context(), journal.Filter{Kind: journal.Xray, Group: nomorAju})
	must(r.t, err)
	if len(jobs) != 1 {
		return journal.Job{}
	}
	return jobs[0]
}

// TestCorrectedNomorAjuAfterHalfWasSent: what was sent under the wrong number stays on record, and nothing else of that set
// does: the status tells of the right one, and failed/ is empty.
func TestCorrectedNomorAjuAfterHalfWasSent(t *testing.T) {
	r := newRig(t, simulator.Options{})
	halfSentAsWrong(t, r)
	r.until("the wrong number has ended", func() bool { return r.job("WRONG").State == journal.Done })
	r.until("the right one is tried", func() bool { return r.job("RIGHT").Label == upload.StateRetrying })
	r.until("the status is the right one's", func() bool {
		st := r.status("X")
		return st.NomorAju == "RIGHT" && st.State == upload.StateRetrying
	})
	if got := below(t, filepath.Join(r.out, "failed")); len(got) != 0 {
		t.Errorf("failed/ holds %v", got)
	}
	must(t, r.sim.SetFaults(nil))
	if st := r.await("X", upload.StateSent); st.NomorAju != "RIGHT" {
		t.Errorf("status %+v", st)
	}
	r.once("WRONG", jpg(1))
	r.once("RIGHT", jpg(1), jpg(2))
	r.until("no job is left", func() bool { return r.active() == 0 })
	for _, name := range r.receipts() {
		b, err := outbox.Read(name)
		must(t, err)
		var rc upload.Receipt
		must(t, json.Unmarshal(b, &rc))
		want := map[string]int{"WRONG": 1, "RIGHT": 2}[rc.NomorAju]
		if len(rc.Images) != want || rc.Elsewhere != (rc.NomorAju == "WRONG") || time.Since(rc.SentAt) > time.Hour || len(rc.Answers) == 0 {
			t.Errorf("receipt %s", b)
		}
		if rc.Elsewhere && !rc.SentAt.Equal(rc.Images[0].At) {
			t.Errorf("sent when it was put on record: %s", b)
		}
	}
	if n := len(r.receipts()); n != 2 {
		t.Errorf("%d receipts", n)
	}
	r.stop() // and all is proved
	must(t, os.Remove(filepath.Join(r.dir, "journal.db")))
	r.start() // a new journal knows what was sent under the wrong number
	r.drop("Y", map[string][]byte{"d.json": side("WRONG").json(), "copy.jpg": jpg(1), "1.jpg": jpg(3)})
	r.await("Y", upload.StateSent)
	r.once("WRONG", jpg(1), jpg(3))
}

// receipts are the files of all receipts.
func (r *rig) receipts() []string {
	r.t.Helper()
	found, err := filepath.Glob(filepath.Join(r.out, "sent", "*", "*.receipt.json"))
	must(r.t, err)
	return found
}

// TestCorrectedNomorAjuWhileAnOutcomeIsOpen: what has become of the photo that was last sent under the wrong number is asked
// until the server says so, and fails no set that has no files any more.
func TestCorrectedNomorAjuWhileAnOutcomeIsOpen(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.in.Retry.GiveUpAfter = 200 * time.Millisecond
	must(t, r.sim.SetFaults([]simulator.Rule{
		{Op: simulator.Kirim, NomorAju: "WRONG", Do: simulator.DoStatus, When: simulator.WhenStored, Status: http.StatusInternalServerError},
		{Op: simulator.Get, NomorAju: "WRONG", Do: simulator.DoStatus, Status: http.StatusBadRequest},
	}))
	r.start()
	r.drop("X", map[string][]byte{"d.json": side("WRONG").json(), "1.jpg": jpg(1)})
	r.await("X", upload.StateFailed)
	failed := filepath.Join(r.out, "failed", "X")
	must(t, os.WriteFile(filepath.Join(failed, "d.json"), side("RIGHT").json(), 0o644))
	must(t, os.Rename(failed, filepath.Join(r.inbox, "X")))
	r.until("the right number is sent", func() bool { return r.status("X").NomorAju == "RIGHT" && r.status("X").State == upload.StateSent })
	asked := r.sim.Counts().Requests[simulator.Get]
	r.until("the wrong one is asked for", func() bool { return r.sim.Counts().Requests[simulator.Get] > asked+3 })
	if got := below(t, filepath.Join(r.out, "failed")); len(got) != 0 {
		t.Errorf("failed/ holds %v", got)
	}
	must(t, r.sim.SetFaults(nil))
	r.until("no job is left", func() bool { return r.active() == 0 })
	if j := r.job("WRONG"); j.State != journal.Done {
		t.Errorf("the wrong number's is %s", j.State)
	}
	if st := r.status("X"); st.NomorAju != "RIGHT" || st.State != upload.StateSent {
		t.Errorf("status %+v", st)
	}
	if got, want := r.sentFiles(), []string{"X.receipt.json", "X/1.jpg", "X/d.json", "X~2.receipt.json"}; !slices.Equal(got, want) {
		t.Errorf("sent holds %v, want %v", got, want)
	}
	r.put("X/9.jpg", jpg(9))
	r.until("a late photo is sent", func() bool { return len(below(t, r.inbox)) == 0 })
	r.once("WRONG", jpg(1))
	r.once("RIGHT", jpg(1), jpg(9))
}
