package poll

import (
	"context"
	"time"

	"kurir/agent/journal"
	"kurir/agent/reason"
)

// summaryAway is how long a summary waits whose outbox cannot be written.
const summaryAway = 10 * time.Second

// waitForDisk puts a document off whose outbox cannot be written, unasked.
func (t *task) waitForDisk(ctx context.Context, trouble error) {
	due := t.p.o.Now().Add(max(t.rec.Interval, t.in.Pace.First))
	t.settle(ctx, journal.Outcome{State: journal.Active, Due: due, Label: Retrying, Cause: t.p.cause(reason.Disk, trouble)})
}
