package journal

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestWait(t *testing.T) {
	for _, c := range []struct {
		name string
		err  func(now time.Time) error
		wake bool
		want time.Duration
		ends error
	}{
		{"nothing is there", func(time.Time) error { return &NoneError{} }, false, lookAgain, nil},
		{"due soon", func(now time.Time) error { return &NoneError{Next: now.Add(time.Second)} }, false, time.Second, nil},
		{"due long since", func(now time.Time) error { return &NoneError{Next: now.Add(-time.Hour)} }, false, time.Millisecond, nil},
		{"due late", func(now time.Time) error { return &NoneError{Next: now.Add(time.Hour)} }, false, lookAgain, nil},
		{"woken", func(time.Time) error { return &NoneError{} }, true, 0, nil},
		{"an error that may pass", func(time.Time) error { return errors.New("disk full") }, false, lookAgain, nil},
		{"closed", func(time.Time) error { return fmt.Errorf("claim: %w", ErrClosed) }, false, 0, ErrClosed},
		{"damaged", func(time.Time) error { return fmt.Errorf("claim: %w", ErrDamaged) }, false, 0, ErrDamaged},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				wake := make(chan struct{}, 1) // of this bubble of time
				if c.wake {
					wake <- struct{}{}
				}
				began := time.Now()
				if err := Wait(t.Context(), c.err(began), wake, began); !errors.Is(err, c.ends) {
					t.Errorf("ended with %v, want %v", err, c.ends)
				}
				if took := time.Since(began); took != c.want {
					t.Errorf("waited %v, want %v", took, c.want)
				}
			})
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Wait(ctx, &NoneError{}, nil, time.Now()); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: %v", err)
	}
}
