package upload

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"kurir/agent/outbox"
)

// writerRig is a running statusWriter in a bubble, over a real folder.
type writerRig struct {
	t    *testing.T
	out  string
	w    *statusWriter
	stop func()

	mu   sync.Mutex
	told []string // states, in order
}

// newWriterRig must be called in a synctest bubble; out is a folder made outside of it.
func newWriterRig(t *testing.T, out string) *writerRig {
	r := &writerRig{t: t, out: out}
	r.w = newStatusWriter(func(st Status) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.told = append(r.told, st.State)
	}, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.w.run(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("run ended with %v", err)
		}
	})
	t.Cleanup(r.stop)
	return r
}

// pass lets the bubble's time pass, and everything happen that is due by then.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func statusIn(id, set, state string) Status { return Status{Schema: 1, ID: id, Set: set, State: state} }

// shows returns the state in a status file, "" where there is none.
func (r *writerRig) shows(file string) string {
	r.t.Helper()
	b, err := os.ReadFile(filepath.Join(r.out, statusDir, file))
	if errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	var st Status
	if err := errors.Join(err, json.Unmarshal(b, &st)); err != nil {
		r.t.Fatalf("%s: %v", file, err)
	}
	return st.State
}

// put writes a last state by itself.
func (r *writerRig) put(st Status) error {
	return r.w.put(st, r.out, func(c outbox.Content) error { return outbox.Replace(c.Path, c.Data) })
}

func (r *writerRig) expect(when, file, state string) {
	r.t.Helper()
	if got := r.shows(file); got != state {
		r.t.Errorf("%s: %s shows %q, want %q", when, file, got, state)
	}
}

func TestPassingStatesAreWrittenALittleLaterAndOnlyTheLast(t *testing.T) {
	out := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := newWriterRig(t, out)
		for _, state := range []string{StateWaiting, StateReady, StateSending} {
			r.w.later(statusIn("l/S", "S", state), out)
			r.expect("at once", "S.json", "")
		}
		pass(showAfter - time.Millisecond)
		r.expect("a moment before", "S.json", "")
		pass(2 * time.Millisecond)
		r.expect("then", "S.json", StateSending)
		r.w.later(statusIn("l/S", "S", StateRetrying), out)
		pass(showAfter + time.Millisecond)
		r.expect("a later one", "S.json", StateRetrying)
		if want := []string{StateWaiting, StateReady, StateSending, StateRetrying}; !slices.Equal(r.told, want) {
			t.Errorf("told %v, want all of %v", r.told, want)
		}
	})
}

// Of many that pass together most are through before they are written; the rest is shown within the bound.
func TestManyPassingStatesWaitLongerButBounded(t *testing.T) {
	out := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := newWriterRig(t, out)
		const sets = 200
		name := func(i int) string { return fmt.Sprint("S", i) }
		for i := range sets {
			r.w.later(statusIn("l/"+name(i), name(i), StateSending), out)
		}
		pass(showAfter + time.Millisecond)
		r.expect("soon", name(0)+".json", StateSending)
		r.expect("soon", name(sets-1)+".json", "")
		pass(showLast - showAfter)
		for i := range sets {
			r.expect("at last", name(i)+".json", StateSending)
		}
	})
}

// TestStatesThatKeepComing do not push the first writing ahead of them for ever.
func TestStatesThatKeepComing(t *testing.T) {
	out := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := newWriterRig(t, out)
		for range 8 {
			r.w.later(statusIn("l/S", "S", StateRetrying), out)
			<-time.After(showAfter / 4)
		}
		synctest.Wait()
		r.expect("while they come", "S.json", StateRetrying)
	})
}

func TestLastStateIsWrittenAtOnceAndForGood(t *testing.T) {
	out := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := newWriterRig(t, out)
		r.w.later(statusIn("l/S", "S", StateSending), out)
		if err := r.put(statusIn("l/S", "S", StateSent)); err != nil {
			t.Fatal(err)
		}
		r.expect("at once", "S.json", StateSent)
		pass(10 * showAfter)
		r.expect("for good", "S.json", StateSent)
		r.w.later(statusIn("l/S", "S", StateReady), out) // taken up again
		pass(2 * showAfter)
		r.expect("a new round", "S.json", StateReady)
	})
}

// A last state that cannot be written again and again does not keep what was before it from being seen.
func TestStateWaitsOnWhenALastOneFails(t *testing.T) {
	out := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := newWriterRig(t, out)
		for range 10 {
			r.w.later(statusIn("lane/A", "A", StateRetrying), out)
			failed := errors.New("a photo is held")
			err := r.w.put(statusIn("lane/A", "A", StateSent), out, func(outbox.Content) error { return failed })
			if !errors.Is(err, failed) {
				t.Fatal(err)
			}
			pass(showAfter / 3)
		}
		r.expect("after ten failures", "A.json", StateRetrying)
		if err := r.put(statusIn("lane/A", "A", StateSent)); err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		r.expect("at last", "A.json", StateSent)
	})
}

func TestDroppedStatusLeavesNothing(t *testing.T) {
	out := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := newWriterRig(t, out)
		waiting := statusIn("l/S", "S", StateWaiting)
		r.w.later(waiting, out)
		r.w.drop(waiting, out) // before it was written
		pass(2 * showAfter)
		r.expect("never written", "S.json", "")
		r.w.later(waiting, out)
		pass(2 * showAfter)
		r.expect("written", "S.json", StateWaiting)
		r.w.drop(waiting, out)
		r.expect("dropped", "S.json", "")
		r.w.drop(waiting, out)
		if err := r.put(statusIn("k/S", "S", StateSent)); err != nil {
			t.Fatal(err)
		}
		r.expect("the name is free again", "S.json", StateSent)
		r.w.drop(waiting, out)
		r.expect("another's file is not ours to drop", "S.json", StateSent)
	})
}

func TestEachIDHasAFileOfItsOwn(t *testing.T) {
	out := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := newWriterRig(t, out)
		r.w.later(statusIn("k/S", "S", StateReady), out)
		r.w.later(statusIn("l/S", "S", StateWaiting), out)
		r.w.later(statusIn("m/S", "S", StateSending), out)
		pass(2 * showAfter)
		if err := r.put(statusIn("l/S", "S", StateSent)); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range []string{"S.json", "S~2.json", "S~3.json"} {
			got = append(got, r.shows(f))
		}
		slices.Sort(got)
		if want := []string{StateReady, StateSending, StateSent}; !slices.Equal(got, want) {
			t.Errorf("the files show %v, want %v", got, want)
		}
		if n := r.shows("S~4.json"); n != "" {
			t.Errorf("a fourth file shows %s", n)
		}
	})
}

// TestFileOfAnIDIsKept when the one whose name it could not have has gone: nobody reads an old state of it there.
func TestFileOfAnIDIsKept(t *testing.T) {
	out := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := newWriterRig(t, out)
		other := statusIn("k/S", "S", StateWaiting)
		r.w.later(other, out)
		pass(2 * showAfter)
		if err := r.put(statusIn("l/S", "S", StateSent)); err != nil {
			t.Fatal(err)
		}
		r.w.drop(other, out)
		if err := r.put(statusIn("l/S", "S", StateFailed)); err != nil {
			t.Fatal(err)
		}
		r.expect("it is where it was", "S~2.json", StateFailed)
		r.expect("and nowhere else", "S.json", "")
	})
}

// TestWhatWaitsIsWrittenAtTheEnd: a stop does not wait for the moment to come.
func TestWhatWaitsIsWrittenAtTheEnd(t *testing.T) {
	out := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := newWriterRig(t, out)
		for i := range 20 {
			r.w.later(statusIn(fmt.Sprint("l/", i), fmt.Sprint(i), StateRetrying), out)
		}
		r.stop()
		for i := range 20 {
			r.expect("at the end", fmt.Sprint(i)+".json", StateRetrying)
		}
	})
}

// TestOneWriterOfAnIDAtATime: whoever comes second waits until the first is done.
func TestOneWriterOfAnIDAtATime(t *testing.T) {
	out := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := newWriterRig(t, out)
		st := statusIn("l/S", "S", StateSent)
		key := statusKey(st, out)
		r.w.begin(key) // as a writer that takes its time
		r.w.later(statusIn("l/S", "S", StateReady), out)
		put := make(chan error, 1)
		go func() { put <- r.put(st) }()
		pass(2 * showAfter)
		if len(put) > 0 || r.shows("S.json") != "" {
			t.Fatal("two write one file at a time")
		}
		if err := r.put(statusIn("l/T", "T", StateSent)); err != nil {
			t.Fatal(err)
		}
		r.expect("another does not wait", "T.json", StateSent)
		r.w.end(key)
		if err := <-put; err != nil {
			t.Fatal(err)
		}
		pass(2 * showAfter)
		r.expect("the last state", "S.json", StateSent)
	})
}

// TestManyWriters: whatever meets, every file is whole at every moment, and the last state of each id stands at the end.
func TestManyWriters(t *testing.T) {
	out := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := newWriterRig(t, out)
		var wg sync.WaitGroup
		for i := range 6 {
			set := fmt.Sprint("S", i)
			wg.Go(func() {
				for n := range 6 {
					r.w.later(statusIn("l/"+set, set, StateReady), out)
					<-time.After(time.Duration(n*37%5) * showAfter / 4)
					r.w.later(statusIn("l/"+set, set, StateSending), out)
					if err := r.put(statusIn("l/"+set, set, StateSent)); err != nil {
						t.Error(err)
					}
					r.expect("after put", set+".json", StateSent)
				}
			})
		}
		wg.Wait()
		pass(2 * showAfter)
		for i := range 6 {
			r.expect("at the end", fmt.Sprint("S", i, ".json"), StateSent)
		}
		entries, err := os.ReadDir(filepath.Join(out, statusDir))
		if err != nil || len(entries) != 6 {
			t.Errorf("%d files, %v", len(entries), err)
		}
	})
}

// Where AWB1.json and awb1.json are one file, sets of two inboxes whose names differ in letter case alone have one each.
func TestStatusFilesWhereLetterCaseIsNone(t *testing.T) {
	out := t.TempDir()
	dir := filepath.Join(out, statusDir)
	if folds, err := foldsCase(dir); err == nil || folds != (runtime.GOOS == "windows" || runtime.GOOS == "darwin") {
		t.Errorf("of a folder that is not there: %v, %v", folds, err)
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := os.Stat(filepath.Join(out, "Status"))
	folds, looked := foldsCase(dir)
	if folds != (err == nil) || looked != nil {
		t.Errorf("folds %v, %v; in other letters it is found: %v", folds, looked, err)
	}
	for _, sets := range [][]string{{"AWB1", "awb1"}, {"awb2", "AWB2"}} {
		synctest.Test(t, func(t *testing.T) {
			r := newWriterRig(t, out)
			r.w.folds[out] = true // also on a disk that tells them apart
			for i, set := range sets {
				r.w.later(statusIn(fmt.Sprintf("lane-%d/%s", i, set), set, StateReady), out)
			}
			pass(showLast)
			r.expect("the first", sets[0]+".json", StateReady)
			r.expect("the second", sets[1]+"~2.json", StateReady)
			for i, set := range sets {
				if err := r.put(statusIn(fmt.Sprintf("lane-%d/%s", i, set), set, StateSent)); err != nil {
					t.Error(err)
				}
			}
			if n := len(r.w.taken) + len(r.w.names); n != 0 {
				t.Errorf("%d names are kept of sets that have ended: %v", n, r.w.taken)
			}
		})
	}
}
