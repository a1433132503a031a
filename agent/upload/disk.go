package upload

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"kurir/agent/journal"
	"kurir/agent/reason"
)

// diskPause is how long a set waits whose disk is in trouble, unless the inbox's longest pause is shorter: half of it to all
// of it, so that those of a full inbox do not come all at once.
const diskPause = 20 * time.Second

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

// awaitDisks waits until the journal and at least one outbox can be written: until then nothing is claimed.
func (p *Pipeline) awaitDisks(ctx context.Context) error {
	for {
		if err := p.o.DataDir.Wait(ctx); err != nil {
			return err
		}
		for _, q := range p.inboxes {
			if q.in.Guard.Ready() == nil {
				return nil
			}
		}
		if len(p.inboxes) == 0 {
			return nil
		}
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
	}
}

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

// diskDelay is when to look again at what waits for a disk.
func (in Inbox) diskDelay() time.Duration {
	most := max(min(diskPause, in.Retry.Max), 10*time.Millisecond)
	return most/2 + rand.N(most/2) //nolint:gosec // a pace is no secret
}

// onDisk reports whether err, which has ended the work on the task, is trouble of a disk as a whole: of the outbox, or of an
// inbox that is away. No set fails for that, however long it takes.
func (t *task) onDisk(err error) bool {
	if _, trouble := t.p.o.DataDir.State(); trouble != nil || errors.Is(err, errDisk) || t.in.Guard.Failed(err) {
		return true
	}
	return t.r.Root == t.in.Root && t.in.Offline != nil && t.in.Offline()
}

// waitForDisk puts the task off until its disk may be there again.
func (t *task) waitForDisk(ctx context.Context, err error) {
	t.r.FirstFail = time.Time{} // no set fails for what concerns them all
	t.postpone(ctx, t.p.o.Now().Add(t.in.diskDelay()), &journal.Cause{Code: string(reason.Disk), Message: err.Error()})
}

// holdBack shows that a set waits for a disk, without looking into it, and returns when to look again.
func (in *intake) holdBack(ctx context.Context, s snapshot, trouble error, now time.Time) time.Time {
	v := verdict{note: trouble.Error(), trouble: &journal.Cause{Code: string(reason.Disk), Message: trouble.Error()}}
	in.report(ctx, s, v, now)
	return now.Add(in.in.diskDelay())
}
