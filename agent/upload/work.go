package upload

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"time"

	"kurir/agent/beacukai"
	"kurir/agent/journal"
	"kurir/agent/reason"
	"kurir/agent/transport"
)

// task is one claimed job being worked on, by one goroutine.
type task struct {
	p     *Pipeline
	pass  *transport.Pass
	claim journal.Claim
	job   journal.Job // as it was claimed, without its data and steps
	in    Inbox
	r     *Record
	open  *intent // a request whose outcome is not known
	mem   *memory

	planned bool      // plan holds: nothing has come since but confirmations of what it had sent
	has     *bool     // whether the server holds a set for the declaration, as far as it was asked in this claim
	turns   int       // requests repeated within this claim, against going round in circles
	asked   bool      // the server was reached out to
	shown   time.Time // when it was last shown what has been sent
	notNow  time.Time // when to try again, where the server or the grace says so
	why     error     // what has ended the work, for the log; nil while nothing has
}

// maxTurns bounds how often one claim may send the same images again after the server has contradicted itself.
const maxTurns = 3

// work takes a claimed job as far as it gets, and settles it.
func (p *Pipeline) work(ctx context.Context, pass *transport.Pass, claim journal.Claim) {
	t := &task{p: p, pass: pass, claim: claim}
	defer pass.Leave(transport.Neutral) // has no effect after another verdict
	ctx = transport.WithPass(ctx, pass)
	job := claim.Job()
	t.job = job
	t.job.Data, t.job.Steps = nil, nil
	defer p.announce(job.Key)
	r, open, err := load(job)
	if err != nil {
		t.settle(ctx, journal.Outcome{State: journal.Failed, Label: StateFailed,
			Cause: p.cause(reason.Internal, err)})
		return
	}
	t.r, t.open = r, open
	in, ok := p.inbox(job.Inbox)
	if !ok {
		t.postpone(ctx, p.o.Now().Add(time.Hour), &journal.Cause{Code: string(reason.Internal),
			Message: reason.NoInbox.With(job.Inbox).In(p.o.Language)})
		return
	}
	t.in = in
	t.r.follow(in)
	if err := t.run(ctx); err != nil {
		t.stop(ctx, err)
	}
}

// run sends what is missing and moves the files. Any error ends the claim in stop.
func (t *task) run(ctx context.Context) error {
	if err := t.p.disks.Trouble(t.in.Guard); err != nil {
		return err
	}
	if t.r.Failure != nil {
		return t.finishFailed(ctx)
	}
	if err := t.remember(ctx); err != nil {
		return err
	}
	for {
		if !t.planned {
			plan(t.r, t.mem, t.open)
			t.planned = true
		}
		if t.mustAsk() {
			if err := t.reconcile(ctx); err != nil {
				return err
			}
			continue
		}
		next := batch(t.r, t.in)
		if len(next) == 0 {
			break
		}
		if err := t.send(ctx, next); err != nil {
			return err
		}
	}
	return t.finishSent(ctx)
}

// remember learns what other jobs of the same declaration have sent, those included that the journal has let go.
func (t *task) remember(ctx context.Context) error {
	t.mem = newMemory()
	job := t.job
	if job.Group == "" {
		return nil
	}
	others, err := t.p.o.Store.List(ctx, journal.Filter{Kind: journal.Xray, Group: job.Group})
	if err != nil {
		return err
	}
	for _, o := range others {
		if o.Key == job.Key {
			continue
		}
		o, err := t.p.o.Store.Get(ctx, journal.Xray, o.Key) // with its steps
		if errors.Is(err, journal.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		r, open, err := load(o)
		if err != nil {
			return err
		}
		t.mem.learn(r, open)
	}
	return t.rememberTrace(ctx, job.Group)
}

// mustAsk reports whether the server must be asked what has arrived before anything is sent.
func (t *task) mustAsk() bool {
	if t.open != nil {
		return true
	}
	if t.has == nil && t.serverHas() && t.olderThanJournal() {
		return true
	}
	for _, i := range t.r.pending() {
		if _, ok := t.mem.maybe[t.r.Images[i].SHA256]; ok {
			return true
		}
	}
	return false
}

// olderThanJournal reports whether a photo to be sent was there before the journal was begun. A journal that was lost may
// have known that it was sent. A kirim would be refused then (409), but an add would not.
func (t *task) olderThanJournal() bool {
	return slices.ContainsFunc(t.r.pending(), func(i int) bool {
		return t.r.Images[i].ModTime.Before(t.p.births[t.in.Name])
	})
}

// send sends one request: an intent before, an answer after.
func (t *task) send(ctx context.Context, indexes []int) error {
	if err := t.present(indexes); err != nil {
		return err
	}
	op, call := viaKirim, t.p.o.Client.Kirim
	if t.serverHas() {
		op, call = viaAdd, t.p.o.Client.Add
	}
	names := make([]string, len(indexes))
	images := make([]beacukai.Image, len(indexes))
	for k, i := range indexes {
		im := t.r.Images[i]
		names[k] = im.Name
		images[k] = beacukai.Image{Name: im.Name, Path: t.r.path(im.Path), ContentType: im.Type, Size: im.Size, ModTime: im.ModTime}
	}
	sent := note{Op: op, Images: indexes, Names: names}
	if err := t.step(stepIntent, sent, StateSending, nil); err != nil {
		return err
	}
	t.showSending()
	ans, err := call(ctx, t.r.Declaration, images)
	t.reached(err)
	if err != nil {
		return t.refused(ctx, op, indexes, err)
	}
	t.pass.Leave(transport.OK)
	if ans.Count != len(indexes) {
		t.planned = false
		t.p.log.Warn("count differs", "id", t.job.ID, "op", op, "sent", len(indexes), "jumlah_foto_terupload", ans.Count)
		if err := t.step(stepUnknown, note{Op: op, Status: ans.Status, Raw: ans.Raw, Why: "the count differs"}, "", nil); err != nil {
			return err
		}
		t.open = &intent{note: sent} // an answer came: nothing is under way any more
		return t.turn()
	}
	t.has = ptr(true)
	sent.Status, sent.Raw = ans.Status, ans.Raw
	return t.confirm(stepAnswer, sent)
}

// confirm records what the server has confirmed and, with the last image, where the files are to move.
func (t *task) confirm(name string, n note) error {
	s := t.newStep(name, n)
	t.open = t.r.fold(s, n, t.open)
	t.r.NotFound = time.Time{}
	if len(t.r.pending()) == 0 && t.r.Archive == "" {
		t.decideSent()
		s.Data = t.r.encode()
	}
	return t.claim.Step(s)
}

// refused deals with a request that did not succeed. nil: go on within this claim.
func (t *task) refused(ctx context.Context, op string, indexes []int, err error) error {
	if ctx.Err() != nil {
		return ctx.Err() // cut by the end of the agent: the open intent is asked about at the next start
	}
	t.planned = false
	te, ok := errors.AsType[*transport.Error](err)
	if !ok {
		return err
	}
	switch te.Kind {
	case transport.NotFound, transport.Conflict, transport.Rejected, transport.TooLarge:
		t.pass.Leave(transport.OK) // whoever asked was let in
	}
	if te.Unknown {
		if err := t.step(stepUnknown, note{Op: op, Status: te.Status, Raw: raw(te), Why: te.Error()}, "", nil); err != nil {
			return err
		}
		if te.Kind != transport.Unavailable && te.Kind != transport.Throttled {
			return t.clear(ctx, te)
		}
		return te
	}
	if err := t.step(stepVoid, note{Op: op, Status: te.Status, Raw: raw(te), Why: te.Error()}, "", nil); err != nil {
		return err
	}
	switch {
	case te.Kind == transport.Conflict:
		t.has = ptr(true)
		if err := t.turn(); err != nil {
			return errors.Join(te, err)
		}
		return t.reconcile(ctx)
	case te.Kind == transport.NotFound && op == viaAdd:
		t.has = ptr(false)
		return t.turn()
	case te.Kind == transport.TooLarge && len(indexes) > 1:
		t.r.PerBatch = (len(indexes) + 1) / 2
		return nil
	}
	return te
}

// clear asks at once what became of a request with an unknown outcome. Only when everything has arrived does the claim
// go on; what is missing is sent later, at the pace of retries.
func (t *task) clear(ctx context.Context, cause *transport.Error) error {
	if err := t.reconcile(ctx); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !t.notNow.IsZero() {
			return cause
		}
		return errors.Join(cause, err)
	}
	if len(t.r.pending()) > 0 {
		return cause
	}
	return nil
}

// turn counts a repetition within this claim.
func (t *task) turn() error {
	if t.turns++; t.turns > maxTurns {
		return &transport.Error{Kind: transport.BadResponse, Op: "get",
			Message: reason.Contradicts.With().In(t.p.o.Language)}
	}
	return nil
}

// serverHas decides between kirim and add.
func (t *task) serverHas() bool {
	if t.has != nil {
		return *t.has
	}
	return t.mem.any || t.r.anySent()
}

// errFiles is a set whose files are not there as they were accepted.
var errFiles = errors.New("the files of the set are not as they were")

// wrong is an error in the words of the catalogue; in English where nobody asks for another language.
type wrong struct {
	words reason.Phrase
	err   error // what it is, for errors.Is; may be nil
}

func (w wrong) Error() string                  { return w.words.In(reason.English) }
func (w wrong) In(lang reason.Language) string { return w.words.In(lang) }
func (w wrong) Unwrap() error                  { return w.err }

// present checks the files of a request before anything is promised about them.
func (t *task) present(indexes []int) error {
	for _, i := range indexes {
		im := t.r.Images[i]
		st, err := os.Lstat(t.r.path(im.Path))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return wrong{reason.FileGone.With(im.Path), errFiles}
		case err != nil:
			return wrong{reason.FilesOther.With(err), errFiles}
		case st.Size() != im.Size || !st.ModTime().Equal(im.ModTime) || !st.Mode().IsRegular():
			return wrong{reason.FileChanged.With(im.Path), errFiles}
		}
	}
	return nil
}

// step records s durably and folds it.
func (t *task) step(name string, n note, label string, data json.RawMessage) error {
	s := t.newStep(name, n)
	s.Label, s.Data = label, data
	if err := t.claim.Step(s); err != nil {
		return fmt.Errorf("record step %s: %w", name, err)
	}
	t.open = t.r.fold(s, n, t.open)
	return nil
}

func (t *task) newStep(name string, n note) journal.Step {
	b, err := json.Marshal(n)
	if err != nil {
		b = []byte(`{}`) // a raw answer that is no JSON after all: the step counts, not its words
	}
	return journal.Step{Name: name, At: t.p.o.Now(), Note: b}
}

// reached counts an attempt, once a claim. err is how a request ended; one that was not made is none.
func (t *task) reached(err error) {
	if te, ok := errors.AsType[*transport.Error](err); ok && te.Kind == transport.Paused {
		return
	}
	if !t.asked {
		t.asked = true
		t.r.Attempts++
	}
}

// raw is an error's answer, where it is JSON.
func raw(te *transport.Error) json.RawMessage {
	if json.Valid(te.Raw) {
		return te.Raw
	}
	return nil
}

func ptr[T any](v T) *T { return &v }

// others returns the names of the files that go along unsent.
func (r *Record) others() []string {
	var out []string
	for _, f := range r.Files {
		if f.Other {
			out = append(out, path.Base(f.Path))
		}
	}
	return slices.Compact(out)
}
