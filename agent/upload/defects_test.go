package upload_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"kurir/agent/journal"
	"kurir/agent/simulator"
	"kurir/agent/transport"
	"kurir/agent/upload"
)

// retryAll asks for all that failed to be tried again, as soon as there is something.
func (r *rig) retryAll() {
	r.t.Helper()
	r.until("a failed set is taken for a retry", func() bool {
		ids, err := r.p.Retry(r.t.Context(), nil)
		must(r.t, err)
		return len(ids) == 1
	})
}

// always is a fault for every request.
func always(do simulator.Do, status int) []simulator.Rule {
	return []simulator.Rule{{Op: simulator.Any, Do: do, Status: status}}
}

// active counts the jobs that still wait or work.
func (r *rig) active() int {
	r.t.Helper()
	jobs, err := r.store.List(r.t.Context(), journal.Filter{Kind: journal.Xray, State: journal.Active})
	must(r.t, err)
	return len(jobs)
}

// TestRetryAfterAnUnknownOutcome: a stem set given up with its outcome unknown comes back as a folder set. Nothing had
// arrived, so it must be sent.
func TestRetryAfterAnUnknownOutcome(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.in.Retry.GiveUpAfter = 200 * time.Millisecond
	must(t, r.sim.SetFaults([]simulator.Rule{{Op: simulator.Any, Do: simulator.DoCut, When: simulator.WhenRead}}))
	r.start()
	r.put("G_1.jpg", jpg(1))
	r.put("G.json", side("G").json())
	r.await("G", upload.StateFailed)
	must(t, r.sim.SetFaults(nil))
	r.retryAll()
	r.await("G", upload.StateSent)
	r.once("G", jpg(1))
}

// TestDuplicateWhoseTwinIsTakenAway is no duplicate any more.
func TestDuplicateWhoseTwinIsTakenAway(t *testing.T) {
	r := newRig(t, simulator.Options{})
	must(t, r.sim.SetFaults(always(simulator.DoStatus, 400)))
	r.start()
	r.drop("G", map[string][]byte{"d.json": side("G").json(), "a.jpg": jpg(1), "b.jpg": jpg(1)})
	r.await("G", upload.StateFailed)
	must(t, r.sim.SetFaults(nil))
	must(t, os.Remove(filepath.Join(r.out, "failed", "G", "a.jpg")))
	r.retryAll()
	r.await("G", upload.StateSent)
	r.once("G", jpg(1))
}

// TestReusedNameIsNoLateImage: a scanner that uses a name again brings its sidecar a little later.
func TestReusedNameIsNoLateImage(t *testing.T) {
	for _, marker := range []string{"", "{name}.done"} {
		r := newRig(t, simulator.Options{})
		r.in.DoneMarker = marker
		r.tune = func(o *upload.Options) { o.Patience = time.Hour }
		r.start()
		r.put("scan_1.jpg", jpg(1))
		r.put("scan.json", side("A").json())
		if marker != "" {
			r.put("scan.done", nil)
		}
		r.await("scan", upload.StateSent)
		r.until("the inbox is empty", func() bool { return len(below(t, r.inbox)) == 0 })
		r.put("scan_1.jpg", jpg(2))
		r.until("it is known to wait", func() bool {
			sets, _, err := r.p.Sets(t.Context(), upload.Query{State: upload.StateWaiting})
			return err == nil && len(sets) == 1
		})
		<-time.After(10 * r.in.Settle) // longer than a late image of another name rests
		r.put("scan.json", side("B").json())
		if marker != "" {
			r.put("scan.done", nil)
		}
		r.until("it is sent", func() bool { return len(r.sim.Photos("B")) == 1 })
		r.once("A", jpg(1))
		r.once("B", jpg(2))
		r.stop()
	}
}

// TestLateImageThatIsReplacedBeforeItIsSent: the late photo that is there when the server is back is sent, once, and the one
// that was there before is not waited for.
func TestLateImageThatIsReplacedBeforeItIsSent(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.start()
	r.drop("U", map[string][]byte{"data.json": side("G2").json(), "a.jpg": jpg(1)})
	r.await("U", upload.StateSent)
	must(t, r.sim.SetFaults(always(simulator.DoStatus, 503)))
	r.put("U/b.jpg", jpg(2))
	r.await("U", upload.StateRetrying)
	r.put("U/.new", jpg(3))
	must(t, os.Rename(filepath.Join(r.inbox, "U", ".new"), filepath.Join(r.inbox, "U", "b.jpg")))
	must(t, r.sim.SetFaults(nil))
	r.until("the photo that is there now is sent", func() bool { return len(r.sim.Photos("G2")) == 2 })
	r.await("U", upload.StateSent)
	r.once("G2", jpg(1), jpg(3))
	r.until("the inbox is empty", func() bool { return len(below(t, r.inbox)) == 0 })
	r.put("U/c.jpg", jpg(4)) // and the set is as open to others as before
	r.until("another is sent", func() bool { return len(r.sim.Photos("G2")) == 3 })
}

// TestLateImagesAtTheSameTime: all of them are taken, though each reopens the set.
func TestLateImagesAtTheSameTime(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.start()
	r.put("T.json", side("G1").json())
	r.put("T_1.jpg", jpg(1))
	r.await("T", upload.StateSent)
	must(t, r.sim.SetFaults([]simulator.Rule{{Op: simulator.Add, LatencyAfter: 300 * time.Millisecond}}))
	all := [][]byte{jpg(1)}
	for i := 2; i < 6; i++ {
		all = append(all, jpg(i))
		r.put(fmt.Sprintf("T_%d.jpg", i), jpg(i))
	}
	r.until("all late images are sent", func() bool { return len(r.sim.Photos("G1")) == 5 })
	r.once("G1", all...)
}

// TestCorrectedNomorAju: the set is another job then, and nothing is left of the first.
func TestCorrectedNomorAju(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.start()
	car := side("WRONG")
	car["nomorBlAwb"] = "UNKNOWN1"
	r.put("C.json", car.json())
	r.put("C_1.jpg", jpg(1))
	r.await("C", upload.StateRetrying)
	r.put("C.json", side("RIGHT").json())
	r.until("it is sent", func() bool { return len(r.sim.Photos("RIGHT")) == 1 })
	r.until("no job is left", func() bool { return r.active() == 0 })
	if st := r.await("C", upload.StateSent); st.NomorAju != "RIGHT" {
		t.Errorf("shown as %s", st.NomorAju)
	}
}

// TestSetTakenAwayByHand ends in time, with its reason.
func TestSetTakenAwayByHand(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.unproved = true
	r.in.Retry.GiveUpAfter = 300 * time.Millisecond
	must(t, r.sim.SetFaults([]simulator.Rule{{Op: simulator.Any, Do: simulator.DoStatus, Status: 503, RetryAfter: 4 * time.Second}}))
	r.start()
	r.drop("V", map[string][]byte{"d.json": side("A").json(), "a.jpg": jpg(1)})
	r.await("V", upload.StateRetrying)
	must(t, os.RemoveAll(filepath.Join(r.inbox, "V")))
	must(t, r.sim.SetFaults(nil))
	r.until("it ends", func() bool { return r.active() == 0 })
	if st := r.await("V", upload.StateFailed); st.Error == nil || st.Error.Code != "gave_up" {
		t.Errorf("error %+v", st.Error)
	}
}

// TestSetThatIsBrokenWhileItWaits fails, and nothing goes on behind its back.
func TestSetThatIsBrokenWhileItWaits(t *testing.T) {
	r := newRig(t, simulator.Options{})
	must(t, r.sim.SetFaults(always(simulator.DoStatus, 500)))
	r.start()
	r.drop("V", map[string][]byte{"d.json": side("A").json(), "a.jpg": jpg(1)})
	r.await("V", upload.StateRetrying)
	r.put("V/log.json", []byte("{}"))
	r.until("it is moved", func() bool { return len(below(t, filepath.Join(r.out, "failed"))) > 0 })
	must(t, r.sim.SetFaults(nil))
	r.until("no job is left", func() bool { return r.active() == 0 })
}

// TestFolderAndStemSetOfOneName: both are sent, one after the other.
func TestFolderAndStemSetOfOneName(t *testing.T) {
	r := newRig(t, simulator.Options{})
	must(t, r.sim.SetFaults(always(simulator.DoStatus, 500)))
	r.start()
	r.drop("C", map[string][]byte{"C.json": side("A").json(), "C_1.jpg": jpg(1)})
	r.await("C", upload.StateRetrying)
	r.put("C.json", side("A").json())
	r.put("C_2.jpg", jpg(2))
	r.until("the other waits", func() bool {
		sets, _, err := r.p.Sets(t.Context(), upload.Query{State: upload.StateWaiting})
		return err == nil && len(sets) == 1 && sets[0].Error != nil
	})
	must(t, r.sim.SetFaults(nil))
	r.until("all is sent", func() bool { return len(r.sim.Photos("A")) == 2 && len(below(t, r.inbox)) == 0 })
	r.once("A", jpg(1), jpg(2))
}

// TestRetryNeedsNoNewMarker: the marker was deleted when the set failed.
func TestRetryNeedsNoNewMarker(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.in.DoneMarker = "{name}.done"
	must(t, r.sim.SetFaults(always(simulator.DoStatus, 400)))
	r.start()
	r.drop("G", map[string][]byte{"d.json": side("G").json(), "a.jpg": jpg(1), "G.done": nil})
	r.await("G", upload.StateFailed)
	must(t, r.sim.SetFaults(nil))
	r.retryAll()
	r.await("G", upload.StateSent)
}

// TestLateImageWithItsMarker is taken, and the marker goes.
func TestLateImageWithItsMarker(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.in.DoneMarker = "{name}.done"
	r.start()
	r.drop("U", map[string][]byte{"d.json": side("A").json(), "a.jpg": jpg(1), "U.done": nil})
	r.await("U", upload.StateSent)
	r.until("the inbox is empty", func() bool { _, err := os.Stat(filepath.Join(r.inbox, "U")); return os.IsNotExist(err) })
	r.drop("U", map[string][]byte{"b.jpg": jpg(2), "U.done": nil})
	r.until("it is sent", func() bool { return len(r.sim.Photos("A")) == 2 && len(below(t, r.inbox)) == 0 })
}

// TestMarkerOfOneNameForAll completes the sets that lie beside one another.
func TestMarkerOfOneNameForAll(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.in.DoneMarker = "ready.txt"
	r.start()
	r.put("S_1.jpg", jpg(1))
	r.put("S.json", side("A").json())
	r.await("S", upload.StateWaiting)
	r.put("ready.txt", nil)
	r.await("S", upload.StateSent)
}

// TestSetThatFailsTwice keeps its name in failed/.
func TestSetThatFailsTwice(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.start()
	failed := filepath.Join(r.out, "failed")
	r.drop("Q", map[string][]byte{"Q.json": []byte(`{}`), "a.jpg": jpg(1)})
	whole := []string{"Q.error.json", "Q/Q.json", "Q/a.jpg"}
	r.await("Q", upload.StateFailed)
	must(t, os.Rename(filepath.Join(failed, "Q"), filepath.Join(r.inbox, "Q")))
	r.until("it has failed again", func() bool { return len(below(t, r.inbox)) == 0 && len(below(t, failed)) >= 3 })
	if got := below(t, failed); !slices.Equal(got, whole) {
		t.Errorf("failed holds %v, want %v", got, whole)
	}
}

// TestGateOpensWithAnyAnswerThatIsNoRefusal of the credentials.
func TestGateOpensWithAnyAnswerThatIsNoRefusal(t *testing.T) {
	r := newRig(t, simulator.Options{})
	var gate *transport.Gate
	r.tune = func(o *upload.Options) { gate = o.Gate }
	must(t, r.sim.SetFaults([]simulator.Rule{{Op: simulator.Kirim, Count: 2, Do: simulator.DoStatus, Status: 403}}))
	r.start()
	car := side("A")
	car["nomorBlAwb"] = "UNKNOWN1"
	r.drop("A", map[string][]byte{"d.json": car.json(), "a.jpg": jpg(1)})
	r.until("it is not found", func() bool { st := r.status("A"); return st.Error != nil && st.Error.Code == "not_found" })
	r.until("the gate is open", func() bool { return !gate.State().Paused })
}

// TestStatusOfASetThatVanishedWhileTheAgentWasDown goes too.
func TestStatusOfASetThatVanishedWhileTheAgentWasDown(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.start()
	r.drop("W", map[string][]byte{"d.json": side("A", "x.jpg").json()})
	r.await("W", upload.StateWaiting)
	r.stop()
	must(t, os.RemoveAll(filepath.Join(r.inbox, "W")))
	r.start()
	r.until("its status is gone", func() bool { return r.status("W").State == "" })
}

// TestFileThatTwoSidecarsList is the other's when the first goes.
func TestFileThatTwoSidecarsList(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.start()
	r.put("P.json", side("P", "s.jpg", "never.jpg").json())
	r.await("P", upload.StateWaiting)
	r.put("Q.json", side("Q", "s.jpg").json())
	r.await("Q", upload.StateWaiting)
	r.put("s.jpg", jpg(1))
	must(t, os.Remove(filepath.Join(r.inbox, "P.json")))
	r.until("the other has it", func() bool { return len(r.sim.Photos("Q")) == 1 })
}

// TestListedNameInOtherLetters: letter case is no reason to wait for a file that is there.
func TestListedNameInOtherLetters(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.start()
	r.put("front.JPG", jpg(1))
	r.put("P.json", side("P", "Front.jpg").json())
	r.until("it is sent", func() bool { return len(r.sim.Photos("P")) == 1 })
}

// TestRefusedSetThatCannotMoveAtOnce is moved when it can be, all of it.
func TestRefusedSetThatCannotMoveAtOnce(t *testing.T) {
	r := newRig(t, simulator.Options{})
	must(t, os.MkdirAll(filepath.Join(r.out, "failed"), 0o755))
	blocked := filepath.Join(r.out, "status") // a file where a folder is needed: the status cannot be written
	must(t, os.WriteFile(blocked, nil, 0o644))
	r.start()
	r.put("Q_1.jpg", jpg(1))
	r.put("Q.json", []byte(`{}`))
	r.until("the set is refused", func() bool {
		jobs, err := r.store.List(t.Context(), journal.Filter{Kind: journal.Xray, ID: "lane-1/Q", State: journal.Failed})
		return err == nil && len(jobs) == 1
	})
	r.stop()
	if got := slices.Concat(below(t, r.inbox), below(t, filepath.Join(r.out, "failed"))); !slices.Equal(got, []string{"Q.json", "Q_1.jpg"}) {
		t.Errorf("half of it has moved: %v", got)
	}
	must(t, os.Remove(blocked))
	r.start()
	r.await("Q", upload.StateFailed)
	if got := below(t, filepath.Join(r.out, "failed")); !slices.Equal(got, []string{"Q.error.json", "Q/Q.json", "Q/Q_1.jpg"}) {
		t.Errorf("failed holds %v", got)
	}
}

// TestReasonMovedBackAlongWithItsSet is no sidecar.
func TestReasonMovedBackAlongWithItsSet(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.start()
	failed := filepath.Join(r.out, "failed")
	r.drop("Q", map[string][]byte{"d.json": []byte(`{}`), "a.jpg": jpg(1)})
	r.await("Q", upload.StateFailed)
	must(t, os.WriteFile(filepath.Join(failed, "Q", "d.json"), side("Q").json(), 0o644))
	must(t, os.Rename(filepath.Join(failed, "Q.error.json"), filepath.Join(r.inbox, "Q.error.json")))
	must(t, os.Rename(filepath.Join(failed, "Q"), filepath.Join(r.inbox, "Q")))
	r.await("Q", upload.StateSent)
	if st := r.status("Q.error"); st.State != "" {
		t.Errorf("the reason was taken for a set: %+v", st)
	}
}

// TestBrokenSetFailsOnlyAtRest: what is still being written would be left behind otherwise, and be sent as a set of its
// own.
func TestBrokenSetFailsOnlyAtRest(t *testing.T) {
	if runtime.GOOS == "darwin" {
		t.Skip("this system does not tell who has a file open for writing")
	}
	r := newRig(t, simulator.Options{})
	r.drop("two", map[string][]byte{"d.json": side("X").json(), "e.json": side("Y").json(), "a.jpg": jpg(1)})
	f, err := os.OpenFile(filepath.Join(r.inbox, "two", "e.json"), os.O_WRONLY, 0)
	must(t, err)
	r.start()
	st := r.await("two", upload.StateWaiting)
	if !slices.Contains(st.WaitingFor, "two/e.json") {
		t.Errorf("waiting for %v", st.WaitingFor)
	}
	must(t, f.Close())
	r.await("two", upload.StateFailed)
	if got := below(t, filepath.Join(r.out, "failed", "two")); !slices.Equal(got, []string{"a.jpg", "d.json", "e.json"}) {
		t.Errorf("failed holds %v", got)
	}
	if n := len(r.sim.Requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
}
