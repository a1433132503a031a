package journal

import (
	"context"
	"errors"
	"time"
)

// The measures of a clock that was set back.
const (
	clockLook  = 5 * time.Second // between two looks at the clock
	clockSlack = time.Minute     // what is no setting back, but a correction
)

// WatchClock keeps the jobs of a kind from waiting for a time that has come already once: when the clock was set back, or
// was so while no process ran, what was to be due some time after its last change is due as long after now. now is
// the clock that dues are given by; wake is called when dues have changed. It returns ctx's error when ctx ends, and before
// that only what ends all work with the store.
func WatchClock(ctx context.Context, s Store, k Kind, now func() time.Time, wake func()) error {
	tick := time.NewTicker(clockLook)
	defer tick.Stop()
	back := true // it may have been while nobody looked
	for {
		if back {
			n, err := setBack(ctx, s, k, now())
			if errors.Is(err, ErrClosed) || errors.Is(err, ErrDamaged) {
				return err
			}
			if back = err != nil; n > 0 {
				wake()
			}
		}
		steady, clock := time.Now(), now().Round(0)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		if now().Round(0).Sub(clock) < time.Since(steady)-clockSlack {
			back = true
		}
	}
}

// setBack brings the dues of the jobs that were changed after now, which is impossible, to where they belong, and
// returns how many.
func setBack(ctx context.Context, s Store, k Kind, now time.Time) (int, error) {
	changed := 0
	var from Place
	for {
		jobs, err := s.Recent(ctx, Filter{Kind: k, State: Active, Limit: MaxPage}, from)
		if err != nil || len(jobs) == 0 {
			return changed, err
		}
		for _, j := range jobs {
			if !j.Updated.After(now.Add(clockSlack)) {
				return changed, nil // nor were those before
			}
			from = PlaceOf(j)
			err := s.Update(ctx, k, j.Key, func(is *Job) error {
				if wait := is.Due.Sub(is.Updated); is.State == Active && is.Updated.After(now) {
					is.Due = now.Add(max(wait, 0))
				}
				return nil
			})
			switch {
			case err == nil:
				changed++
			case !errors.Is(err, ErrHeld) && !errors.Is(err, ErrNotFound): // it is being worked on, or has ended
				return changed, err
			}
		}
	}
}
