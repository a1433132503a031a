package outbox

import (
	"context"
	"time"
)

// Disks are the folders without which a pipeline cannot work: the one of its journal, and the outboxes in which its
// work ends.
type Disks struct {
	Journal  *Guard
	Outboxes []*Guard
}

// NotReadyError is a folder that cannot be written now, for which something was not begun.
type NotReadyError struct {
	Journal bool // it is the journal's folder, not an outbox
	Trouble error
}

// Error says which folder it is and what ails it.
func (e *NotReadyError) Error() string { return e.words().Error() }

// Parts returns the key of the words in other languages, and what they are about.
func (e *NotReadyError) Parts() (key string, about []any) { return e.words().Parts() }

func (e *NotReadyError) words() *words {
	if e.Journal {
		return say("disk_journal", "waiting for the disk: journal: %v", e.Trouble)
	}
	return say("disk_outbox", "waiting for the disk: outbox: %v", e.Trouble)
}

// Unwrap returns what ails the folder.
func (e *NotReadyError) Unwrap() error { return e.Trouble }

// Trouble is why nothing can be begun now that ends in one of the outboxes: a *NotReadyError, or nil when it can.
func (d Disks) Trouble(outbox *Guard) error {
	if err := d.Journal.Ready(); err != nil {
		return &NotReadyError{Journal: true, Trouble: err}
	}
	if err := outbox.Ready(); err != nil {
		return &NotReadyError{Trouble: err}
	}
	return nil
}

// Wait waits until the journal and at least one outbox can be written, or returns ctx's error. Without outboxes the
// journal is enough.
func (d Disks) Wait(ctx context.Context) error {
	for {
		if err := d.Journal.Wait(ctx); err != nil {
			return err
		}
		for _, g := range d.Outboxes {
			if g.Ready() == nil {
				return nil
			}
		}
		if len(d.Outboxes) == 0 {
			return nil
		}
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
	}
}

// pause waits for d, or returns ctx's error.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
