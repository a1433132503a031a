package upload_test

import (
	"slices"
	"testing"
	"time"

	"kurir/agent/journal"
	"kurir/agent/simulator"
	"kurir/agent/upload"
)

// forgotten lets keep_sent pass for all that was sent, and waits until the journal has let it go.
func (r *rig) forgotten() {
	r.t.Helper()
	r.stop()
	r.in.Keep = time.Nanosecond
	r.start()
	r.until("the journal has no record of it", func() bool {
		jobs, err := r.store.List(r.t.Context(), journal.Filter{Kind: journal.Xray})
		must(r.t, err)
		return len(jobs) == 0
	})
}

// names are those under which the server has a declaration's photos.
func (r *rig) names(nomorAju string) []string {
	var out []string
	for _, p := range r.sim.Photos(nomorAju) {
		out = append(out, p.Name)
	}
	slices.Sort(out)
	return out
}

// TestScannedAgainAfterKeepSent: the record of a sent set has left the journal when its declaration is scanned again, with the
// same name for another photo. That is sent, as what was sent long ago is not.
func TestScannedAgainAfterKeepSent(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.start()
	r.drop("X", map[string][]byte{"d.json": side("A1").json(), "1.jpg": jpg(1)})
	r.await("X", upload.StateSent)
	r.drop("Y", map[string][]byte{"d.json": side("A1").json(), "2.jpg": jpg(2)})
	r.await("Y", upload.StateSent)
	r.forgotten()
	asked := len(r.sim.Requests())
	r.drop("Z", map[string][]byte{"d.json": side("A1").json(), "1.jpg": jpg(3), "2.jpg": jpg(4), "copy.jpg": jpg(1), "9.jpg": jpg(2)})
	st := r.await("Z", upload.StateSent)
	r.once("A1", jpg(1), jpg(2), jpg(3), jpg(4))
	if got, want := r.names("A1"), []string{"1.jpg", "1~2.jpg", "2.jpg", "2~2.jpg"}; !slices.Equal(got, want) {
		t.Errorf("the server has %v, want %v", got, want)
	}
	if n := count(st, "duplicate"); n != 2 {
		t.Errorf("%d duplicates, want 2: %+v", n, st.Images)
	}
	if now := r.sim.Requests()[asked:]; len(now) != 1 || now[0].Op != simulator.Add {
		t.Errorf("requests %+v", now)
	}
}
