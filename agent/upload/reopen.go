package upload

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"kurir/agent/journal"
	"kurir/agent/outbox"
)

// reopen takes up a known job with the files that are there now: all of the set's, or late ones of a set that was sent.
// journal.ErrHeld: it is not through with others. errChanged: it ended meanwhile, and the files have moved.
func (in *intake) reopen(ctx context.Context, key string, fresh *Record, late bool) error {
	err := in.p.o.Store.Update(ctx, journal.Xray, key, func(j *journal.Job) error {
		r, open, err := load(*j)
		if err != nil {
			return err
		}
		if late && j.State == journal.Active && !r.overtaken(fresh.Files, open) {
			return journal.ErrHeld // another late image was quicker
		}
		if (!late || j.State == journal.Failed) && j.State != journal.Active && in.hasLeft(setKey{fresh.Set, fresh.Folder}) {
			return errChanged
		}
		if j.State == journal.Failed {
			in.p.forgetFailure(in.in, r.Archive) // first: whoever is killed after the change would not come back for it
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
	in.p.o.Observe(Event{What: Arrived, ID: id(in.in.Name, fresh.Set), Inbox: in.in.Name})
	in.p.nudge()
	return nil
}

// hasLeft reports whether files of a set that is being judged have been moved away meanwhile.
func (in *intake) hasLeft(k setKey) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.moved[k]
}

// finishReturn ends the move of a failed set back into the inbox that a crash has cut short between two file systems: what is
// whole here is removed from failed/. A folder there that holds anything else stays.
func (in *intake) finishReturn(k setKey, r *Record) {
	if !k.folder || !strings.HasPrefix(r.Archive, failedDir+"/") || !in.p.present(in.in, r.Archive) {
		return
	}
	err := outbox.Move(filepath.Join(in.in.Outbox, filepath.FromSlash(r.Archive)), in.path(k.name))
	if err != nil && !errors.Is(err, fs.ErrExist) {
		in.p.log.Warn("failed set not cleared away", "id", id(in.in.Name, k.name), "folder", r.Archive, "error", err)
	}
}

// take merges the files that are there now into what is known of a job in state. An image that the server has confirmed
// stays confirmed; the same file brought again after the set was sent is a duplicate; anything else is to be sent.
func (r *Record) take(fresh *Record, state journal.State) {
	r.Round++
	r.Root, r.Folder, r.Marker, r.Accepted = fresh.Root, fresh.Folder, fresh.Marker, fresh.Accepted
	if fresh.Sidecar != "" {
		r.Sidecar, r.Declaration = fresh.Sidecar, fresh.Declaration
	}
	r.Files, r.Archive, r.Failure, r.Moved, r.Superseded = fresh.Files, "", nil, false, false
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

// overtaken reports whether photos that a job waits to send are there with other content: it can never send what it has
// taken up, and files replaces that. A file of the job that is not among them is still somebody's, and a request whose outcome
// is not known is asked about first.
func (r *Record) overtaken(files []File, open *intent) bool {
	if open != nil || len(r.pending()) == 0 {
		return false
	}
	changed := false
	for _, was := range r.Files {
		i := slices.IndexFunc(files, func(f File) bool { return f.Path == was.Path })
		if i < 0 {
			return false
		}
		changed = changed || files[i].Size != was.Size || !files[i].ModTime.Equal(was.ModTime)
	}
	return changed
}

// takeImage finds the entry of a photo that is there now: of the same file, or else of the same content, which a set that
// was moved or renamed has under another path. Whether it is a duplicate is judged anew.
func (r *Record) takeImage(im Image, state journal.State) {
	im.Round = r.Round
	same := func(k Image) bool {
		return k.SHA256 == im.SHA256 && !k.Here && (k.State != imageSent || state != journal.Done)
	}
	i := slices.IndexFunc(r.Images, func(k Image) bool { return same(k) && k.Path == im.Path })
	if i < 0 {
		i = slices.IndexFunc(r.Images, same)
	}
	if i < 0 {
		r.Images = append(r.Images, im)
		return
	}
	k := &r.Images[i]
	k.Here, k.Path, k.Size, k.ModTime, k.Round = true, im.Path, im.Size, im.ModTime, im.Round
	if k.State != imageSent {
		k.State, k.Of = imageWaiting, ""
	}
}

// supersede ends what other jobs had to do with the files of a set: a set whose nomorAju was corrected is another job,
// and so is one that was refused and mended. What was sent stays known. journal.ErrHeld: files of it are on their way to the outbox.
func (in *intake) supersede(ctx context.Context, k setKey, key, nomorAju string) error {
	jobs, err := in.known(ctx, k, nomorAju)
	if err != nil {
		return err
	}
	for _, j := range jobs {
		r, _, err := load(j)
		if err != nil || j.Key == key || j.State == journal.Done || j.State == journal.Active && r.letGo() {
			continue
		}
		same := r.Folder == k.folder && r.Root == in.in.Root
		if same && r.Archive != "" && !r.Moved {
			return journal.ErrHeld // its files are on their way: what is still here as it was moves first
		}
		if j.State == journal.Failed && (in.p.unmoved(j.Key) || in.p.present(in.in, r.Archive)) || j.State == journal.Active && !same {
			continue
		}
		if err := in.succeed(ctx, k, j, r); err != nil {
			return err
		}
		if r.Set != k.name && !in.inSight(r.Set) {
			in.showLatest(ctx, in.p.statusOf(j, r))
		}
	}
	return nil
}

// succeed ends a job whose files are those of a set of that name now.
func (in *intake) succeed(ctx context.Context, k setKey, j journal.Job, r *Record) error {
	if r.Set != k.name {
		if err := in.handOn(ctx, r.Set, j.Updated); err != nil {
			return err
		}
	}
	in.p.forgetFailure(in.in, r.Archive) // first, as in reopen
	return in.drop(ctx, j, j.ID == id(in.in.Name, k.name))
}

// handOn notes that sets of a name which were sent before a time are not the last that had it, when that one goes on under another:
// photos that came for it are no late ones of theirs.
func (in *intake) handOn(ctx context.Context, set string, before time.Time) error {
	jobs, err := in.p.o.Store.List(ctx, journal.Filter{Kind: journal.Xray, ID: id(in.in.Name, set), State: journal.Done})
	if err != nil {
		return err
	}
	for _, j := range jobs {
		r, _, err := load(j)
		if err != nil || r.Superseded || !r.SentAt.Before(before) || in.p.o.Now().Sub(r.SentAt) >= lateFor {
			continue
		}
		err = in.p.o.Store.Update(ctx, journal.Xray, j.Key, func(j *journal.Job) error {
			if r, _, err = load(*j); err != nil || j.State != journal.Done {
				return err
			}
			r.Superseded = true
			j.Data = r.encode()
			return nil
		})
		if err != nil && !errors.Is(err, journal.ErrNotFound) {
			return err
		}
	}
	return nil
}

// known returns the jobs of sets of that name, and of those that have come back under it.
func (in *intake) known(ctx context.Context, k setKey, nomorAju string) ([]journal.Job, error) {
	jobs, err := in.p.o.Store.List(ctx, journal.Filter{Kind: journal.Xray, ID: id(in.in.Name, k.name)})
	if err != nil {
		return nil, err
	}
	others, err := in.cameBack(ctx, k, nomorAju)
	return append(jobs, others...), err
}

// drop removes a job that never sent anything; one that did, or may have, loses its files and is left to end by itself, unseen
// where it is superseded by another of its name.
func (in *intake) drop(ctx context.Context, j journal.Job, superseded bool) error {
	err := in.p.o.Store.Update(ctx, journal.Xray, j.Key, func(j *journal.Job) error {
		r, open, err := load(*j)
		if err != nil {
			return err
		}
		if !r.anySent() && open == nil {
			return journal.Remove
		}
		r.Files, r.Marker, r.Archive, r.Failure, r.Moved = nil, "", "", nil, false
		r.Superseded, r.Tries, r.FirstFail = superseded, 0, time.Time{}
		for i := range r.Images {
			r.Images[i].Here = false
		}
		j.State, j.Label, j.Due, j.Cause, j.Data = journal.Active, StateSending, in.p.o.Now(), nil, r.encode()
		return nil
	})
	if errors.Is(err, journal.ErrNotFound) {
		return nil
	}
	return err
}
