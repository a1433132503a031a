package upload

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"kurir/agent/journal"
	"kurir/agent/outbox"
	"kurir/watcher"
)

const (
	receiptSuffix = ".receipt.json"
	errorSuffix   = ".error.json"
)

// Receipt is what stands beside the originals of a sent set: what was sent when, and the server's answers.
type Receipt struct {
	Schema       int         `json:"schema"`
	Kind         string      `json:"kind"`
	ID           string      `json:"id"`
	Inbox        string      `json:"inbox"`
	Set          string      `json:"set"`
	NomorAju     string      `json:"nomorAju"`
	NomorBlAwb   string      `json:"nomorBlAwb"`
	TanggalBlAwb string      `json:"tanggalBlAwb"`
	KodeKantor   string      `json:"kodeKantor"`
	Images       []ImageInfo `json:"images"`
	Sidecar      string      `json:"sidecar,omitempty"` // its path in the set; "" for photos that came later without one
	OtherFiles   []string    `json:"otherFiles,omitempty"`
	Deleted      bool        `json:"deleted,omitempty"`   // the originals were to be deleted, not archived
	Elsewhere    bool        `json:"elsewhere,omitempty"` // the originals have gone on as another set
	FirstSeenAt  time.Time   `json:"firstSeenAt"`
	SentAt       time.Time   `json:"sentAt"`
	Answers      []Reply     `json:"answers"`
}

// ReasonFile is what stands beside the originals of a failed set: why it failed, who must act and what to do.
type ReasonFile struct {
	Schema   int             `json:"schema"`
	Kind     string          `json:"kind"`
	ID       string          `json:"id"`
	Inbox    string          `json:"inbox"`
	Set      string          `json:"set"`
	NomorAju string          `json:"nomorAju,omitempty"`
	At       time.Time       `json:"at"`
	Files    []string        `json:"files"` // the originals, by their paths in the set
	Error    *Failure        `json:"error"`
	Response json.RawMessage `json:"response,omitempty"` // the server's last answer, verbatim
}

// Reply is one answer of the server, verbatim.
type Reply struct {
	Op       string          `json:"op"` // kirim, add or get
	At       time.Time       `json:"at"`
	Images   []string        `json:"images,omitempty"` // the names that it confirmed
	Response json.RawMessage `json:"response,omitempty"`
}

// decideSent chooses, once, when and whereto the files of a sent set move.
func (t *task) decideSent() {
	t.r.SentAt = t.p.o.Now()
	if t.r.letGo() {
		t.r.SentAt = t.r.confirmed() // before the set was that its files have gone on as
	}
	day := t.r.SentAt.In(t.p.o.Location).Format(time.DateOnly)
	t.r.Archive = t.p.places.choose(t.in.Outbox, path.Join(sentDir, day), t.r.Set)
}

// finishSent writes the receipt, moves the files, and settles the job as done. Every part may be repeated.
func (t *task) finishSent(ctx context.Context) error {
	if t.r.letGo() && t.r.Archive == "" && !t.r.confirmed().After(t.r.SentAt) {
		return t.endLetGo(ctx)
	}
	if t.r.Archive == "" { // nothing had to be sent: all are duplicates, or were confirmed before
		t.decideSent()
		if err := t.step(stepMove, note{}, "", t.r.encode()); err != nil {
			return err
		}
	}
	if err := t.p.disks.Trouble(t.in.Guard); err != nil { // it may have gone since the first request
		return err
	}
	job := t.claim.Job()
	receipt := t.p.receipt(job, t.r)
	job.Label, job.State, job.Cause, job.Updated = StateSent, journal.Done, nil, t.p.o.Now()
	st := t.p.statusOf(job, t.r)
	shown := &st
	if t.r.Superseded {
		shown = nil
	}
	if err := t.p.conclude(t.in, t.r, t.r.Archive+receiptSuffix, receipt, shown, t.in.Delete); err != nil {
		return err
	}
	t.r.Moved, t.r.Tries, t.r.FirstFail = true, 0, time.Time{}
	t.settle(ctx, journal.Outcome{State: journal.Done, Label: StateSent, Data: t.r.encode()})
	t.p.places.release(t.in.Outbox, t.r.Archive)
	if t.r.letGo() {
		t.p.log.Info("set let go", append([]any{"id", job.ID, "archive", t.r.Archive}, declarationOf(t.r.Declaration)...)...)
		return nil
	}
	sent, duplicates, bytes := t.r.brought()
	t.p.o.Observe(Event{What: Sent, ID: job.ID, Inbox: job.Inbox, Images: sent, Duplicates: duplicates, Bytes: bytes,
		Took: t.r.SentAt.Sub(t.r.begun())})
	t.p.log.Info("set sent", append([]any{"id", job.ID, "images", sent, "duplicates", duplicates, "archive", t.r.Archive},
		declarationOf(t.r.Declaration)...)...)
	return nil
}

// conclude shows how a set has ended, in this order: what there is to say of it in a file of that name, relative to the outbox,
// its originals beside that, or no more with remove, and its status, unless that is nil. Nothing is seen before its content is
// durable, and when conclude returns nil all is. It may be repeated.
func (p *Pipeline) conclude(in Inbox, r *Record, name string, says any, st *Status, remove bool) error {
	b, err := marshal(says)
	if err != nil {
		return err
	}
	said := outbox.Content{Path: filepath.Join(in.Outbox, filepath.FromSlash(name)), Data: b}
	publish := func(status ...outbox.Content) error {
		files := new(outbox.Batch)
		show := func() error {
			if err := files.Prepare(append(status, said)); err != nil {
				return err
			}
			if err := files.Show(said.Path); err != nil {
				return err
			}
			if err := p.clearInbox(files, in, r, remove); err != nil {
				return err
			}
			for _, c := range status {
				if err := files.Show(c.Path); err != nil {
					return err
				}
			}
			return nil
		}
		return errors.Join(show(), files.Close())
	}
	if st == nil {
		return publish()
	}
	return p.status.put(*st, in.Outbox, func(c outbox.Content) error { return publish(c) })
}

// brought counts the photos of this round that the server has confirmed, with their bytes, and those that it had before.
func (r *Record) brought() (sent, duplicates int, bytes int64) {
	for _, im := range r.Images {
		switch {
		case im.Here && im.State == imageSent:
			sent++
			bytes += im.Size
		case im.Here && im.State == imageDuplicate:
			duplicates++
		}
	}
	return sent, duplicates, bytes
}

// finishFailed moves the files to failed/ and settles the job as failed. Every part may be repeated.
func (t *task) finishFailed(ctx context.Context) error {
	job := t.job
	job.Label, job.State, job.Cause = StateFailed, journal.Failed, t.r.Failure
	if err := t.p.putFailed(t.in, job, t.r, t.logged(t.r.Failure)); err != nil {
		return err
	}
	t.r.Moved = true
	t.settle(ctx, journal.Outcome{State: journal.Failed, Label: StateFailed, Cause: t.r.Failure, Data: t.r.encode()})
	return nil
}

// putFailed writes the reason, moves the files beside it, and shows the state; the log says why in words of its own. It may
// be repeated.
func (p *Pipeline) putFailed(in Inbox, job journal.Job, r *Record, logged string) error {
	job.Updated = p.o.Now()
	st := p.statusOf(job, r)
	reasonFile := ReasonFile{Schema: 1, Kind: "xray", ID: st.ID, Inbox: st.Inbox, Set: st.Set, NomorAju: st.NomorAju,
		At: st.UpdatedAt, Files: []string{}, Error: st.Error, Response: r.Response}
	for _, f := range r.Files {
		reasonFile.Files = append(reasonFile.Files, r.inside(f.Path))
	}
	if err := p.conclude(in, r, r.Archive+errorSuffix, reasonFile, &st, false); err != nil {
		return err
	}
	p.places.release(in.Outbox, r.Archive)
	p.o.Observe(Event{What: Failed, ID: job.ID, Inbox: job.Inbox, Code: r.Failure.Code})
	p.log.Warn("set failed", append([]any{"id", job.ID, "code", r.Failure.Code, "error", logged, "folder", r.Archive},
		declarationOf(r.Declaration)...)...)
	return nil
}

// clearInbox moves a set's files out of the inbox into its place in the outbox, or deletes them, then the marker and
// the folders that are empty. A file that is not what was accepted stays: it is looked at like any new one.
func (p *Pipeline) clearInbox(files *outbox.Batch, in Inbox, r *Record, remove bool) error {
	if r.letGo() {
		return nil // what lies under its names is another set's
	}
	gone := make([]string, 0, len(r.Files))
	moves := make([]outbox.Pair, 0, len(r.Files))
	for _, f := range r.Files {
		src := r.path(f.Path)
		st, err := os.Lstat(src)
		dst := filepath.Join(in.Outbox, filepath.FromSlash(r.Archive), filepath.FromSlash(r.inside(f.Path)))
		if errors.Is(err, fs.ErrNotExist) { // moved before, perhaps not durably, or taken away by someone
			if gone = append(gone, f.Path); !remove && exists(in.Outbox, path.Join(r.Archive, r.inside(f.Path))) {
				moves = append(moves, outbox.Pair{Src: src, Dst: dst})
			}
			continue
		}
		if err != nil {
			return fmt.Errorf("move %s: %w", f.Path, err)
		}
		if !st.Mode().IsRegular() || st.Size() != f.Size || !st.ModTime().Equal(f.ModTime) {
			p.log.Warn("file stays, it has changed", "inbox", in.Name, "file", f.Path)
			if to := path.Join(r.Archive, r.inside(f.Path)); !slices.Contains(r.Replaced, to) {
				r.Replaced = append(r.Replaced, to)
			}
			continue
		}
		moves, gone = append(moves, outbox.Pair{Src: src, Dst: dst}), append(gone, f.Path)
	}
	if err := clearFiles(files, moves, remove); err != nil {
		return err
	}
	q, ours := p.inboxes[in.Name]
	ours = ours && r.Root == in.Root
	if r.Marker != "" && !(ours && q.markerServes(r)) {
		if err := outbox.Remove(r.path(r.Marker)); err != nil {
			return fmt.Errorf("delete marker %s: %w", r.Marker, err)
		}
		gone = append(gone, r.Marker)
	}
	if err := r.removeFolders(); err != nil {
		return err
	}
	if ours {
		q.left(r, gone)
	}
	return nil
}

// markerServes reports whether the marker of a set, one of one name for all, still stands for another that waits.
func (in *intake) markerServes(r *Record) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.idx.markerServes(r.Marker, setKey{r.Set, r.Folder}, in.taken)
}

// clearFiles moves files, or deletes them once what was shown before is durable.
func clearFiles(files *outbox.Batch, moves []outbox.Pair, remove bool) error {
	if !remove {
		return files.Move(moves)
	}
	if err := files.Sync(); err != nil {
		return err
	}
	for _, m := range moves {
		if err := outbox.Remove(m.Src); err != nil {
			return fmt.Errorf("delete %s: %w", m.Src, err)
		}
	}
	return nil
}

// inside is a file's path within its set's own folder.
func (r *Record) inside(rel string) string {
	if _, inside, ok := strings.Cut(rel, "/"); ok && r.Folder { // it may have come back under another name
		return inside
	}
	return rel
}

// removeFolders removes the folders in the inbox that a folder set has left empty: its own, and one that it came back under.
func (r *Record) removeFolders() error {
	if !r.Folder {
		return nil
	}
	folders := map[string]bool{r.Set: true}
	for _, f := range r.Files {
		if dir, _, ok := strings.Cut(f.Path, "/"); ok {
			folders[dir] = true
		}
	}
	for dir := range folders {
		if err := outbox.RemoveEmpty(r.path(dir), r.Root); err != nil {
			return err
		}
	}
	return nil
}

// left tells the index and the watcher that files have been moved away, so that they are new if they come back: also while
// the set that they were of is still being judged.
func (in *intake) left(r *Record, paths []string) {
	now := in.p.o.Now()
	files := make([]watcher.File, len(paths))
	for i, p := range paths {
		files[i] = watcher.File{Path: p, State: watcher.Gone, Changed: now}
	}
	in.mu.Lock()
	touched := in.heed(files)
	touched[setKey{r.Set, r.Folder}] = true
	for k := range touched {
		delete(in.taken, k)
		if _, ok := in.busy[k]; ok {
			in.moved[k] = true
		}
	}
	for name := range in.idx.could(r.Set) { // photos that came beside it meanwhile may be late ones now
		in.plan(setKey{name: in.idx.root[name].owner}, now)
	}
	if k := (setKey{r.Set, true}); in.idx.group(k) != nil { // and so may those in a folder of its name
		in.plan(k, now)
	}
	in.mu.Unlock()
	in.forget(paths)
}

// receipt describes what was sent in this round, and what the server said.
func (p *Pipeline) receipt(job journal.Job, r *Record) Receipt {
	rc := Receipt{
		Schema: 1, Kind: "xray", ID: job.ID, Inbox: job.Inbox, Set: r.Set,
		NomorAju: r.Declaration.NomorAju, NomorBlAwb: r.Declaration.NomorBlAwb, TanggalBlAwb: r.Declaration.TanggalBlAwb,
		KodeKantor: r.Declaration.KodeKantor, Images: p.images(r, StateSent, !r.letGo()), OtherFiles: r.others(), Deleted: p.deletes(job.Inbox),
		Elsewhere:   r.letGo(),
		FirstSeenAt: p.local(r.FirstSeen), SentAt: p.local(r.SentAt), Answers: []Reply{},
	}
	if slices.ContainsFunc(r.Files, func(f File) bool { return f.Path == r.Sidecar }) {
		rc.Sidecar = r.inside(r.Sidecar)
	}
	for _, s := range job.Steps {
		switch s.Name {
		case stepReopen:
			rc.Answers = rc.Answers[:0] // an earlier receipt has those before
		case stepAnswer, stepListing, stepVoid, stepUnknown:
			var n note
			if json.Unmarshal(s.Note, &n) != nil || len(n.Raw) == 0 {
				continue
			}
			reply := Reply{Op: n.Op, At: p.local(s.At), Response: n.Raw}
			if s.Name == stepAnswer || s.Name == stepListing {
				reply.Images = n.Names
			}
			rc.Answers = append(rc.Answers, reply)
		}
	}
	return rc
}

// forgetFailure removes the reason file of a failed set that has been taken up again, and what is left of its folder.
func (p *Pipeline) forgetFailure(in Inbox, rel string) {
	if !strings.HasPrefix(rel, failedDir+"/") || p.present(in, rel) {
		return
	}
	folder := filepath.Join(in.Outbox, filepath.FromSlash(rel))
	err := errors.Join(outbox.RemoveEmpty(folder, filepath.Join(in.Outbox, failedDir)), outbox.Remove(folder+errorSuffix))
	if err != nil {
		p.log.Warn("reason file not removed", "file", folder+errorSuffix, "error", err)
	}
}

// local shows a time with the zone of the configuration.
func (p *Pipeline) local(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.In(p.o.Location).Truncate(time.Millisecond)
}
