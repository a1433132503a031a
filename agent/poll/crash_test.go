package poll

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kurir/agent/journal"
	"kurir/agent/journal/journaltest"
)

// mortal is a store of a process that dies at one of its writes: that call has an effect or not, and none later has.
type mortal struct {
	journal.Store

	mu    sync.Mutex
	left  int  // writes until death
	after bool // the last write has an effect
	dead  chan struct{}
}

func newMortal(s journal.Store, writes int, after bool) *mortal {
	return &mortal{Store: s, left: writes, after: after, dead: make(chan struct{})}
}

// write makes one write, the last one, or none.
func (m *mortal) write(do func() error) error {
	m.mu.Lock()
	m.left--
	left := m.left
	if left == 0 {
		defer close(m.dead)
	}
	m.mu.Unlock()
	if left < 0 || left == 0 && !m.after {
		return journal.ErrClosed
	}
	if err := do(); err != nil || left > 0 {
		return err
	}
	return journal.ErrClosed
}

func (m *mortal) Put(ctx context.Context, j journal.Job) error {
	return m.write(func() error { return m.Store.Put(ctx, j) })
}

func (m *mortal) Update(ctx context.Context, k journal.Kind, key string, fn func(*journal.Job) error) error {
	return m.write(func() error { return m.Store.Update(ctx, k, key, fn) })
}

func (m *mortal) Claim(ctx context.Context, k journal.Kind, now time.Time) (journal.Claim, error) {
	select {
	case <-m.dead:
		return nil, journal.ErrClosed
	default:
	}
	c, err := m.Store.Claim(ctx, k, now)
	return &mortalClaim{c, m}, err
}

type mortalClaim struct {
	journal.Claim
	m *mortal
}

func (c *mortalClaim) Step(s journal.Step) error {
	return c.m.write(func() error { return c.Claim.Step(s) })
}

func (c *mortalClaim) Settle(o journal.Outcome) error {
	return c.m.write(func() error { return c.Claim.Settle(o) })
}

// The agent dies at each of its writes to the journal, before or after it has an effect, and starts again: afterwards
// every file is there once and right, and no number was asked faster than its pace.
func TestDeathAtEachWrite(t *testing.T) {
	t.Parallel()
	for writes := 1; writes <= 12; writes++ {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("write %d, after %v", writes, after), func(t *testing.T) {
				t.Parallel()
				r := newRig(t)
				r.server.set(running("800", "2003", "2020"), bringing("2003", "2020"))
				var m *mortal
				r.wrap = func(s journal.Store) journal.Store { m = newMortal(s, writes, after); return m }
				p := r.open()
				ctx, cancel := context.WithCancel(context.Background())
				ended := make(chan error, 1)
				go func() { ended <- p.Run(ctx) }()
				_ = r.drop("a.txt", car1+"\n"+car2+"\nx\n") // fails where the journal dies
				select {
				case <-m.dead:
				case <-ended:
					ended <- nil
				case <-time.After(300 * time.Millisecond): // it has fewer writes than that
				}
				cancel()
				<-ended
				r.kill()
				r.server.hangUp()
				r.wrap = nil
				r.start()
				if len(files(t, r.in.Root)) > 0 {
					if err := r.offer("a.txt"); err != nil {
						t.Fatal(err)
					}
				}
				defer r.pass()()
				for _, car := range []string{car1, car2} {
					r.await(car, "done", func(d Document) bool { return d.State == Done && len(d.Responses) == 2 })
				}
				checkComplete(t, r)
			})
		}
	}
}

// pass has time pass until the function that it returns is called.
func (r *rig) pass() (stop func()) {
	done := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				r.turn(testPace.First)
			}
		}
	}()
	return func() { close(done); <-ended }
}

// checkComplete checks the outbox after TestDeathAtEachWrite and its like.
func checkComplete(t *testing.T, r *rig) {
	t.Helper()
	eventually(t, func() bool {
		b, _ := os.ReadFile(r.path("lists", "a", "summary.csv"))
		return strings.Count(string(b), ",done,800,") == 2
	}, func() string { return "no summary" })
	want := []string{"lists/a/a.txt", "lists/a/rejected.csv", "lists/a/summary.csv"}
	for _, car := range []string{car1, car2} {
		for _, f := range []string{
			"getresbycar.json", "respon/2026-03-01_102003_2003.json", "respon/2026-03-01_102003_2003.pdf",
			"respon/2026-03-01_102020_2020.json", "respon/2026-03-01_102020_2020.pdf", "status.json", "statusrespon.json",
		} {
			want = append(want, "documents/"+car+"/"+f)
		}
		if got := read(t, r.path("documents", car, "respon", "2026-03-01_102003_2003.pdf")); got != string(pdfFor(car, "2003")) {
			t.Errorf("PDF of %s: %q", car, got)
		}
		got := r.server.requests("statusrespon", car)
		for i := 1; i < len(got); i++ {
			if d := got[i].at.Sub(got[i-1].at); d < testPace.First {
				t.Errorf("%s was asked again after %v", car, d)
			}
		}
	}
	slices.Sort(want)
	if got := files(t, r.in.Outbox); !slices.Equal(got, want) {
		t.Errorf("got %s", strings.Join(got, "\n"))
	}
	if len(files(t, r.in.Root)) != 0 {
		t.Error("the inbox is not empty")
	}
}

// Single failures of the journal, at any call, stop nothing: a list is offered again, a poll asked again.
func TestJournalFailures(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk full")
	for _, method := range []string{"Put", "Update", "Get", "Step", "Settle", "Claim"} {
		for nth := 1; nth <= 2; nth++ {
			for _, after := range []bool{false, true} {
				if method == "Claim" && after {
					continue // a claim whose result is lost is held until the process ends
				}
				t.Run(fmt.Sprint(method, nth, after), func(t *testing.T) {
					t.Parallel()
					r := newRig(t)
					r.server.set(running("800", "2003", "2020"), bringing("2003", "2020"))
					r.wrap = func(s journal.Store) journal.Store {
						f := journaltest.NewFaulty(s)
						f.FailNth(method, nth, after, broken)
						return f
					}
					r.start()
					err := r.drop("a.txt", car1+"\n"+car2+"\nx\n")
					for range 3 { // the watcher offers it again
						if err != nil {
							err = r.offer("a.txt")
						}
					}
					if err != nil {
						t.Fatal(err)
					}
					defer r.pass()()
					for _, car := range []string{car1, car2} {
						r.await(car, "done", func(d Document) bool { return d.State == Done && len(d.Responses) == 2 })
					}
					checkComplete(t, r)
				})
			}
		}
	}
}

// Few requests are shared fairly: while hundreds are overdue, a new number has its turn after those that were due
// before it, and none of the old ones waits for more than one round.
func TestFairness(t *testing.T) {
	t.Parallel()
	const old = 40
	r := newRig(t)
	r.in.Pace.Max = testPace.First
	r.edit = func(o *Options) { o.Workers = 1 }
	gate := make(chan struct{}, 1000)
	r.server.set(func(w http.ResponseWriter, car string) { <-gate; running("110")(w, car) }, nil)
	t.Cleanup(func() { close(gate) })
	r.start()
	var list strings.Builder
	for i := range old {
		fmt.Fprintln(&list, number(i))
	}
	if err := r.drop("a.txt", list.String()); err != nil {
		t.Fatal(err)
	}
	asked := func(n int) {
		eventually(t, func() bool { return len(r.server.requests("statusrespon", "")) >= n }, func() string {
			return fmt.Sprint("request ", n)
		})
	}
	for i := range 3 * old { // every answer takes so long that all are overdue
		if i == old+5 {
			if err := r.drop("new.txt", car2); err != nil {
				t.Fatal(err)
			}
		}
		asked(i + 1)
		r.turn(10 * time.Second)
		gate <- struct{}{}
	}
	turns := map[string]int{}
	for i, a := range r.server.requests("statusrespon", "") {
		if a.car == car2 && turns[car2] == 0 && i > 2*old+6 {
			t.Errorf("the new number was asked as number %d", i)
		}
		turns[a.car]++
	}
	for i := range old {
		if turns[number(i)] < 2 || turns[number(i)] > 4 {
			t.Errorf("%s had %d turns", number(i), turns[number(i)])
		}
	}
	if turns[car2] == 0 {
		t.Error("the new number was never asked")
	}
}
