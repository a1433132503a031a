package poll

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"kurir/agent/journal"
)

// The pace: it grows while nothing changes, begins anew after a change, and holds across restarts.
func TestPaceOfRequests(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start()
	if err := r.drop("a.txt", car1); err != nil {
		t.Fatal(err)
	}
	r.await(car1, "first poll", func(d Document) bool { return d.Polls == 1 && d.State == Polling && d.Note != "" })
	intervals := []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute, 30 * time.Minute, 30 * time.Minute}
	for i, d := range intervals {
		r.turn(d - time.Second)
		if i%3 == 0 {
			r.kill()
			r.start()
		}
		r.turn(time.Second)
		r.await(car1, fmt.Sprint("poll ", i+2), func(doc Document) bool { return doc.Polls == i+2 })
	}
	r.server.set(running("110"), nil)
	r.turn(30 * time.Minute)
	r.await(car1, "a change", func(doc Document) bool { return doc.Status == "110" })
	r.turn(time.Minute)
	r.await(car1, "the pace begins anew", func(doc Document) bool { return doc.Polls == len(intervals)+3 })
	want := append([]time.Duration{}, intervals...)
	want = append(want, 30*time.Minute, time.Minute)
	got := r.server.requests("statusrespon", car1)
	for i := 1; i < len(got); i++ {
		if d := got[i].at.Sub(got[i-1].at); d != want[i-1] {
			t.Errorf("request %d came after %v, want %v", i+1, d, want[i-1])
		}
	}
	if len(got) != len(want)+1 {
		t.Errorf("%d requests", len(got))
	}
}

// A poll that was cut off by the agent's end is not repeated before its interval is over.
func TestInterruptedPoll(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	entered := make(chan struct{}, 10)
	release := make(chan struct{})
	r.server.set(func(w http.ResponseWriter, car string) {
		entered <- struct{}{}
		<-release
		running("110")(w, car)
	}, nil)
	r.start()
	if err := r.drop("a.txt", car1); err != nil {
		t.Fatal(err)
	}
	<-entered
	r.kill()
	close(release)
	r.start()
	r.turn(testPace.First - time.Second)
	r.turn(time.Second)
	r.await(car1, "the second try", func(d Document) bool { return d.Status == "110" })
	got := r.server.requests("statusrespon", car1)
	if len(got) != 2 || got[1].at.Sub(got[0].at) < testPace.First {
		t.Errorf("got %v", got)
	}
}

// A document that finds no end is expired; dropping its list again tries again.
func TestExpiry(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.in.Pace.GiveUpAfter = time.Hour
	r.start()
	if err := r.drop("a.txt", car1); err != nil {
		t.Fatal(err)
	}
	r.await(car1, "first poll", func(d Document) bool { return d.Polls == 1 })
	r.turn(2 * time.Hour)
	doc := r.await(car1, "expired", func(d Document) bool { return d.State == Expired })
	if doc.Error == nil || doc.Error.Code != "gave_up" || !doc.NextPollAt.IsZero() {
		t.Errorf("got %+v", doc)
	}
	r.server.set(running("800"), nil)
	r.clock.advance(time.Hour)
	if err := r.drop("a.txt", car1); err != nil {
		t.Fatal(err)
	}
	r.await(car1, "tried again", func(d Document) bool { return d.State == Done })
}

// A lost journal is rebuilt from the outbox: nothing is asked before its time, and nothing is delivered again.
func TestLostJournal(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.unproved = true
	r.server.set(running("800", "2003"), bringing("2003"))
	r.start()
	if err := r.drop("a.txt", car1); err != nil {
		t.Fatal(err)
	}
	r.await(car1, "done", func(d Document) bool { return d.State == Done })
	r.server.set(running("110", "2020"), bringing("2020"))
	if err := r.drop("b.txt", car2); err != nil {
		t.Fatal(err)
	}
	r.await(car2, "polling", func(d Document) bool { return d.Polls == 1 })
	r.kill()
	// the ERP has taken the PDF of the first and left the rest
	if err := os.Remove(r.path("documents", car1, "respon", "2026-03-01_102003_2003.pdf")); err != nil {
		t.Fatal(err)
	}
	before := snapshot(t, r.path("documents"))
	dropJournal(t, r)
	r.start()
	r.server.set(func(w http.ResponseWriter, car string) {
		if car == car1 {
			running("800", "2003", "2090")(w, car)
			return
		}
		running("800", "2020")(w, car)
	}, func(w http.ResponseWriter, car string) {
		if car == car1 {
			bringing("2003", "2090")(w, car)
			return
		}
		bringing("2020")(w, car)
	})
	eventually(t, func() bool {
		_, err := r.store.Get(context.Background(), KindList, "erp/b")
		return err == nil
	}, func() string { return "lists are not tracked again" })
	if n := len(r.server.requests("", "")); n != 4 {
		t.Errorf("%d requests before their time", n)
	}
	r.turn(testPace.TailEvery)
	r.await(car1, "the new response", func(d Document) bool { return len(d.Responses) == 2 && d.State == Done })
	r.await(car2, "done", func(d Document) bool { return d.State == Done })
	got := files(t, r.path("documents"))
	want := []string{
		car1 + "/getresbycar.json", car1 + "/respon/2026-03-01_102003_2003.json", car1 + "/respon/2026-03-01_102090_2090.json",
		car1 + "/respon/2026-03-01_102090_2090.pdf", car1 + "/status.json", car1 + "/statusrespon.json",
		car2 + "/getresbycar.json", car2 + "/respon/2026-03-01_102020_2020.json", car2 + "/respon/2026-03-01_102020_2020.pdf",
		car2 + "/status.json", car2 + "/statusrespon.json",
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got %s", strings.Join(got, "\n"))
	}
	after := snapshot(t, r.path("documents"))
	for name, was := range before {
		if strings.Contains(name, "/respon/") && after[name] != was {
			t.Errorf("%s was written again", name)
		}
	}
}

// Two inboxes with one outbox may track the same number: each has a folder of its own.
func TestSharedOutbox(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	other := r.in
	other.Name = "erp2"
	r.more = []Inbox{other}
	r.server.set(running("800"), nil)
	r.start()
	for _, in := range []string{"erp", "erp2"} {
		if _, err := r.p.Poll(context.Background(), in, car1, ""); err != nil {
			t.Fatal(err)
		}
	}
	ids := []string{r.doc(car1).ID, r.doc(car1 + "~2").ID}
	slices.Sort(ids)
	if !slices.Equal(ids, []string{"erp/" + car1, "erp2/" + car1}) {
		t.Errorf("got %v", ids)
	}
}

func TestPollCommand(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.server.set(running("110"), nil)
	r.start()
	ctx := context.Background()
	for i := 1; i <= 3; i++ { // someone asks: at once, whatever the pace
		doc, err := r.p.Poll(ctx, "erp", "'050800-000002-20240228-000822", "")
		if err != nil || doc.Polls != i || doc.Status != "110" || doc.CAR != car1 {
			t.Errorf("got %+v, %v", doc, err)
		}
	}
	if _, err := r.p.Poll(ctx, "erp", "123", ""); !errors.Is(err, ErrNumber) {
		t.Errorf("short number: %v", err)
	}
	if _, err := r.p.Poll(ctx, "nobody", car1, ""); !errors.Is(err, ErrInbox) {
		t.Errorf("no inbox: %v", err)
	}
	if err := r.p.Retry(ctx, "erp/"+car2); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("unknown key: %v", err)
	}
}

// A number that is new is asked for once: whoever adds it does not have it asked for again while it is.
func TestAddedOnceIsAskedOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.server.set(running("110"), nil)
	r.start()
	const total = 200
	var g errgroup.Group
	g.SetLimit(8)
	for i := range total {
		g.Go(func() error {
			_, err := r.p.Add(context.Background(), "erp", number(i), "")
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	for i := range total {
		eventually(t, func() bool {
			job, rec := r.job(number(i))
			return rec.Polls > 0 && rec.Busy.IsZero() && job.Due.After(r.clock.Now())
		}, func() string { return "not all have been polled" })
	}
	if n := len(r.server.requests("statusrespon", "")); n != total {
		t.Errorf("%d questions about %d numbers", n, total)
	}
}

// A refusal of whoever asks pauses all: the others are not asked meanwhile and do not fail.
func TestRefusalPausesAll(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var refuse atomic.Bool
	refuse.Store(true)
	r.server.set(func(w http.ResponseWriter, car string) {
		if refuse.Load() {
			code(403, `{"Exception":"IP"}`)(w, car)
			return
		}
		running("800")(w, car)
	}, nil)
	r.edit = func(o *Options) { o.Workers = 1 }
	r.start()
	var list strings.Builder
	for i := range 50 {
		fmt.Fprintln(&list, number(i))
	}
	if err := r.drop("a.txt", list.String()); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return r.gate.State().Paused }, func() string { return "no pause" })
	if n := len(r.server.requests("", "")); n != 1 {
		t.Errorf("%d requests", n)
	}
	refuse.Store(false)
	r.kill() // the gate waits in real time; a restart asks anew
	r.start()
	for i := range 50 {
		r.turn(time.Minute)
		r.await(number(i), "done", func(d Document) bool { return d.State == Done })
	}
}
