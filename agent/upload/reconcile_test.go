package upload_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"kurir/agent/simulator"
	"kurir/agent/upload"
)

// TestNamesThatTheServerHas: the server has photos of the declaration that this machine knows nothing of. A photo with the name
// of one is there; only what is missing is sent.
func TestNamesThatTheServerHas(t *testing.T) {
	other := newRig(t, simulator.Options{})
	other.start()
	other.drop("X", map[string][]byte{"d.json": side("A1").json(), "1.jpg": jpg(1), "2.jpg": jpg(2)})
	other.await("X", upload.StateSent)
	r := newRig(t, simulator.Options{})
	r.sim, r.url = other.sim, other.url
	r.start()
	r.drop("W", map[string][]byte{"d.json": side("A2").json(), "1.jpg": jpg(9)})
	r.await("W", upload.StateSent) // so that what comes now is no older than the journal
	r.drop("X", map[string][]byte{"d.json": side("A1").json(), "1.JPG": jpg(1), "2.jpg": jpg(2), "3.jpg": jpg(3)})
	st := r.await("X", upload.StateSent)
	r.once("A1", jpg(1), jpg(2), jpg(3))
	if got, want := r.names("A1"), []string{"1.jpg", "2.jpg", "3.jpg"}; !slices.Equal(got, want) {
		t.Errorf("the server has %v, want %v", got, want)
	}
	var via []string
	for _, im := range st.Images {
		via = append(via, im.Via)
	}
	if want := []string{"get", "get", "add"}; !slices.Equal(via, want) {
		t.Errorf("images came by %v, want %v", via, want)
	}
}

// lateArrival has the server store the first kirim and say twice that it has not: with its answer, and when it is asked.
func lateArrival() []simulator.Rule {
	return []simulator.Rule{
		{Op: simulator.Kirim, Count: 1, Do: simulator.DoStatus, When: simulator.WhenStored, Status: http.StatusInternalServerError},
		{Op: simulator.Get, Count: 1, Do: simulator.DoStatus, Status: http.StatusNotFound},
	}
}

// TestKirimThatArrivesLate: the server has none of its photos when it is asked, and refuses the second kirim because of them.
func TestKirimThatArrivesLate(t *testing.T) {
	r := newRig(t, simulator.Options{Faults: lateArrival()})
	r.start()
	r.drop("X", map[string][]byte{"d.json": side("A1").json(), "1.jpg": jpg(1), "2.jpg": jpg(2)})
	st := r.await("X", upload.StateSent)
	r.once("A1", jpg(1), jpg(2))
	if c := r.sim.Counts().Requests; c[simulator.Kirim] != 2 || c[simulator.Get] != 2 || c[simulator.Add] != 0 {
		t.Errorf("requests %v", c)
	}
	for _, im := range st.Images {
		if im.Via != "get" {
			t.Errorf("image %+v", im)
		}
	}
}

// TestKirimOfAnotherSetThatArrivesLate: what was lost of one set, and has arrived after all, is not sent again with another.
func TestKirimOfAnotherSetThatArrivesLate(t *testing.T) {
	r := newRig(t, simulator.Options{Faults: lateArrival()})
	r.in.Retry.First, r.in.Retry.Max = time.Hour, time.Hour
	r.start()
	r.drop("X", map[string][]byte{"d.json": side("A1").json(), "1.jpg": jpg(1)})
	r.await("X", upload.StateRetrying)
	r.drop("Y", map[string][]byte{"d.json": side("A1").json(), "1.jpg": jpg(2), "copy.jpg": jpg(1)})
	st := r.await("Y", upload.StateSent)
	r.once("A1", jpg(1), jpg(2))
	if got, want := r.names("A1"), []string{"1.jpg", "1~2.jpg"}; !slices.Equal(got, want) || count(st, "duplicate") != 1 {
		t.Errorf("the server has %v, want %v: %+v", got, want, st.Images)
	}
}

// TestKirimThatArrivesLateForAReplacedPhoto: the photo of a set is replaced after the server said that it has none of it. What is
// at the server under its name is the first, so the second is sent too.
func TestKirimThatArrivesLateForAReplacedPhoto(t *testing.T) {
	r := newRig(t, simulator.Options{Faults: lateArrival()})
	r.unproved = true // a photo is overwritten
	r.in.Retry.First, r.in.Retry.Max = time.Hour, time.Hour
	r.start()
	r.drop("X", map[string][]byte{"d.json": side("A1").json(), "1.jpg": jpg(1)})
	r.await("X", upload.StateRetrying)
	r.replace("X/1.jpg", jpg(2))
	r.await("X", upload.StateSent)
	r.once("A1", jpg(1), jpg(2))
	if got, want := r.names("A1"), []string{"1.jpg", "1~2.jpg"}; !slices.Equal(got, want) {
		t.Errorf("the server has %v, want %v", got, want)
	}
}
