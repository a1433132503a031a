package upload_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"kurir/agent/simulator"
	"kurir/agent/upload"
)

// TestInboxOfAnotherPath moves an inbox and all that is in it to another disk, or gives it another name in the configuration,
// while sets are under way: they go on from there, and at once.
func TestInboxOfAnotherPath(t *testing.T) {
	for name, rule := range map[string]simulator.Rule{
		"not begun":        {Op: simulator.Kirim, Do: simulator.DoStatus, Status: 404},
		"outcome unknown":  {Op: simulator.Kirim, Do: simulator.DoStatus, Status: 500, When: simulator.WhenStored},
		"server is unwell": {Op: simulator.Any, Do: simulator.DoStatus, Status: 500},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, simulator.Options{})
			r.in.Retry.First, r.in.Retry.Max = time.Hour, time.Hour
			must(t, r.sim.SetFaults([]simulator.Rule{rule, {Op: simulator.Get, Do: simulator.DoStatus, Status: 500}}))
			r.drop("S", map[string][]byte{"d.json": side("S1").json(), "a.jpg": jpg(1)})
			r.put("T.json", side("T1").json())
			r.put("T_1.jpg", jpg(2))
			r.start()
			r.await("S", upload.StateRetrying)
			r.await("T", upload.StateRetrying)
			r.stop()

			moved := filepath.Join(r.dir, "in-b")
			must(t, os.Rename(r.inbox, moved))
			r.inbox, r.in.Root = moved, moved
			must(t, r.sim.SetFaults(nil))
			r.start()
			r.await("S", upload.StateSent)
			r.await("T", upload.StateSent)
			r.once("S1", jpg(1))
			r.once("T1", jpg(2))
			if left := below(t, moved); len(left) > 0 {
				t.Errorf("still in the inbox: %v", left)
			}
		})
	}
}

// TestSetThatWasSentFromElsewhereIsDropped hands a set over by command, and then moves it into the inbox as it is.
func TestSetThatWasSentFromElsewhereIsDropped(t *testing.T) {
	r := newRig(t, simulator.Options{})
	must(t, r.sim.SetFaults([]simulator.Rule{{Op: simulator.Any, Do: simulator.DoStatus, Status: 500}}))
	r.start()
	must(t, os.Mkdir(filepath.Join(r.dir, "elsewhere"), 0o755))
	r.drop("../elsewhere/S", map[string][]byte{"d.json": side("S1").json(), "a.jpg": jpg(1)})
	elsewhere := filepath.Join(r.dir, "elsewhere", "S")
	_, err := r.p.Send(t.Context(), "lane-1", []string{elsewhere}, nil)
	must(t, err)
	r.await("S", upload.StateRetrying)
	must(t, os.Rename(elsewhere, filepath.Join(r.inbox, "S")))
	must(t, r.sim.SetFaults(nil))
	r.await("S", upload.StateSent)
	r.once("S1", jpg(1))
}
