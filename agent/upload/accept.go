package upload

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"kurir/agent/beacukai"
	"kurir/agent/journal"
	"kurir/agent/reason"
	"kurir/watcher"
)

// consider looks at one set and does what is due: report what it waits for, accept it, or refuse it. It returns when
// to look again although nothing changes.
func (in *intake) consider(ctx context.Context, k setKey) time.Time {
	now := in.p.o.Now()
	in.mu.Lock()
	s, ok := in.idx.get(k)
	taken := in.taken[k]
	in.mu.Unlock()
	if !ok {
		in.withdraw(ctx, k)
		return time.Time{}
	}
	if taken != "" && taken == fingerprint(s) {
		return time.Time{}
	}
	v := in.judge(s, now)
	if v.listed && !k.folder && in.relist(k, v.list, now) {
		return now // the list has changed which files are the set's
	}
	var err error
	switch {
	case v.orphan:
		return in.considerOrphan(ctx, s, v, now)
	case v.cause != nil:
		err = in.refuse(ctx, s, v)
	case v.ready:
		err = in.accept(ctx, s, v)
	case v.note != "":
		in.report(ctx, s, v, now)
		return v.again
	default: // nothing there that is ours
		in.withdraw(ctx, k)
		return v.again
	}
	return in.accepted(ctx, s, v, err)
}

// relist tells the index which files a sidecar lists, and whether that changed anything.
func (in *intake) relist(k setKey, list []string, now time.Time) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	if slices.Equal(in.idx.lists[k.name], list) {
		return false
	}
	touched := map[setKey]bool{}
	in.idx.list(k.name, list, now, touched)
	for t := range touched {
		in.plan(t, now)
	}
	return true
}

// considerOrphan takes images without a sidecar as late ones of a set that was sent, or reports that they wait.
func (in *intake) considerOrphan(ctx context.Context, s snapshot, v verdict, now time.Time) time.Time {
	settled := !s.changed.Add(lateRest * in.in.Settle).After(now)
	if settled && len(v.images) == len(s.files) {
		late, err := in.takeLate(ctx, s, v, now)
		if late || err != nil {
			return in.accepted(ctx, s, v, err)
		}
	}
	if s.key.folder && settled || !s.first.Add(aloneAfter).After(now) {
		in.report(ctx, s, v, now)
	} else {
		in.note(s, v)
	}
	return v.again
}

// accepted ends an attempt to take a set in.
func (in *intake) accepted(ctx context.Context, s snapshot, v verdict, err error) time.Time {
	now := in.p.o.Now()
	switch {
	case err == nil:
		in.mu.Lock()
		in.taken[s.key] = fingerprint(s)
		delete(in.waiting, s.key)
		delete(in.alone, s.key)
		delete(in.shown, s.key)
		in.mu.Unlock()
		return time.Time{}
	case ctx.Err() != nil:
		return time.Time{}
	case errors.Is(err, journal.ErrHeld):
		return now.Add(200 * time.Millisecond)
	case errors.Is(err, errChanged), errors.Is(err, fs.ErrNotExist):
		return now.Add(500 * time.Millisecond) // the watcher will say more
	}
	in.p.log.Error("set not accepted", "id", id(in.in.Name, s.key.name), "error", err)
	v.trouble = &journal.Cause{Code: string(reason.Disk), Message: err.Error()}
	v.note = err.Error()
	in.report(ctx, s, v, now)
	return now.Add(5 * time.Second)
}

// accept puts a complete set into the journal, or takes up a known one again with what is new in it.
func (in *intake) accept(ctx context.Context, s snapshot, v verdict) error {
	key := jobKey(in.in.Name, s.key.name, v.side.decl.NomorAju)
	old, err := in.p.o.Store.Get(ctx, journal.Xray, key)
	known := err == nil
	if err != nil && !errors.Is(err, journal.ErrNotFound) {
		return err
	}
	var before *Record
	if known {
		if before, _, err = load(old); err != nil {
			return err
		}
		if old.State == journal.Active && before.Failure == nil && sameFiles(before, s, v) {
			return nil // it is under way
		}
	}
	images, err := in.hash(ctx, v.images, before)
	if err != nil {
		return err
	}
	r := in.newRecord(s, v)
	r.Images = images
	if known {
		return in.reopen(ctx, key, r)
	}
	if err := in.supersede(ctx, s.key.name, key); err != nil {
		return err
	}
	in.p.showTaken(in.in, s.key.name, r) // before a worker can be through with it
	err = in.p.o.Store.Put(ctx, journal.Job{
		Kind: journal.Xray, Key: key, ID: id(in.in.Name, s.key.name), Inbox: in.in.Name, Group: v.side.decl.NomorAju,
		State: journal.Active, Label: StateReady, Due: in.p.o.Now(), Data: r.encode(),
	})
	if errors.Is(err, journal.ErrExists) {
		return in.reopen(ctx, key, r)
	}
	in.p.nudge()
	return err
}

// newRecord describes a set as it is now.
func (in *intake) newRecord(s snapshot, v verdict) *Record {
	r := &Record{
		Set: s.key.name, Root: in.in.Root, Folder: s.key.folder, Declaration: v.side.decl, Marker: s.marker,
		FirstSeen: s.first, Accepted: in.p.o.Now(),
	}
	if v.sidecar.Path != "" {
		r.Sidecar = v.sidecar.Path
		r.Files = append(r.Files, fileOf(v.sidecar, false))
	}
	for _, f := range v.images {
		r.Files = append(r.Files, fileOf(f, false))
	}
	for _, f := range v.others {
		r.Files = append(r.Files, fileOf(f, true))
	}
	return r
}

func fileOf(f watcher.File, other bool) File {
	return File{Path: f.Path, Size: f.Size, ModTime: f.ModTime, Other: other}
}

// hash reads the images whole, once; what an earlier record knows of the same file is not read again.
func (in *intake) hash(ctx context.Context, files []watcher.File, before *Record) ([]Image, error) {
	out := make([]Image, 0, len(files))
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		im := Image{Path: f.Path, Size: f.Size, ModTime: f.ModTime, State: imageWaiting, Here: true}
		if k := knownImage(before, f); k != nil {
			im.SHA256, im.Type = k.SHA256, k.Type
		} else {
			l, err := inspect(in.path(f.Path), f, true)
			if err != nil {
				return nil, err
			}
			if l.state != wholeImage {
				return nil, errChanged
			}
			im.SHA256, im.Type = l.sha, l.mime
		}
		out = append(out, im)
	}
	return out, nil
}

func knownImage(r *Record, f watcher.File) *Image {
	if r == nil {
		return nil
	}
	for i := range r.Images {
		im := &r.Images[i]
		if im.Here && im.Path == f.Path && im.Size == f.Size && im.ModTime.Equal(f.ModTime) {
			return im
		}
	}
	return nil
}

// sameFiles reports whether a record was made of exactly the files that are there.
func sameFiles(r *Record, s snapshot, v verdict) bool {
	want := map[string]File{}
	for _, f := range r.Files {
		want[f.Path] = f
	}
	now := append(append([]watcher.File{v.sidecar}, v.images...), v.others...)
	if len(now) != len(want) {
		return false
	}
	for _, f := range now {
		w, ok := want[f.Path]
		if !ok || w.Size != f.Size || !w.ModTime.Equal(f.ModTime) {
			return false
		}
	}
	return r.Marker == s.marker
}

// reopen takes up a known job with the files that are there now.
func (in *intake) reopen(ctx context.Context, key string, fresh *Record) error {
	var failed string
	err := in.p.o.Store.Update(ctx, journal.Xray, key, func(j *journal.Job) error {
		r, _, err := load(*j)
		if err != nil {
			return err
		}
		if failed = ""; j.State == journal.Failed {
			failed = r.Archive
		}
		if j.State == journal.Done { // a new round: what was answered before is in its own receipt
			j.Steps = append(j.Steps, journal.Step{Name: stepReopen, At: in.p.o.Now(), Note: []byte(`{}`)})
		}
		r.take(fresh, j.State)
		j.State, j.Label, j.Due, j.Cause = journal.Active, StateReady, in.p.o.Now(), nil
		j.Data = r.encode()
		in.p.showTaken(in.in, r.Set, r) // before a worker can be through with it
		return nil
	})
	if err != nil {
		return err
	}
	in.p.forgetFailure(in.in, failed)
	in.p.nudge()
	return nil
}

// take merges the files that are there now into what is known of a job in state. An image that the server has confirmed
// stays confirmed; the same file brought again after the set was sent is a duplicate; anything else is to be sent.
func (r *Record) take(fresh *Record, state journal.State) {
	r.Round++
	r.Root, r.Folder, r.Marker, r.Accepted = fresh.Root, fresh.Folder, fresh.Marker, fresh.Accepted
	if fresh.Sidecar != "" {
		r.Sidecar, r.Declaration = fresh.Sidecar, fresh.Declaration
	}
	r.Files, r.Archive, r.Failure, r.Moved = fresh.Files, "", nil, false
	if state != journal.Active {
		r.Tries, r.FirstFail, r.NotFound, r.PerBatch = 0, time.Time{}, time.Time{}, 0
	}
	for i := range r.Images {
		r.Images[i].Here = false
	}
	for _, im := range fresh.Images {
		r.takeImage(im, state)
	}
}

func (r *Record) takeImage(im Image, state journal.State) {
	im.Round = r.Round
	for i := range r.Images {
		k := &r.Images[i]
		if k.SHA256 != im.SHA256 || k.Path != im.Path || k.Here || k.State == imageSent && state == journal.Done {
			continue
		}
		k.Here, k.Size, k.ModTime, k.Round = true, im.Size, im.ModTime, im.Round
		if k.State == imageFailed {
			k.State = imageWaiting
		}
		return
	}
	r.Images = append(r.Images, im)
}

// supersede drops failed jobs of the same set that never sent anything and were made of files that are here again: a
// set whose sidecar was mended is another job.
func (in *intake) supersede(ctx context.Context, set, key string) error {
	jobs, err := in.p.o.Store.List(ctx, journal.Filter{
		Kind: journal.Xray, ID: id(in.in.Name, set), State: journal.Failed,
	})
	if err != nil {
		return err
	}
	for _, j := range jobs {
		r, _, err := load(j)
		if err != nil || j.Key == key || r.anySent() || in.p.present(in.in, r.Archive) {
			continue
		}
		drop := func(*journal.Job) error { return journal.Remove }
		if err := in.p.o.Store.Update(ctx, journal.Xray, j.Key, drop); err != nil && !errors.Is(err, journal.ErrNotFound) {
			return err
		}
		in.p.forgetFailure(in.in, r.Archive)
	}
	return nil
}

// refuse records that a set is broken, and moves it to failed/ with the reason. It is repeatable: as long as files of
// the set are left in the inbox, the same folder of failed/ takes them.
func (in *intake) refuse(ctx context.Context, s snapshot, v verdict) error {
	r := in.newRecord(s, v)
	known := map[string]bool{s.marker: true}
	for _, f := range r.Files {
		known[f.Path] = true
	}
	for _, f := range s.files { // broken images and further sidecars go along
		if !known[f.Path] && f.State == watcher.Rest {
			r.Files = append(r.Files, fileOf(f, !namedLikeImage(f.Path)))
		}
	}
	for _, f := range r.Files {
		if !f.Other && f.Path != r.Sidecar {
			r.Images = append(r.Images, Image{Path: f.Path, Name: path.Base(f.Path), Size: f.Size, ModTime: f.ModTime,
				State: imageFailed, Here: true})
		}
	}
	r.Failure = v.cause
	key := jobKey(in.in.Name, s.key.name, v.side.decl.NomorAju)
	job := journal.Job{
		Kind: journal.Xray, Key: key, ID: id(in.in.Name, s.key.name), Inbox: in.in.Name, Group: v.side.decl.NomorAju,
		State: journal.Failed, Label: StateFailed, Cause: v.cause,
	}
	r.Archive = in.p.places.choose(in.in.Outbox, failedDir, s.key.name)
	job.Data = r.encode()
	err := in.p.o.Store.Put(ctx, job)
	if errors.Is(err, journal.ErrExists) {
		err = in.p.o.Store.Update(ctx, journal.Xray, key, func(j *journal.Job) error {
			old, _, err := load(*j)
			if err != nil {
				return err
			}
			place := r.Archive
			if j.State == journal.Failed && !old.Moved {
				place = old.Archive
			}
			old.take(r, j.State)
			old.Failure, old.Archive = v.cause, place
			j.State, j.Label, j.Cause, j.Data = journal.Failed, StateFailed, v.cause, old.encode()
			r = old
			return nil
		})
	}
	if err != nil {
		return err
	}
	job.Created, job.Updated = in.p.o.Now(), in.p.o.Now()
	if err := in.p.putFailed(in.in, job, r); err != nil {
		return err
	}
	err = in.p.o.Store.Update(ctx, journal.Xray, key, func(j *journal.Job) error {
		r.Moved = true
		j.Data = r.encode()
		return nil
	})
	if err != nil {
		in.p.log.Warn("move not recorded", "id", job.ID, "error", err) // it is done and shown all the same
	}
	return nil
}

// takeLate adds images to a set that was sent. false: there is no such set, or they are no images yet.
func (in *intake) takeLate(ctx context.Context, s snapshot, v verdict, now time.Time) (bool, error) {
	f := in.sort(&v, v.images[:len(v.images):len(v.images)], now)
	v.images = v.images[len(s.files):] // what sort appended
	if len(f.unsettled)+len(f.cut)+len(f.bad)+len(f.unread) > 0 || len(v.images) == 0 {
		return false, nil
	}
	job, err := in.lateFor(ctx, s, now)
	if err != nil || job == nil {
		return false, err
	}
	before, _, err := load(*job)
	if err != nil {
		return false, err
	}
	hashed, err := in.hash(ctx, v.images, nil)
	if err != nil {
		return false, err
	}
	r := in.newRecord(s, v)
	r.Images, r.Set, r.Declaration = hashed, before.Set, before.Declaration
	return true, in.reopen(ctx, job.Key, r)
}

// lateFor finds the sent set that images without a sidecar belong to.
func (in *intake) lateFor(ctx context.Context, s snapshot, now time.Time) (*journal.Job, error) {
	names := []string{s.key.name}
	if !s.key.folder {
		names = stems(s.files[0].Path)
	}
	for _, name := range names {
		jobs, err := in.p.o.Store.List(ctx, journal.Filter{
			Kind: journal.Xray, ID: id(in.in.Name, name), State: journal.Done,
		})
		if err != nil {
			return nil, err
		}
		var latest *journal.Job
		var at time.Time
		for i, j := range jobs {
			if r, _, err := load(j); err == nil && r.SentAt.After(at) {
				latest, at = &jobs[i], r.SentAt
			}
		}
		if latest != nil && now.Sub(at) < lateFor {
			return latest, nil
		}
	}
	return nil, nil
}

// fingerprint tells whether a set is still as it was.
func fingerprint(s snapshot) string {
	var b strings.Builder
	for _, f := range s.files {
		fmt.Fprintf(&b, "%s\x00%d\x00%d\x00%d\n", f.Path, f.Size, f.ModTime.UnixNano(), f.State)
	}
	b.WriteString(s.marker)
	return b.String()
}

// declarationOf is for logs.
func declarationOf(d beacukai.Declaration) []any {
	return []any{"nomor_aju", d.NomorAju, "nomor_bl_awb", d.NomorBlAwb}
}

// present reports whether a folder of the outbox exists.
func (p *Pipeline) present(in Inbox, rel string) bool {
	if rel == "" {
		return false
	}
	_, err := os.Lstat(filepath.Join(in.Outbox, filepath.FromSlash(rel)))
	return err == nil
}
