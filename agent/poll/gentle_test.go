package poll

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"kurir/agent/journal"
)

// throttled is an answer that asks for a second's rest, of the tests' clock.
func throttled(w http.ResponseWriter, _ string) {
	w.Header().Set("Retry-After", "1")
	w.WriteHeader(http.StatusTooManyRequests)
}

// job is what the journal holds of a document.
func (r *rig) job(car string) (journal.Job, *record) {
	r.t.Helper()
	job, err := r.store.Get(context.Background(), journal.Aju, "erp/"+car)
	if err != nil {
		r.t.Fatal(err)
	}
	rec, err := decodeRecord(job)
	if err != nil {
		r.t.Fatal(err)
	}
	return job, rec
}

// A poll that has asked its first question when T2G throttles another keeps the second one to itself until its next turn.
func TestSecondQuestionWaitsOutPause(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	begun, answer := make(chan struct{}), make(chan struct{})
	var first, other sync.Once
	r.server.set(func(w http.ResponseWriter, car string) {
		refuse := false
		if car == car1 {
			first.Do(func() {
				close(begun)
				<-answer
			})
		} else {
			other.Do(func() { refuse = true })
		}
		if refuse {
			throttled(w, car)
			return
		}
		running("800", "2003")(w, car)
	}, bringing("2003"))
	r.start()
	if err := r.drop("a.txt", car1); err != nil {
		t.Fatal(err)
	}
	<-begun
	if err := r.drop("b.txt", car2); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return r.gate.State().Paused }, func() string { return "no pause" })
	close(answer)
	next := r.clock.Now().Add(testPace.First)
	eventually(t, func() bool { job, _ := r.job(car1); return job.Due.Equal(next) }, func() string { return "not put off to " + next.String() })
	if asked := r.server.requests("getresbycar", ""); len(asked) > 0 {
		t.Errorf("asked in the pause: %v", asked)
	}
	if d := r.doc(car1); d.Error != nil {
		t.Errorf("the pause is no fault of the document: %+v", d.Error)
	}
	r.turn(testPace.First)
	r.await(car1, "done", func(d Document) bool { return d.State == Done && len(d.Responses) == 1 })
	if n := len(r.server.requests("statusrespon", car1)); n != 2 {
		t.Errorf("statusrespon was asked %d times", n)
	}
}

// Polls that wait for their turn when T2G throttles another are not made in the pause, and are due as soon as it is over.
func TestWaitingPollsWaitOutPause(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.conn.Concurrency = 1
	begun, answer := make(chan struct{}), make(chan struct{})
	var first sync.Once
	r.server.set(func(w http.ResponseWriter, car string) {
		refuse := false
		first.Do(func() {
			refuse = true
			close(begun)
			<-answer
		})
		if refuse {
			throttled(w, car)
			return
		}
		running("800")(w, car)
	}, nil)
	r.start()
	now := r.clock.Now()
	if err := r.drop("a.txt", car1); err != nil {
		t.Fatal(err)
	}
	<-begun
	if err := r.drop("b.txt", car2+"\n"+car3); err != nil {
		t.Fatal(err)
	}
	begins := func(car string) bool { _, rec := r.job(car); return !rec.Busy.IsZero() }
	eventually(t, func() bool { return begins(car2) && begins(car3) }, func() string { return "not taken up" })
	close(answer)
	eventually(t, func() bool { return r.gate.State().Paused }, func() string { return "no pause" })
	r.await(car1, "retrying", func(d Document) bool { return d.State == Retrying })
	r.turn(time.Second)
	for _, car := range []string{car2, car3} {
		r.await(car, "done", func(d Document) bool { return d.State == Done })
		if asked := r.server.requests("statusrespon", car); len(asked) != 1 || asked[0].at.Before(now.Add(time.Second)) {
			t.Errorf("%s asked: %v", car, asked)
		}
	}
}
