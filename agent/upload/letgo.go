package upload

import (
	"context"
	"time"

	"kurir/agent/journal"
)

// letGo reports whether all files of an active job have gone on as another's: its nomorAju was corrected, or someone gave it
// another name. Nothing is left to send or to move, only what was sent to be put on record.
func (r *Record) letGo() bool { return len(r.Files) == 0 }

// confirmed is when the server has confirmed the last photo; zero when it has none.
func (r *Record) confirmed() time.Time {
	var last time.Time
	for _, im := range r.Images {
		if im.State == imageSent && im.At.After(last) {
			last = im.At
		}
	}
	return last
}

// endLetGo ends a job that was let go, and of which nothing was sent that no receipt tells of.
func (t *task) endLetGo(ctx context.Context) error {
	job := t.claim.Job()
	if !t.r.anySent() {
		t.giveBack(ctx, StateSending, nil)
		return nil
	}
	t.r.Moved = true
	t.settle(ctx, journal.Outcome{State: journal.Done, Label: StateSent, Data: t.r.encode()})
	if !t.r.Superseded {
		job.State, job.Label, job.Cause, job.Updated = journal.Done, StateSent, nil, t.p.o.Now()
		t.p.status.later(t.p.statusOf(job, t.r), t.in.Outbox)
	}
	return nil
}

// giveBack ends the claim and drops the job. false: it could not be dropped, and is due again.
func (t *task) giveBack(ctx context.Context, label string, cause *journal.Cause) bool {
	job := t.claim.Job()
	t.settle(ctx, journal.Outcome{State: journal.Active, Due: t.p.o.Now().Add(time.Minute), Label: label, Cause: cause,
		Data: t.r.encode()})
	if err := t.p.inboxes[t.in.Name].drop(ctx, job, t.r.Superseded); err != nil {
		t.p.log.Warn("set not let go", "id", job.ID, "error", err)
		return false
	}
	return true
}
