package agent

import (
	"context"
	"errors"
	"time"

	"kurir/agent/journal"
	"kurir/agent/outbox"
)

// keeper is the journal as the pipelines get it. It listens to its errors: a full disk pauses them, and a disk that
// breaks or vanishes ends the agent, because nothing that the journal is told after that can be relied on.
type keeper struct {
	journal.Store
	d *disks
}

var _ journal.Store = keeper{}

// refusals are answers of a journal that is well.
var refusals = []error{
	journal.ErrExists, journal.ErrNotFound, journal.ErrHeld, journal.ErrNone, journal.ErrLost, journal.ErrClosed,
	journal.ErrDamaged, context.Canceled, context.DeadlineExceeded,
}

// heard takes note of an error and returns it.
func (k keeper) heard(err error) error {
	if err == nil {
		return nil
	}
	for _, r := range refusals {
		if errors.Is(err, r) {
			return err
		}
	}
	if outbox.IsBroken(err) {
		select {
		case k.d.lost <- err:
		default:
		}
		return err
	}
	k.d.data.Failed(err)
	return err
}

// Put implements journal.Store.
func (k keeper) Put(ctx context.Context, j journal.Job) error { return k.heard(k.Store.Put(ctx, j)) }

// Update implements journal.Store.
func (k keeper) Update(ctx context.Context, kind journal.Kind, key string, fn func(*journal.Job) error) error {
	var own error // fn's, which is none of the journal's
	err := k.Store.Update(ctx, kind, key, func(j *journal.Job) error { own = fn(j); return own })
	if own != nil {
		return err
	}
	return k.heard(err)
}

// Claim implements journal.Store.
func (k keeper) Claim(ctx context.Context, kind journal.Kind, now time.Time) (journal.Claim, error) {
	c, err := k.Store.Claim(ctx, kind, now)
	if err != nil {
		return nil, k.heard(err)
	}
	return keptClaim{c, k}, nil
}

// keptClaim is a claim whose errors are listened to.
type keptClaim struct {
	journal.Claim
	k keeper
}

// Step implements journal.Claim.
func (c keptClaim) Step(s journal.Step) error { return c.k.heard(c.Claim.Step(s)) }

// Settle implements journal.Claim.
func (c keptClaim) Settle(o journal.Outcome) error { return c.k.heard(c.Claim.Settle(o)) }
