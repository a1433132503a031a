package journal_test

import (
	"context"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"kurir/agent/journal"
	"kurir/agent/journal/bolt"
)

// TestWatchClock sets the clock back a day, before it is watched and while it is. What was due an hour after its last
// change is due in an hour, what was due is due, and what is held or has ended is left alone.
func TestWatchClock(t *testing.T) {
	for name, early := range map[string]bool{"before": true, "meanwhile": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _, err := bolt.Open(filepath.Join(t.TempDir(), "journal.db"), bolt.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			for key, due := range map[string]time.Duration{"waits": time.Hour, "due": -time.Hour, "held": -2 * time.Hour} {
				if err := s.Put(ctx, journal.Job{Kind: journal.Xray, Key: key, Due: time.Now().Add(due), State: journal.Active}); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := s.Claim(ctx, journal.Xray, time.Now()); err != nil { // the one that is due longest
				t.Fatal(err)
			}
			var offset atomic.Int64
			now := func() time.Time { return time.Now().Round(0).Add(time.Duration(offset.Load())) }
			if early {
				offset.Store(int64(-24 * time.Hour))
			}
			woken, ended := make(chan struct{}, 9), make(chan error, 1)
			go func() { ended <- journal.WatchClock(ctx, s, journal.Xray, now, func() { woken <- struct{}{} }) }()
			if !early {
				offset.Store(int64(-24 * time.Hour))
			}
			select {
			case <-woken:
			case <-time.After(time.Minute):
				t.Fatal("it has not noticed")
			}
			for key, want := range map[string]time.Duration{"waits": time.Hour, "due": 0, "held": 22 * time.Hour} {
				j, err := s.Get(ctx, journal.Xray, key)
				if err != nil {
					t.Fatal(err)
				}
				if got := j.Due.Sub(now()); got < want-time.Minute || got > want+time.Minute {
					t.Errorf("%s is due in %v, want %v", key, got, want)
				}
			}
			cancel()
			<-ended
		})
	}
}
