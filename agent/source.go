package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"kurir/agent/config"
	"kurir/agent/control"
	"kurir/agent/journal"
	"kurir/agent/poll"
	"kurir/agent/reason"
	"kurir/agent/upload"
)

var (
	_ control.Source  = (*Agent)(nil)
	_ control.Actions = (*Agent)(nil)
)

// Overview implements control.Source.
func (a *Agent) Overview(ctx context.Context) (control.Overview, error) {
	o := control.Overview{
		Running: a.running.Load(), Now: time.Now().In(a.cfg.Location()).Round(0), Version: a.o.Version, Config: a.cfg.Path,
		DataDir: a.cfg.DataDir, Language: string(a.lang),
		Journal: control.Journal{Path: JournalPath(a.cfg), Problem: a.damage},
	}
	o.Journal.Bytes, _ = a.store.Size()
	if o.Running {
		o.Since = a.since
	}
	counts := a.store.Counts()
	for _, in := range a.cfg.Inboxes {
		c := control.Inbox{Name: in.Name, Kind: in.Kind, Path: in.Path, Outbox: in.Outbox, Counts: map[string]int{}}
		for k, n := range counts {
			if k.Inbox == in.Name && k.Label != "" && k.Kind == journal.Kind(in.Kind) {
				c.Counts[k.Label] += n
			}
		}
		if a.upload != nil {
			if n, oldest := a.upload.Waiting(in.Name); n > 0 {
				c.Counts[upload.StateWaiting], c.OldestWaiting = n, oldest
			}
		}
		if a.poll != nil {
			if n, oldest := a.poll.Waiting(in.Name); n > 0 {
				c.Counts[upload.StateWaiting], c.OldestWaiting = n, oldest.In(a.cfg.Location())
			}
		}
		if since := a.vitals.waiting(in.Name); !since.IsZero() && (c.OldestWaiting.IsZero() || since.Before(c.OldestWaiting)) {
			c.OldestWaiting = since
		}
		if o.Running {
			a.watching(in.Name, &c)
		}
		if err := a.lastDone(ctx, in, &c); err != nil {
			return o, err
		}
		o.Inboxes = append(o.Inboxes, c)
	}
	for _, x := range []*api{a.bc, a.t2g} {
		if x != nil {
			o.APIs = append(o.APIs, a.apiState(x))
		}
	}
	o.Problems = a.problems(o)
	if o.Running {
		o.Alarms = a.alarmsNow()
	}
	return o, nil
}

// problems are the reasons for which not all work is done, with what to do.
func (a *Agent) problems(o control.Overview) []control.Problem {
	out := []control.Problem{}
	for _, in := range o.Inboxes {
		if !in.OfflineSince.IsZero() {
			out = append(out, a.problem("inbox "+in.Name, reason.FolderOffline, in.Path+": "+in.Reason, in.OfflineSince))
		}
	}
	out = append(out, a.diskProblems(o)...)
	for _, x := range o.APIs {
		if x.State == control.APIPaused || x.State == control.APIFailing && o.Now.Sub(x.Since) >= unwellFor {
			out = append(out, control.Problem{Subject: "api " + x.Name, Code: x.Code, Message: x.Message, Action: x.Action,
				WhoActs: x.WhoActs, Since: x.Since})
		}
	}
	if a.damage != "" {
		out = append(out, a.problem(control.SubjectJournal, reason.JournalDamaged, a.damage, a.since))
	}
	return out
}

// problem puts one into words; detail may be "".
func (a *Agent) problem(subject string, code reason.Code, detail string, since time.Time) control.Problem {
	words := reason.Of(code, a.lang)
	return control.Problem{Subject: subject, Code: string(code), Message: words.What + " (" + detail + ")", Action: words.Do,
		WhoActs: words.Who, Since: since}
}

// lastDone fills in when a set was last sent, or a document last ended.
func (a *Agent) lastDone(ctx context.Context, in config.Inbox, c *control.Inbox) error {
	done := journal.Filter{Kind: journal.Kind(in.Kind), Inbox: in.Name, Labels: []string{upload.StateSent}}
	if in.Kind == config.KindAju {
		done.Labels = []string{poll.Done}
	}
	done.Limit = 1
	jobs, err := a.store.Recent(ctx, done, journal.Place{})
	for _, j := range jobs {
		c.LastDone = j.Updated.In(a.cfg.Location())
	}
	return err
}

// watching fills in how an inbox is watched.
func (a *Agent) watching(name string, c *control.Inbox) {
	st := a.watchers[name].Status()
	c.Mode, c.Why, c.OfflineSince, c.Reason = string(st.Mode), st.Why, st.Offline, st.Reason
	c.Files, c.Skipped = st.Files, st.SkippedN
	for _, s := range st.Skipped {
		c.Skips = append(c.Skips, control.Skip{Path: s.Path, Reason: s.Reason})
	}
}

func (a *Agent) apiState(x *api) control.API {
	out := control.API{Name: x.name, URL: x.url, State: control.APIOK}
	st := x.gate.State()
	code, since := x.health.state()
	switch {
	case st.Paused:
		out.State, out.Since, out.Until = control.APIPaused, st.Since, st.Until
		if code = reason.Code(st.Code); !slices.Contains(reason.Codes(), code) {
			code = reason.ServerError // asked to wait: 429 or 503
		}
	case code != "":
		out.State, out.Since = control.APIFailing, since.In(a.cfg.Location())
	default:
		return out
	}
	words := reason.Of(code, a.lang)
	out.Code, out.Message, out.Action, out.WhoActs = string(code), words.What, words.Do, words.Who
	return out
}

// Sets implements control.Source.
func (a *Agent) Sets(ctx context.Context, q control.Query) (control.Sets, error) {
	after, err := journal.ParsePlace(q.After)
	if err != nil {
		return control.Sets{}, fmt.Errorf("%w: after: %w", control.ErrInvalid, err)
	}
	if a.upload == nil {
		return control.Sets{}, nil
	}
	found, next, err := a.upload.Sets(ctx, upload.Query{ID: q.ID, Inbox: q.Inbox, State: q.State, Search: q.Search,
		After: after, Limit: q.Limit})
	out := control.Sets{Sets: make([]control.Set, len(found)), Next: next.String()}
	for i, st := range found {
		out.Sets[i] = setOf(st)
	}
	return out, err
}

// Retry implements control.Actions. What cannot be tried again keeps nothing else from it: with the error come the ids of
// what is.
func (a *Agent) Retry(ctx context.Context, r control.RetryRequest) ([]string, error) {
	if len(r.IDs) == 0 && !r.Failed {
		return nil, fmt.Errorf("%w: name what to try again, or ask for all that failed", control.ErrInvalid)
	}
	var out []string
	var failed []error
	if a.upload != nil {
		ids, err := a.upload.Retry(ctx, r.IDs)
		out, failed = append(out, ids...), append(failed, err)
	}
	if a.poll != nil {
		ids, err := a.retryDocuments(ctx, r.IDs)
		out, failed = append(out, ids...), append(failed, err)
	}
	err := few(errors.Join(failed...))
	if len(out) == 0 && err == nil {
		return nil, control.ErrNoMatch
	}
	slices.Sort(out)
	return slices.Compact(out), err
}

// mostErrors is how many of many things that fail in one go are named.
const mostErrors = 20

// few names the first of many errors: ten thousand sets can fail for one reason.
func few(err error) error {
	if err == nil {
		return nil
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) <= mostErrors {
		return err
	}
	return fmt.Errorf("%s\n... (%d)", strings.Join(lines[:mostErrors], "\n"), len(lines))
}

// Send implements control.Actions. When the agent does not run, the pipelines work in this process until it returns.
func (a *Agent) Send(ctx context.Context, inbox string, paths []string, progress func(control.Set)) ([]control.Set, error) {
	inbox, err := a.inboxFor(inbox, config.KindXray)
	if err != nil {
		return nil, err
	}
	var out []control.Set
	err = a.working(ctx, func(ctx context.Context) error {
		found, err := a.upload.Send(ctx, inbox, paths, func(st upload.Status) {
			if progress != nil {
				progress(setOf(st))
			}
		})
		for _, st := range found {
			out = append(out, setOf(st))
		}
		if errors.Is(err, upload.ErrNoSet) {
			err = fmt.Errorf("%w: %w", control.ErrInvalid, err)
		}
		return err
	})
	return out, err
}

// inboxFor returns the inbox that is meant: the named one, or the only one of its kind.
func (a *Agent) inboxFor(name, kind string) (string, error) {
	var names []string
	for _, in := range a.cfg.Inboxes {
		if in.Kind == kind {
			names = append(names, in.Name)
		}
	}
	switch {
	case len(names) == 0:
		return "", fmt.Errorf("%w: the configuration has no inbox of kind %s", control.ErrInvalid, kind)
	case name == "" && len(names) == 1:
		return names[0], nil
	case name == "":
		return "", fmt.Errorf("%w: name the inbox with --inbox, one of %s", control.ErrInvalid, strings.Join(names, ", "))
	case !slices.Contains(names, name):
		return "", fmt.Errorf("%w: there is no inbox %q of kind %s, only %s", control.ErrInvalid, name, kind, strings.Join(names, ", "))
	}
	return name, nil
}

// working calls do while the pipelines work: they do already when the agent runs.
func (a *Agent) working(ctx context.Context, do func(context.Context) error) error {
	if a.running.Load() {
		return do(ctx)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		err := a.work(ctx)
		cancel()
		ended <- err
	}()
	err := do(ctx)
	cancel()
	if broken := <-ended; broken != nil {
		return broken
	}
	return err
}

// setOf translates a set's state for the control address.
func setOf(st upload.Status) control.Set {
	out := control.Set{
		Schema: st.Schema, Kind: st.Kind, ID: st.ID, Inbox: st.Inbox, Set: st.Set, State: st.State, NomorAju: st.NomorAju,
		NomorBlAwb: st.NomorBlAwb, TanggalBlAwb: st.TanggalBlAwb, KodeKantor: st.KodeKantor, Attempts: st.Attempts,
		FirstSeenAt: st.FirstSeenAt, UpdatedAt: st.UpdatedAt, SentAt: st.SentAt, NextAttemptAt: st.NextAttemptAt,
		WaitingFor: st.WaitingFor, Note: st.Note, OtherFiles: st.OtherFiles, Archive: st.Archive, Response: st.Response,
		Error: (*control.Error)(st.Error),
	}
	for _, im := range st.Images {
		out.Images = append(out.Images, control.Image{Name: im.Name, File: im.File, Bytes: im.Bytes, SHA256: im.SHA256,
			State: im.State, Via: im.Via, DuplicateOf: im.Of, At: im.At})
	}
	return out
}
