package poll

import (
	"context"
	"errors"
	"fmt"
	"time"

	"kurir/agent/journal"
	"kurir/agent/reason"
)

// summaryAway is how long a summary waits whose outbox cannot be written.
const summaryAway = 10 * time.Second

// errDisk is an outbox or a journal that cannot be written now.
var errDisk = errors.New("waiting for the disk")

// diskTrouble is why nothing can be begun for an inbox now; nil when it can.
func (p *Pipeline) diskTrouble(in Inbox) error {
	if err := p.o.DataDir.Ready(); err != nil {
		return fmt.Errorf("%w: journal: %w", errDisk, err)
	}
	if err := in.Guard.Ready(); err != nil {
		return fmt.Errorf("%w: outbox: %w", errDisk, err)
	}
	return nil
}

// awaitDisks waits until the journal and at least one outbox can be written: until then no document is claimed, so that
// none is asked for whose answer could not be kept.
func (p *Pipeline) awaitDisks(ctx context.Context) error {
	for {
		if err := p.o.DataDir.Wait(ctx); err != nil {
			return err
		}
		for _, in := range p.inboxes {
			if in.Guard.Ready() == nil {
				return nil
			}
		}
		if len(p.inboxes) == 0 {
			return nil
		}
		t := time.NewTimer(time.Second)
		select {
		case <-ctx.Done():
		case <-t.C:
		}
		t.Stop()
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// waitForDisk puts a document off whose outbox cannot be written, unasked.
func (t *task) waitForDisk(ctx context.Context, trouble error) {
	due := t.p.o.Now().Add(max(t.rec.Interval, t.in.Pace.First))
	t.settle(ctx, journal.Outcome{State: journal.Active, Due: due, Label: Retrying, Cause: cause(reason.Disk, trouble)})
}
