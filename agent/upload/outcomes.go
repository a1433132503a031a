package upload

import (
	"context"
	"time"

	"kurir/agent/journal"
)

// Outcome is how a set ended: sent or failed.
type Outcome struct {
	Key    string        // of its job
	Failed bool          // else sent
	At     time.Time     // when it ended
	Took   time.Duration // of one that was sent: from its first sight to its receipt
}

// Outcomes calls visit for each set that changed since a time and has ended, the latest change first.
func (p *Pipeline) Outcomes(ctx context.Context, since time.Time, visit func(Outcome)) error {
	var broken error
	f := journal.Filter{Kind: journal.Xray}
	err := journal.Newest(ctx, p.o.Store, f, journal.Place{}, func(j journal.Job) bool {
		if j.Updated.Before(since) {
			return false
		}
		if j.Label != StateSent && j.Label != StateFailed {
			return true
		}
		r, _, err := load(j)
		if err != nil {
			broken = err
			return false
		}
		o := Outcome{Key: j.Key, Failed: j.Label == StateFailed, At: j.Updated}
		if !o.Failed && !r.SentAt.IsZero() {
			o.At, o.Took = r.SentAt, max(0, r.SentAt.Sub(r.FirstSeen))
		}
		visit(o)
		return true
	})
	if err == nil {
		err = broken
	}
	return err
}
