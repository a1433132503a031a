package upload_test

import (
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"kurir/agent/simulator"
	"kurir/agent/upload"
)

// clock is a wall clock that a test sets.
type clock struct{ offset atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Round(0).Add(time.Duration(c.offset.Load())) }

func (c *clock) set(by time.Duration) { c.offset.Add(int64(by)) }

// TestClockSetBackADay: what waits for its next try does not wait a day longer, whether the agent runs meanwhile or not.
func TestClockSetBackADay(t *testing.T) {
	for name, running := range map[string]bool{"running": true, "stopped": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, simulator.Options{Faults: []simulator.Rule{{Op: simulator.Kirim, Do: simulator.DoStatus, Status: 500}}})
			var c clock
			r.tune = func(o *upload.Options) { o.Now = c.now }
			r.in.Retry.First, r.in.Retry.Max = time.Hour, time.Hour
			r.start()
			r.drop("A", map[string][]byte{"d.json": side("A1").json(), "a.jpg": jpg(1)})
			st := r.await("A", upload.StateRetrying)
			must(t, r.sim.SetFaults(nil))
			if !running {
				r.stop()
			}
			c.set(-24 * time.Hour)
			if !running {
				r.start()
			}
			r.until("the next try is within the hour", func() bool {
				sets, _, err := r.p.Sets(t.Context(), upload.Query{ID: "lane-1/A"})
				return err == nil && len(sets) == 1 && sets[0].NextAttemptAt.Sub(c.now()) < time.Hour+time.Minute
			})
			if until := st.NextAttemptAt.Sub(c.now()); until < 20*time.Hour {
				t.Fatalf("it was due in %v: the test does not test", until)
			}
			if _, err := r.p.Retry(t.Context(), []string{"lane-1/A"}); err != nil {
				t.Fatal(err)
			}
			r.await("A", upload.StateSent)
			r.once("A1", jpg(1))
		})
	}
}

// TestScannerThatReusesItsNamesEveryDay: each day's set has its place under its day, also on a day that comes twice.
func TestScannerThatReusesItsNamesEveryDay(t *testing.T) {
	r := newRig(t, simulator.Options{})
	var c clock
	r.tune = func(o *upload.Options) { o.Now = c.now }
	want := map[string]bool{}
	for i, shift := range []time.Duration{0, 24 * time.Hour, 24 * time.Hour, -24 * time.Hour} {
		c.set(shift)
		r.start()
		aju := fmt.Sprintf("DAY%d", i)
		r.put("scan0001.json", side(aju).json())
		r.put("scan0001.jpg", jpg(i))
		r.until(aju+" is sent", func() bool { st := r.status("scan0001"); return st.State == "sent" && st.NomorAju == aju })
		r.once(aju, jpg(i))
		place := filepath.Join(c.now().UTC().Format(time.DateOnly), "scan0001")
		if want[place] {
			place += "~2"
		}
		want[place] = true
		r.stop()
	}
	for place := range want {
		if got := below(t, filepath.Join(r.out, "sent", place)); len(got) != 2 {
			t.Errorf("%s holds %v", place, got)
		}
	}
}

// TestClockSetBackWhileAnOutcomeIsOpen: what became of a lost add is asked before the grace is over, and the clock is set back
// then. The grace ends nevertheless, no earlier than by a clock that was left alone.
func TestClockSetBackWhileAnOutcomeIsOpen(t *testing.T) {
	for name, running := range map[string]bool{"running": true, "stopped": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, simulator.Options{Faults: []simulator.Rule{{Op: simulator.Add, Count: 1, Do: simulator.DoCut, When: simulator.WhenRead}}})
			var c clock
			r.tune = func(o *upload.Options) { o.Now = c.now }
			r.in.MaxImages, r.timeout = 1, 3*time.Second
			r.start()
			r.drop("A", map[string][]byte{"d.json": side("A1").json(), "a.jpg": jpg(1), "b.jpg": jpg(2)})
			r.await("A", upload.StateRetrying)
			if !running {
				r.stop()
			}
			c.set(-24 * time.Hour)
			if !running {
				r.start()
			}
			r.await("A", upload.StateSent)
			r.once("A1", jpg(1), jpg(2))
			if waited := r.betweenAdds(); waited < r.timeout {
				t.Errorf("sent again after %v, which is within the grace", waited)
			}
		})
	}
}

// TestAddIsLostAfterTheClockWasSetBack: it has the whole grace, although it was sent before the time at which the agent started.
func TestAddIsLostAfterTheClockWasSetBack(t *testing.T) {
	r := newRig(t, simulator.Options{Faults: []simulator.Rule{{Op: simulator.Add, Count: 1, Do: simulator.DoCut, When: simulator.WhenRead}}})
	var c clock
	r.tune = func(o *upload.Options) { o.Now = c.now }
	r.in.MaxImages, r.timeout = 1, 2*time.Second
	r.start()
	c.set(-time.Hour)
	r.drop("A", map[string][]byte{"d.json": side("A1", "a.jpg", "b.jpg").json(), "a.jpg": jpg(1), "b.jpg": jpg(2)})
	r.await("A", upload.StateSent)
	r.once("A1", jpg(1), jpg(2))
	if waited := r.betweenAdds(); waited < r.timeout {
		t.Errorf("sent again after %v, which is within the grace", waited)
	}
}

// betweenAdds is the time between the first add and the last.
func (r *rig) betweenAdds() time.Duration {
	var at []time.Time
	for _, q := range r.sim.Requests() {
		if q.Op == simulator.Add {
			at = append(at, q.At)
		}
	}
	if len(at) < 2 {
		r.t.Fatalf("%d adds", len(at))
	}
	return at[len(at)-1].Sub(at[0])
}
