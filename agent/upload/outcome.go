package upload

import (
	"context"
	"errors"
	"time"

	"kurir/agent/journal"
	"kurir/agent/reason"
	"kurir/agent/transport"
)

// stop ends a claim whose work met an error: the set waits, or fails for good. The rules are the contract's answer
// table.
func (t *task) stop(ctx context.Context, err error) {
	if ctx.Err() != nil || errors.Is(err, journal.ErrLost) || errors.Is(err, journal.ErrClosed) {
		return // released as it is, and due again at the next start
	}
	now := t.p.o.Now()
	t.why = err
	te, ok := errors.AsType[*transport.Error](err)
	if !ok && errors.Is(err, errGrace) {
		t.postpone(ctx, t.notNow, t.p.cause(reason.Timeout, err))
		return
	}
	if (!ok || te.Kind == transport.Local) && t.onDisk(err) {
		t.waitForDisk(ctx, err)
		return
	}
	if !ok {
		t.ownFault(ctx, now, err)
		return
	}
	cause := t.p.causeOf(te)
	switch te.Kind {
	case transport.Paused:
		gate := t.p.o.Gate.State()
		t.postpone(ctx, later(gate.Until, now), t.p.pauseCause(gate.Code))
		return
	case transport.Unauthorized, transport.LoginRefused, transport.Forbidden:
		t.refusedForAll(ctx, now, cause)
		return
	case transport.Rejected, transport.TooLarge:
		t.fail(ctx, cause)
		return
	case transport.NotFound:
		if t.r.NotFound.IsZero() {
			t.r.NotFound = now
		}
		if now.Sub(t.r.NotFound) >= t.in.Retry.NotFoundFor {
			t.fail(ctx, cause)
			return
		}
	}
	t.again(ctx, now, te, cause)
}

// ownFault puts a set off after an error of our own side, not of the server's.
func (t *task) ownFault(ctx context.Context, now time.Time, err error) {
	cause := t.p.cause(reason.Disk, err)
	if errors.Is(err, errFiles) {
		if t.renamed(ctx) {
			return
		}
		t.again(ctx, now, &transport.Error{Kind: transport.Local, Op: "read", Err: err}, cause)
		return
	}
	t.r.Tries++
	t.postpone(ctx, now.Add(t.in.Retry.backoff(t.r.Tries)), cause)
}

// refusedForAll pauses all sends: no set fails for what concerns them all.
func (t *task) refusedForAll(ctx context.Context, now time.Time, cause *journal.Cause) {
	t.pass.Leave(transport.RefusedFor(cause.Code))
	t.r.FirstFail = time.Time{}
	until := t.p.o.Gate.State().Until
	if !until.After(now) {
		until = now.Add(t.in.Retry.backoff(1))
	}
	t.postpone(ctx, until, cause)
	t.p.showPause(ctx, cause, until)
}

// again puts a set off after an error that may pass, until it is given up.
func (t *task) again(ctx context.Context, now time.Time, te *transport.Error, cause *journal.Cause) {
	t.r.Tries++
	switch {
	case te.Kind == transport.NotFound: // not_found_for alone counts; the server is well, so what fails after it begins anew
		t.r.FirstFail = time.Time{}
	case t.r.FirstFail.IsZero():
		t.r.FirstFail = now
	}
	if te.Kind != transport.NotFound && now.Sub(t.r.FirstFail) >= t.in.Retry.GiveUpAfter {
		cause = &journal.Cause{Code: string(reason.GaveUp), Detail: cause.Detail,
			Message: reason.GivenUp.With(t.r.Attempts, cause.Message).In(t.p.o.Language)}
		t.fail(ctx, cause)
		return
	}
	at := now.Add(t.in.Retry.backoff(t.r.Tries))
	if te.Kind == transport.Throttled || te.Kind == transport.Unavailable {
		wait := at.Sub(now)
		if te.RetryAfter > 0 {
			wait = te.RetryAfter
			at = now.Add(wait)
		}
		t.pass.Leave(transport.ThrottledFor(wait))
	}
	if t.notNow.After(at) {
		at = t.notNow
	}
	t.postpone(ctx, at, cause)
}

// postpone settles the claim as due again at a time, and shows why.
func (t *task) postpone(ctx context.Context, at time.Time, cause *journal.Cause) {
	job := t.job
	t.p.o.Observe(Event{What: Postponed, ID: job.ID, Inbox: job.Inbox, Code: cause.Code})
	t.p.log.Warn("set postponed", "id", job.ID, "code", cause.Code, "error", t.logged(cause), "next_attempt_at", at)
	o := journal.Outcome{State: journal.Active, Due: at, Label: StateRetrying, Cause: cause}
	if t.r != nil {
		o.Data = t.r.encode()
		t.showState(StateRetrying, cause, at)
	}
	t.settle(ctx, o)
}

// logged is what the log says of a cause: in English, where that is known.
func (t *task) logged(cause *journal.Cause) string {
	if t.why != nil {
		return t.why.Error()
	}
	return cause.Message
}

// fail decides that a set has failed, durably, before its files move to failed/. One that was let go has none to move: the server
// is asked what it has of it until it says so.
func (t *task) fail(ctx context.Context, cause *journal.Cause) {
	if t.r.letGo() {
		t.postpone(ctx, t.p.o.Now().Add(t.in.Retry.Max), cause)
		return
	}
	t.r.Failure, t.r.Moved = cause, false
	t.r.Archive = t.p.places.choose(t.in.Outbox, failedDir, t.r.Set)
	err := t.step(stepMove, note{Why: cause.Message}, StateFailed, t.r.encode())
	if err == nil {
		err = t.finishFailed(ctx)
	}
	if err != nil {
		t.stop(ctx, err)
	}
}

// settle ends the claim. A journal that cannot be written keeps the job held, so it is tried until it can, or until
// the agent stops; then the job is due again at the next start.
func (t *task) settle(ctx context.Context, o journal.Outcome) {
	for n := 1; ; n++ {
		err := t.claim.Settle(o)
		t.p.nudge() // another set of the same declaration may be due now
		if err == nil || errors.Is(err, journal.ErrLost) || errors.Is(err, journal.ErrClosed) {
			return
		}
		t.p.log.Error("job not settled", "id", t.job.ID, "error", err)
		timer := time.NewTimer(transport.Backoff(time.Second, 30*time.Second, func() float64 { return 1 })(n))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// cause is an error as users are told of it.
func (p *Pipeline) cause(code reason.Code, err error) *journal.Cause {
	return &journal.Cause{Code: string(code), Message: reason.In(err, p.o.Language)}
}

// causeOf translates a client's error into the contract's codes.
func (p *Pipeline) causeOf(te *transport.Error) *journal.Cause {
	codes := map[transport.Kind]reason.Code{
		transport.NotFound: reason.NotFound, transport.Unauthorized: reason.Unauthorized,
		transport.LoginRefused: reason.Unauthorized, transport.Forbidden: reason.Forbidden,
		transport.Conflict: reason.ServerError, transport.Rejected: reason.Rejected, transport.TooLarge: reason.TooLarge,
		transport.Throttled: reason.ServerError, transport.Unavailable: reason.ServerError,
		transport.Server: reason.ServerError, transport.BadResponse: reason.BadResponse,
		transport.Timeout: reason.Timeout, transport.Network: reason.Network, transport.Local: reason.Disk,
	}
	code, ok := codes[te.Kind]
	if !ok {
		code = reason.Internal
	}
	detail := te.Message
	if detail == "" {
		detail = te.Excerpt
	}
	cause := p.cause(code, te)
	cause.Detail = detail
	return cause
}
