package journal

import (
	"context"
	"errors"
	"time"
)

// lookAgain is the longest wait of Wait: with several processes on one store, nobody tells of what others have put there.
const lookAgain = 5 * time.Second

// Wait waits, after a Claim that failed with err, until a job may be due: until the time that a *NoneError names, a signal
// on wake, or five seconds. It returns what ends the caller's work: ctx's error, and an err that says that the store is
// closed or damaged. Any other err is one that may pass.
func Wait(ctx context.Context, err error, wake <-chan struct{}, now time.Time) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, ErrClosed) || errors.Is(err, ErrDamaged) {
		return err // a damaged journal is set aside at the next start
	}
	wait := lookAgain
	if none, ok := errors.AsType[*NoneError](err); ok && !none.Next.IsZero() {
		wait = min(wait, max(none.Next.Sub(now), time.Millisecond))
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-wake:
	case <-t.C:
	}
	return nil
}
