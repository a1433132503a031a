package upload

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"kurir/agent/outbox"
	"kurir/agent/reason"
)

// diskPause is how long a set waits whose disk is in trouble, unless the inbox's longest pause is shorter: half of it to all
// of it, so that those of a full inbox do not come all at once.
const diskPause = 20 * time.Second

// diskDelay is when to look again at what waits for a disk.
func (in Inbox) diskDelay() time.Duration {
	most := max(min(diskPause, in.Retry.Max), 10*time.Millisecond)
	return most/2 + rand.N(most/2) //nolint:gosec // a pace is no secret
}

// onDisk reports whether err, which has ended the work on the task, is trouble of a disk as a whole: of the outbox, or of an
// inbox that is away. No set fails for that, however long it takes.
func (t *task) onDisk(err error) bool {
	if _, trouble := t.p.o.DataDir.State(); trouble != nil || notReady(err) || t.in.Guard.Failed(err) {
		return true
	}
	return t.r.Root == t.in.Root && t.in.Offline != nil && t.in.Offline()
}

// notReady reports whether something was not begun for a disk in trouble.
func notReady(err error) bool {
	_, is := errors.AsType[*outbox.NotReadyError](err)
	return is
}

// waitForDisk puts the task off until its disk may be there again.
func (t *task) waitForDisk(ctx context.Context, err error) {
	t.r.FirstFail = time.Time{} // no set fails for what concerns them all
	t.postpone(ctx, t.p.o.Now().Add(t.in.diskDelay()), t.p.cause(reason.Disk, err))
}

// holdBack shows that a set waits for a disk, without looking into it, and returns when to look again.
func (in *intake) holdBack(ctx context.Context, s snapshot, trouble error, now time.Time) time.Time {
	cause := in.p.cause(reason.Disk, trouble)
	v := verdict{note: cause.Message, trouble: cause}
	in.report(ctx, s, v, now)
	return now.Add(in.in.diskDelay())
}
