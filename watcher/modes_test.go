package watcher

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
)

func TestOverflow(t *testing.T) {
	root := t.TempDir()
	fake := newFakeEvents()
	r := watch(t, options(root), fake.use)
	until(t, "first scan", func() bool { return !r.Status().LastScan.IsZero() })
	for i := range 50 {
		write(t, filepath.Join(root, "set", name(i)), "x")
	}
	fake.errs <- fsnotify.ErrEventOverflow
	until(t, "all files", func() bool { return r.rec.resting() == 50 })
	if got := r.Status().Overflows; got != 1 {
		t.Errorf("%d overflows counted", got)
	}
	write(t, filepath.Join(root, "x.jpg"), "x")
	fake.errs <- os.ErrDeadlineExceeded
	r.untilRest(t, "x.jpg")
}

func TestEventsEnd(t *testing.T) {
	root := t.TempDir()
	fake := newFakeEvents()
	r := watch(t, options(root), fake.use)
	until(t, "first scan", func() bool { return !r.Status().LastScan.IsZero() })
	write(t, filepath.Join(root, "x.jpg"), "x")
	fake.close()
	r.untilRest(t, "x.jpg")
	if s := r.Status(); s.Mode != Poll || s.Why == "" {
		t.Errorf("mode %v, why %q", s.Mode, s.Why)
	}
}

func TestPollMode(t *testing.T) {
	root := t.TempDir()
	o := options(root)
	o.Mode, o.Rescan = Poll, 50*time.Millisecond
	r := watch(t, o, func(w *Watcher) {
		w.sys.notifier = func(string) (notifier, error) { panic("no events in poll mode") }
	})
	write(t, filepath.Join(root, "a", "b", "1.jpg"), "x")
	r.untilRest(t, "a/b/1.jpg")
	if s := r.Status(); s.Mode != Poll || s.Why != "" {
		t.Errorf("mode %v, why %q", s.Mode, s.Why)
	}
	// Written in place: no folder's time tells of it.
	write(t, filepath.Join(root, "a", "b", "1.jpg"), "longer")
	until(t, "the change", func() bool {
		got := r.rec.of("a/b/1.jpg")
		return got[len(got)-1].State == Rest && got[len(got)-1].Size == 6
	})
	remove(t, filepath.Join(root, "a"))
	r.untilGone(t, "a/b/1.jpg")
}

func TestNetworkShareIsPolledAndSettlesInFull(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	o := options(root)
	o.Rescan, o.Settle = 50*time.Millisecond, time.Second
	r := watch(t, o, func(w *Watcher) {
		w.sys.shareOf = func(string) (share, error) { return share{name: "cifs", network: true}, nil }
	})
	begin := time.Now()
	write(t, filepath.Join(root, "1.jpg"), "x")
	r.untilRest(t, "1.jpg")
	if took := time.Since(begin); took < o.Settle {
		t.Errorf("at rest after %v", took)
	}
	if s := r.Status(); s.Mode != Poll || !s.Network || !strings.Contains(s.Why, "cifs") {
		t.Errorf("status %+v", s)
	}
}
