package upload_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kurir/agent/journal"
	"kurir/agent/simulator"
	"kurir/agent/upload"
)

// dying is a journal whose nth change is the last thing this process does: it takes effect or not, and after it
// nothing does.
type dying struct {
	journal.Store
	left  *atomic.Int64
	after bool
	dead  chan struct{}
}

var errDead = errors.New("the process is dead")

// change lets one change happen, if the process is still alive.
func (d *dying) change(do func() error) error {
	n := d.left.Add(-1)
	if n > 0 {
		return do()
	}
	if n < 0 {
		return errDead
	}
	if d.after {
		_ = do() // it is in the journal, but nobody was told
	}
	close(d.dead)
	return errDead
}

// Put implements journal.Store.
func (d *dying) Put(ctx context.Context, j journal.Job) error {
	return d.change(func() error { return d.Store.Put(ctx, j) })
}

// Update implements journal.Store.
func (d *dying) Update(ctx context.Context, k journal.Kind, key string, fn func(*journal.Job) error) error {
	return d.change(func() error { return d.Store.Update(ctx, k, key, fn) })
}

// Claim implements journal.Store.
func (d *dying) Claim(ctx context.Context, k journal.Kind, now time.Time) (journal.Claim, error) {
	if d.left.Load() <= 0 {
		return nil, &journal.NoneError{}
	}
	c, err := d.Store.Claim(ctx, k, now)
	if err != nil {
		return nil, err
	}
	return &dyingClaim{c, d}, nil
}

type dyingClaim struct {
	journal.Claim
	d *dying
}

// Step implements journal.Claim.
func (c *dyingClaim) Step(s journal.Step) error {
	return c.d.change(func() error { return c.Claim.Step(s) })
}

// Settle implements journal.Claim.
func (c *dyingClaim) Settle(o journal.Outcome) error {
	return c.d.change(func() error { return c.Claim.Settle(o) })
}

// TestDeathAtEveryChangeOfTheJournal ends the work at each change of the journal, before and after it takes effect, starts
// again, and looks from outside: every photo at the server once, every file in its place. In the third run the journal
// is gone as well.
func TestDeathAtEveryChangeOfTheJournal(t *testing.T) {
	for _, how := range []string{"before", "after", "journal lost"} {
		for n := int64(1); ; n++ {
			died := false
			t.Run(fmt.Sprintf("%s_%d", strings.ReplaceAll(how, " ", "_"), n), func(t *testing.T) { died = dieAt(t, how, n) })
			if !died || t.Failed() {
				break
			}
			if n > 100 {
				t.Fatal("it never ends")
			}
		}
	}
}

// dieAt runs one death and reports whether it came to it.
func dieAt(t *testing.T, how string, n int64) bool {
	r := newRig(t, simulator.Options{})
	r.in.MaxImages, r.in.Settle = 2, 30*time.Millisecond
	r.timeout = time.Second // the grace of a lost add
	r.drop("folder", map[string][]byte{"d.json": side("A1", "1.jpg", "2.jpg", "3.jpg").json(),
		"1.jpg": jpg(1), "2.jpg": jpg(2), "3.jpg": jpg(3), "note.txt": []byte("x")})
	r.put("stem_1.jpg", jpg(4))
	r.put("stem_2.jpg", jpg(1)) // another declaration: the same content is no duplicate
	r.put("stem.json", side("A2", "stem_1.jpg", "stem_2.jpg").json())
	twin := "9.jpg"
	if how == "journal lost" {
		twin = "2.jpg" // only names tell then
	}
	r.drop("twin", map[string][]byte{"d.json": side("A1", twin).json(), twin: jpg(2)})
	r.drop("broken", map[string][]byte{"d.json": []byte(`{"nomorAju":7}`), "1.jpg": jpg(6)})
	var left atomic.Int64
	left.Store(n)
	d := &dying{left: &left, after: how == "after", dead: make(chan struct{})}
	r.wrap = func(s journal.Store) journal.Store { d.Store = s; return d }
	r.start()
	r.until("it dies, or has nothing left to do", func() bool {
		select {
		case <-d.dead:
			return true
		default:
			return r.settled()
		}
	})
	died := left.Load() <= 0
	r.stop()
	if !died {
		return false
	}
	if how == "journal lost" {
		must(t, os.Remove(filepath.Join(r.dir, "journal.db")))
	}
	r.wrap = nil
	r.start()
	r.until("all is done", r.settled)
	r.once("A1", jpg(1), jpg(2), jpg(3))
	r.once("A2", jpg(4), jpg(1))
	r.stop()
	var originals []string
	for _, f := range append(r.sentFiles(), below(t, filepath.Join(r.out, "failed"))...) {
		if !strings.HasSuffix(f, ".receipt.json") && !strings.HasSuffix(f, ".error.json") {
			originals = append(originals, f[strings.Index(f, "/")+1:])
		}
	}
	slices.Sort(originals)
	want := []string{"1.jpg", "1.jpg", "2.jpg", "3.jpg", twin, "d.json", "d.json", "d.json", "note.txt", "stem.json", "stem_1.jpg", "stem_2.jpg"}
	slices.Sort(want)
	if !slices.Equal(originals, want) {
		t.Errorf("the outbox holds %v, want %v", originals, want)
	}
	return true
}

// settled reports whether the three good sets are shown as sent, the broken one as failed, and the inbox is empty.
func (r *rig) settled() bool {
	for _, set := range []string{"folder", "stem", "twin"} {
		if r.status(set).State != upload.StateSent {
			return false
		}
	}
	return r.status("broken").State == upload.StateFailed && len(below(r.t, r.inbox)) == 0
}

// TestStatusAfterALostJournal: a set that was sent when the agent died has a receipt and an old status. The receipt says
// how it ended, also when the journal is gone.
func TestStatusAfterALostJournal(t *testing.T) {
	r := newRig(t, simulator.Options{})
	r.start()
	r.drop("S", map[string][]byte{"d.json": side("A1", "1.jpg").json(), "1.jpg": jpg(1)})
	sent := r.await("S", upload.StateSent)
	r.stop()
	old := sent
	old.State, old.SentAt, old.Archive = upload.StateRetrying, time.Time{}, ""
	b, err := json.Marshal(old)
	must(t, err)
	for _, err := range []error{
		os.WriteFile(filepath.Join(r.out, "status", "S.json"), b, 0o644), os.Remove(filepath.Join(r.dir, "journal.db")),
	} {
		must(t, err)
	}
	r.start()
	if got := r.await("S", upload.StateSent); !got.SentAt.Equal(sent.SentAt) || len(got.Images) != 1 || got.NomorAju != "A1" {
		t.Errorf("the status is %+v", got)
	}
}
