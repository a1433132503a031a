package upload

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"kurir/agent/journal"
	"kurir/agent/outbox"
	"kurir/agent/reason"
)

// Status is the latest state of a set: what status/SET.json holds.
type Status struct {
	Schema        int             `json:"schema"`
	Kind          string          `json:"kind"`
	ID            string          `json:"id"`
	Inbox         string          `json:"inbox"`
	Set           string          `json:"set"`
	State         string          `json:"state"`
	NomorAju      string          `json:"nomorAju,omitempty"`
	NomorBlAwb    string          `json:"nomorBlAwb,omitempty"`
	TanggalBlAwb  string          `json:"tanggalBlAwb,omitempty"`
	KodeKantor    string          `json:"kodeKantor,omitempty"`
	Images        []ImageInfo     `json:"images,omitempty"`
	Attempts      int             `json:"attempts,omitempty"`
	FirstSeenAt   time.Time       `json:"firstSeenAt,omitzero"`
	UpdatedAt     time.Time       `json:"updatedAt,omitzero"`
	SentAt        time.Time       `json:"sentAt,omitzero"`
	NextAttemptAt time.Time       `json:"nextAttemptAt,omitzero"`
	WaitingFor    []string        `json:"waitingFor,omitempty"`
	Note          string          `json:"note,omitempty"` // what it waits for, in words
	OtherFiles    []string        `json:"otherFiles,omitempty"`
	Archive       string          `json:"archive,omitempty"` // where the originals are, relative to the outbox
	Response      json.RawMessage `json:"response,omitempty"`
	Error         *Failure        `json:"error,omitempty"`
}

// ImageInfo is one photo of a set.
type ImageInfo struct {
	Name   string    `json:"name"`           // as it is sent
	File   string    `json:"file,omitempty"` // its path in the set, where that differs
	Bytes  int64     `json:"bytes"`
	SHA256 string    `json:"sha256,omitempty"`
	State  string    `json:"state"`
	Via    string    `json:"via,omitempty"`
	Of     string    `json:"duplicateOf,omitempty"` // the name under which the same content was sent
	At     time.Time `json:"at,omitzero"`
}

// Failure is why a set waits or has failed, and what to do.
type Failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Action  string `json:"action"`
	WhoActs string `json:"whoActs"` // operator, IT, broker, customs or nobody, in words
}

// statusOf describes a job to its users.
func (p *Pipeline) statusOf(job journal.Job, r *Record) Status {
	st := Status{
		Schema: 1, Kind: "xray", ID: job.ID, Inbox: job.Inbox, Set: r.Set, State: job.Label,
		NomorAju: r.Declaration.NomorAju, NomorBlAwb: r.Declaration.NomorBlAwb, TanggalBlAwb: r.Declaration.TanggalBlAwb,
		KodeKantor: r.Declaration.KodeKantor, Images: p.images(r, job.Label, false), Attempts: r.Attempts,
		FirstSeenAt: p.local(r.FirstSeen), UpdatedAt: p.local(job.Updated), OtherFiles: r.others(), Response: r.Response,
	}
	if job.Label == StateRetrying {
		st.NextAttemptAt = p.local(job.Due)
	}
	if job.Label == StateSent || job.Label == StateFailed {
		st.Archive = r.Archive
	}
	if job.Label == StateSent {
		st.SentAt = p.local(r.SentAt)
		if job.State == journal.Done && p.deletes(job.Inbox) {
			st.Archive = ""
		}
	}
	st.Error = p.failure(job.Cause)
	return st
}

func (p *Pipeline) deletes(inbox string) bool {
	in, ok := p.inbox(inbox)
	return ok && in.Delete
}

// failure puts a cause into words.
func (p *Pipeline) failure(c *journal.Cause) *Failure {
	if c == nil {
		return nil
	}
	t := reason.Of(reason.Code(c.Code), p.o.Language)
	return &Failure{Code: c.Code, Message: strings.TrimSpace(t.What + " (" + c.Message + ")"), Action: t.Do, WhoActs: t.Who}
}

// images describes a record's photos; with here, only those whose files move now.
func (p *Pipeline) images(r *Record, label string, here bool) []ImageInfo {
	var out []ImageInfo
	for _, im := range r.Images {
		if here && !im.Here || !im.Here && im.State != imageSent && im.State != imageDuplicate {
			continue
		}
		info := ImageInfo{Name: im.Name, Bytes: im.Size, SHA256: im.SHA256, State: im.State, Via: im.Via, Of: im.Of, At: p.local(im.At)}
		base := filepath.Base(im.Path)
		if info.Name == "" || im.State == imageDuplicate {
			info.Name = base
		}
		if inside := r.inside(im.Path); inside != info.Name {
			info.File = inside
		}
		if label == StateFailed && im.State == imageWaiting {
			info.State = imageFailed
		}
		out = append(out, info)
	}
	return out
}

// showCost times the number of photos in a set is how long it is before what has been sent of it is shown again: thousands of
// photos are not described anew after every twenty of them.
const showCost = 50 * time.Microsecond

// showSending shows that the set is being sent, and what of it has been.
func (t *task) showSending() {
	now := t.p.o.Now()
	if now.Sub(t.shown) < time.Duration(len(t.r.Images))*showCost {
		return
	}
	t.shown = now
	t.showState(StateSending, nil, time.Time{})
}

// showState writes the status of the claimed job, soon.
func (t *task) showState(label string, cause *journal.Cause, due time.Time) {
	if t.r.Superseded {
		return
	}
	job := t.job
	job.Label, job.Cause, job.Due, job.Updated = label, cause, due, t.p.o.Now()
	t.p.status.later(t.p.statusOf(job, t.r), t.in.Outbox)
}

// showTaken shows that a set is accepted. While the API is paused it says so at once.
func (p *Pipeline) showTaken(in Inbox, set string, r *Record) {
	now := p.o.Now()
	job := journal.Job{ID: id(in.Name, set), Inbox: in.Name, Label: StateReady, State: journal.Active, Updated: now}
	if g := p.o.Gate.State(); g.Paused {
		job.Label, job.Due, job.Cause = StateRetrying, g.Until, p.pauseCause(g.Code)
	}
	p.status.later(p.statusOf(job, r), in.Outbox)
}

// pauseCause is why a set waits that has not been tried itself.
func (p *Pipeline) pauseCause(code string) *journal.Cause {
	if !slices.Contains(reason.Codes(), reason.Code(code)) {
		code = string(reason.ServerError) // asked to wait: 429 or 503
	}
	return &journal.Cause{Code: code, Message: reason.APIPaused.With().In(p.o.Language)}
}

// showPause tells every set that is ready that the API is paused.
func (p *Pipeline) showPause(ctx context.Context, cause *journal.Cause, until time.Time) {
	after := ""
	for {
		jobs, err := p.o.Store.List(ctx, journal.Filter{
			Kind: journal.Xray, State: journal.Active, Labels: []string{StateReady}, After: after, Limit: 500,
		})
		if err != nil || len(jobs) == 0 {
			return
		}
		for _, j := range jobs {
			after = j.Key
			r, _, err := load(j)
			in, ok := p.inbox(j.Inbox)
			if err != nil || !ok {
				continue
			}
			if now, err := p.o.Store.Get(ctx, journal.Xray, j.Key); err != nil || now.Label != StateReady {
				continue // it has gone on since it was listed
			}
			j.Label, j.Cause, j.Due = StateRetrying, p.pauseCause(cause.Code), until
			p.status.later(p.statusOf(j, r), in.Outbox)
		}
	}
}

// report shows that a set waits, in its status file and in the lists. The status of a set that is being worked on is its
// job's to show.
func (in *intake) report(ctx context.Context, s snapshot, v verdict, now time.Time) {
	w, changed := in.note(s, v)
	if changed && !in.atWork(ctx, id(in.in.Name, s.key.name)) {
		in.p.status.later(in.statusOf(s.key, w), in.in.Outbox)
		in.mu.Lock()
		in.shown[s.key] = true
		in.mu.Unlock()
	}
	in.mu.Lock()
	long := !in.alone[s.key] && len(s.files) > 0 && !s.first.Add(aloneAfter).After(now)
	if long {
		in.alone[s.key] = true
	}
	in.mu.Unlock()
	if long {
		in.p.log.Warn("set waits for its partner", "id", id(in.in.Name, s.key.name),
			"waiting_for", reason.Few(v.waitingFor, reason.English), "since", s.first)
	}
}

// atWork reports whether there is an active job of a set.
func (in *intake) atWork(ctx context.Context, id string) bool {
	jobs, err := in.p.o.Store.List(ctx, journal.Filter{Kind: journal.Xray, ID: id, State: journal.Active, Limit: 1})
	return err == nil && len(jobs) > 0
}

// withdraw forgets a set whose files have gone from the inbox. One that was only waiting leaves no status behind, unless
// the journal knows an earlier one of that name: then its status is shown again.
func (in *intake) withdraw(ctx context.Context, k setKey) {
	in.mu.Lock()
	w := in.waiting[k]
	shown := in.shown[k]
	delete(in.waiting, k)
	delete(in.alone, k)
	delete(in.shown, k)
	delete(in.taken, k)
	in.mu.Unlock()
	if w != nil && shown {
		in.showLatest(ctx, in.statusOf(k, w))
	}
}

// showLatest shows what the journal knows of a set that is not there any more; its status goes when that is nothing.
func (in *intake) showLatest(ctx context.Context, st Status) {
	jobs, err := in.p.o.Store.List(ctx, journal.Filter{Kind: journal.Xray, ID: st.ID})
	if err != nil {
		return // the agent is ending, or the journal says so elsewhere
	}
	if len(jobs) == 0 {
		in.p.status.drop(st, in.in.Outbox)
		return
	}
	latest := slices.MaxFunc(jobs, func(a, b journal.Job) int { return a.Updated.Compare(b.Updated) })
	if r, _, err := load(latest); err == nil && latest.State != journal.Active {
		in.p.status.later(in.p.statusOf(latest, r), in.in.Outbox)
	}
}

func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// statusFile returns the file of a set's status: SET.json, or SET~2.json and so on where another id has that name, or had it when
// the set got its file. given tells of names that were given to another id but not written yet.
func statusFile(out, set, id string, given func(file string) bool) (string, error) {
	free := ""
	for n := 1; ; n++ {
		name := filepath.Join(out, statusDir, outbox.Numbered(outbox.SafeName(set+".json"), n))
		if given(name) {
			continue
		}
		b, err := outbox.Read(name)
		switch {
		case errors.Is(err, fs.ErrNotExist) && free == "":
			free = name
			continue
		case errors.Is(err, fs.ErrNotExist):
			return free, nil
		case err != nil:
			return name, err
		}
		var who struct {
			ID string `json:"id"`
		}
		if json.Unmarshal(b, &who) == nil && who.ID == id {
			return name, nil
		}
	}
}
