package poll

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"kurir/agent/journal"
	"kurir/agent/reason"
	"kurir/agent/t2g"
	"kurir/agent/transport"
)

const (
	stepPoll  = "poll"
	mostSteps = 16 // a document keeps no longer history than that
	keepSteps = 4
)

// task is one poll of one document.
type task struct {
	p      *Pipeline
	in     Inbox
	claim  journal.Claim
	job    journal.Job
	rec    *record
	folder string // of the document
	pass   *transport.Pass
	before string // its row in a summary before the poll

	asked  bool              // statusrespon was asked: no later poll may come before its time
	shown  *t2g.StatusAnswer // what statusrespon said this time; nil when it said nothing
	result result
}

// work polls a claimed document once and settles the claim. What happens meanwhile is repeatable at any point: nothing
// is remembered as delivered before it is, and what was delivered is found again.
func (p *Pipeline) work(ctx context.Context, claim journal.Claim, pass *transport.Pass) {
	defer pass.Leave(transport.Neutral)
	t := &task{p: p, claim: claim, job: claim.Job(), pass: pass}
	in, ok := p.inboxes[t.job.Inbox]
	if !ok { // the configuration has lost it; it may come back
		t.settle(ctx, journal.Outcome{State: journal.Active, Due: p.o.Now().Add(time.Hour), Cause: t.job.Cause})
		return
	}
	t.in = in
	rec, err := decodeRecord(t.job)
	if err != nil {
		t.settle(ctx, journal.Outcome{State: journal.Failed, Label: Failed, Cause: p.cause(reason.Internal, err)})
		return
	}
	t.rec = rec
	t.before = t.row(t.job.Label, t.job.Cause)
	if err := p.disks.Trouble(in.Guard); err != nil {
		t.waitForDisk(ctx, err)
		return
	}
	if !rec.Busy.IsZero() {
		t.putOff(ctx) // nobody knows whether the request had left
		return
	}
	rec.Busy = p.o.Now()
	if err := claim.Step(journal.Step{Name: stepPoll, At: rec.Busy, Data: rec.encode()}); err != nil {
		p.log.Error("poll not begun", "id", t.job.ID, "error", err)
		t.putOff(ctx)
		return
	}
	t.poll(ctx)
	switch {
	case ctx.Err() != nil:
		t.putOff(ctx)
	case !inPause(t.result.err):
		t.finish(ctx)
	case t.asked:
		t.putOff(ctx)
	default:
		t.giveBack(ctx, p.o.Now()) // it waits for the end of the pause with all others
	}
}

// inPause reports whether a request was not made because T2G wants to be left alone since the poll began.
func inPause(err error) bool {
	te, ok := errors.AsType[*transport.Error](err)
	return ok && te.Kind == transport.Paused
}

// putOff settles a poll that was interrupted: it is asked again after its whole interval, as if it had been answered
// now, so that it is never asked faster than its pace.
func (t *task) putOff(ctx context.Context) {
	t.giveBack(ctx, t.p.o.Now().Add(max(t.rec.Interval, t.in.Pace.First)))
}

// giveBack settles a poll that came to nothing as due at a time. Of an answer that came nothing is remembered but what has been
// delivered: the next poll finds the same changes.
func (t *task) giveBack(ctx context.Context, due time.Time) {
	delivered := t.rec.Delivered
	if rec, err := decodeRecord(t.job); err == nil {
		t.rec = rec
	}
	t.rec.Delivered, t.rec.Busy = delivered, time.Time{}
	t.settle(ctx, journal.Outcome{State: journal.Active, Due: due, Cause: t.job.Cause, Data: t.rec.encode()})
}

// poll asks T2G, and brings what is new to the outbox.
func (t *task) poll(ctx context.Context) {
	ctx, cancel := context.WithCancel(transport.WithPass(ctx, t.pass))
	defer cancel()
	defer context.AfterFunc(t.claim.Context(), cancel)() // a lost claim ends the work on it
	t.result = t.ask(ctx)
	t.result.lang = t.p.o.Language
	if te, ok := errors.AsType[*transport.Error](t.result.err); ok {
		t.pass.Leave(verdict(te))
	} else {
		t.pass.Leave(transport.OK)
	}
	if t.result.err == nil || inPause(t.result.err) {
		return
	}
	t.explain(t.result.err)
	t.p.log.Warn("poll failed", "id", t.job.ID, "code", t.result.cause.Code, "error", t.result.err)
}

// ask makes the requests of one poll.
func (t *task) ask(ctx context.Context) result {
	var err error
	if t.folder, err = t.p.documentFolder(t.in, t.job.ID, t.rec); err != nil {
		return result{err: err}
	}
	answer, err := t.p.o.Client.StatusRespon(ctx, t.rec.CAR, t.rec.Kode)
	t.asked = !inPause(err)
	if keep := t.keep(statusAnswer, answer.Raw, err); keep != nil {
		return result{err: keep}
	}
	if te, ok := errors.AsType[*transport.Error](err); ok && te.Kind == transport.NotFound {
		answer, err = t2g.StatusAnswer{Note: te.Message}, nil
	}
	if err != nil {
		return result{err: err}
	}
	t.report("statusrespon", answer.Unknown)
	t.rec.Note = bounded(t.p.note(answer.Note), maxKeptNote)
	if !answer.Found { // what was known stays known
		return result{complete: !t.rec.DoneAt.IsZero()}
	}
	t.shown = &answer
	r := result{changed: t.understand(answer)}
	more, err := t.collect(ctx, answer.Responses)
	r.changed = r.changed || more
	r.err = err
	matches, _ := match(answer.Responses, t.rec.Delivered)
	r.complete = !slices.ContainsFunc(matches, func(m []delivery) bool { return len(m) == 0 })
	return r
}

// understand takes over what statusrespon says, and reports whether it differs from the last time.
func (t *task) understand(a t2g.StatusAnswer) (changed bool) {
	rec := t.rec
	rec.Status, rec.Uraian = a.Status, bounded(a.StatusUraian, maxKeptNote)
	for _, s := range a.Statuses {
		t.reportCode(knownStatus, "kodeStatus", s.KodeStatus)
		rec.register(s.NomorDaftar, s.TanggalDaftar)
	}
	for _, r := range a.Responses {
		t.reportCode(knownRespon, "kodeRespon", r.KodeRespon)
		rec.register(r.NomorDaftar, r.TanggalDaftar)
	}
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %q", a.Status, a.StatusUraian, a.Statuses)
	for _, r := range a.Responses {
		pdf := r.PDF
		r.PDF = nil
		fmt.Fprintf(h, "%q", r)
		h.Write(pdf)
	}
	seen := hex.EncodeToString(h.Sum(nil)[:8])
	changed = seen != rec.Seen
	rec.Seen = seen
	return changed
}

// register takes over a registration, unless the answer leaves it out.
func (r *record) register(number, date string) {
	if number != "" {
		r.Daftar = bounded(number, maxKeptNote)
	}
	if date != "" {
		r.Tgl = bounded(date, maxKeptNote)
	}
}

// finish settles a poll that was answered, or failed.
func (t *task) finish(ctx context.Context) {
	now := t.p.o.Now()
	t.rec.Polls++
	t.rec.Last = now
	out := t.in.Pace.settle(t.rec, t.result, now)
	doc, err := t.show(t.after(out, now))
	if err != nil && (out.State != journal.Active || !t.rec.DoneAt.IsZero()) {
		out = t.comeAgain(out, err, now)
		doc = t.p.document(t.after(out, now), t.rec, &doc)
	}
	if t.result.changed || t.before != t.row(out.Label, out.Cause) {
		t.rec.Changed = now
	}
	out.Data = t.rec.encode()
	job := t.after(out, now)
	settled := t.settle(ctx, out)
	if t.rec.Changed.Equal(now) {
		t.p.log.Info("document changed", "id", job.ID, "state", job.Label, "status", t.rec.Status, "responses", len(t.rec.Delivered))
		for _, list := range t.rec.Lists {
			t.p.summaries.mark(t.in, list)
		}
	}
	if !settled {
		return // its outcome is in the journal or it is not; either way the document is polled again
	}
	t.p.o.Observe(t.event(job))
	t.trim(ctx)
	t.p.settled(job)
	if t.p.o.OnDocument != nil {
		t.p.o.OnDocument(doc)
	}
}

// after is the document's job as it is once an outcome has been settled.
func (t *task) after(out journal.Outcome, now time.Time) journal.Job {
	job := t.job
	job.State, job.Label, job.Due, job.Cause, job.Updated = out.State, out.Label, out.Due, out.Cause, now
	return job
}

// comeAgain has a document polled soon that has come to its end, or been polled behind it, and whose status file could not be
// written: nothing would write it later, or not for long. The next poll comes to the same outcome, with all that the file tells.
func (t *task) comeAgain(out journal.Outcome, unwritten error, now time.Time) journal.Outcome {
	t.rec.Interval = min(t.rec.Interval, t.in.Pace.Max)
	out.Due = now.Add(max(t.rec.Interval, t.result.wait))
	if out.State != journal.Active {
		t.result.cause = t.p.cause(reason.Disk, unwritten)
		out.State, out.Label, out.Cause = journal.Active, Retrying, t.result.cause
	}
	return out
}

// row is what a summary shows of the document, to see whether it has changed.
func (t *task) row(label string, c *journal.Cause) string {
	code := ""
	if c != nil {
		code = c.Code
	}
	return fmt.Sprintf("%q", []string{label, code, t.rec.Status, t.rec.Uraian, t.rec.Daftar, t.rec.Tgl})
}

// show writes the status file. One that cannot be written is reported, and is written with the next poll.
func (t *task) show(job journal.Job) (Document, error) {
	if t.folder == "" {
		return t.p.document(job, t.rec, nil), t.result.err
	}
	if err := t.in.Guard.Ready(); err != nil {
		return t.p.document(job, t.rec, nil), err
	}
	before, err := readDocument(t.folder)
	doc := t.p.document(job, t.rec, before)
	if t.shown != nil {
		doc.Responses = t.p.responses(t.shown.Responses, t.rec.Delivered)
		doc.Statuses = statuses(t.shown.Statuses)
	}
	if err == nil {
		err = writeDocument(t.folder, doc)
	}
	if err != nil && !t.in.Guard.Failed(err) {
		t.p.log.Error("status not written", "id", job.ID, "error", err)
	}
	t.p.released(t.folder)
	return doc, err
}

// settle ends the claim. A journal that cannot be written keeps the document held, so it is tried until it can, or
// until the agent stops; then the document is due again at the next start.
func (t *task) settle(ctx context.Context, o journal.Outcome) bool {
	for n := 1; ; n++ {
		err := t.claim.Settle(o)
		if err == nil {
			t.p.Wake() // it may be due before those that the others wait for
			return true
		}
		if errors.Is(err, journal.ErrLost) || errors.Is(err, journal.ErrClosed) {
			return false
		}
		t.p.log.Error("document not settled", "id", t.job.ID, "error", err)
		timer := time.NewTimer(transport.Backoff(time.Second, 30*time.Second, nil)(n))
		select {
		case <-ctx.Done():
			timer.Stop()
			return false
		case <-timer.C:
		}
	}
}

// trim drops the older steps of a document that has been polled often.
func (t *task) trim(ctx context.Context) {
	if len(t.job.Steps) < mostSteps {
		return
	}
	err := t.p.o.Store.Update(ctx, t.job.Kind, t.job.Key, func(j *journal.Job) error {
		j.Steps = j.Steps[max(0, len(j.Steps)-keepSteps):]
		return nil
	})
	if err != nil && !errors.Is(err, journal.ErrHeld) && ctx.Err() == nil {
		t.p.log.Warn("history not shortened", "id", t.job.ID, "error", err)
	}
}

// report says once what an answer holds that the API does not describe.
func (t *task) report(op string, fields []string) {
	for _, f := range fields {
		if t.p.reported.first(op + " " + f) {
			t.p.log.Warn("unknown field in answer", "id", t.job.ID, "op", op, "field", printable(f))
		}
	}
}

func (t *task) reportCode(known map[string]bool, field, code string) {
	if code != "" && !known[code] && t.p.reported.first(field+"="+code) {
		t.p.log.Warn("unknown code in answer", "id", t.job.ID, "field", field, "value", printable(code))
	}
}
