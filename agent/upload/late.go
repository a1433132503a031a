package upload

import (
	"context"
	"errors"
	"path"
	"slices"
	"strings"
	"time"

	"kurir/agent/journal"
	"kurir/watcher"
)

// considerOrphan takes images without a sidecar as late ones of a set that was sent, or reports that they wait.
func (in *intake) considerOrphan(ctx context.Context, s snapshot, v verdict, now time.Time) time.Time {
	var broken []string
	if !s.changed.Add(lateRest * in.in.Settle).After(now) {
		late, bad, err := in.takeLate(ctx, s, v, now)
		if late || err != nil {
			return in.accepted(ctx, s, v, err)
		}
		if broken = bad; len(broken) > 0 { // no sidecar is missing
			v.orphan, v.waitingFor, v.note = false, nil, strings.Join(broken, "; ")
		}
	}
	if s.key.folder || len(broken) > 0 || !s.first.Add(aloneAfter).After(now) {
		in.report(ctx, s, v, now)
	} else {
		in.note(s, v)
	}
	if v.again.IsZero() {
		v.again = now.Add(in.p.o.Patience)
	}
	if doubt := s.changed.Add(in.p.o.Patience); doubt.After(now) && doubt.Before(v.again) {
		return doubt // takeLate will not doubt any more
	}
	return v.again
}

// takeLate adds images to a set that was sent. false: there is no such set, or they are no images yet, or their own
// sidecar may still come. broken says what is wrong with those that keep the others waiting. journal.ErrHeld: the set is being
// worked on.
func (in *intake) takeLate(ctx context.Context, s snapshot, v verdict, now time.Time) (taken bool, broken []string, err error) {
	if job, err := in.lateFor(ctx, s, in.newRecord(s, v).Files, now); job == nil && !errors.Is(err, journal.ErrHeld) {
		return false, nil, err // whatever the files are: nobody needs to look into them
	}
	rest := v.images
	v.images = nil
	f := in.sort(&v, rest, now)
	if len(f.unsettled)+len(f.cut)+len(f.bad)+len(f.unread) > 0 || len(v.images) == 0 {
		return false, f.bad, nil
	}
	r := in.newRecord(s, v)
	job, err := in.lateFor(ctx, s, r.Files, now)
	if err != nil || job == nil {
		return false, nil, err
	}
	before, _, err := load(*job)
	if err != nil {
		return false, nil, err
	}
	in.mu.Lock()
	r.Marker = in.idx.findMarker(setKey{before.Set, s.key.folder})
	in.mu.Unlock()
	// A scanner that uses its names again brings the same names with other photos, and its sidecar or marker last.
	doubtful := job.State != journal.Failed && (in.in.DoneMarker != "" && r.Marker == "" || before.hasName(v.images))
	if doubtful && s.changed.Add(in.p.o.Patience).After(now) {
		return false, nil, nil
	}
	hashed, err := in.hash(ctx, v.images, nil)
	if err != nil {
		return false, nil, err
	}
	r.Images, r.Set, r.Declaration = hashed, before.Set, before.Declaration
	return true, nil, in.reopen(ctx, job.Key, r, true)
}

// hasName reports whether the set has an image that is called like one of the files.
func (r *Record) hasName(files []watcher.File) bool {
	return slices.ContainsFunc(r.Images, func(im Image) bool {
		return slices.ContainsFunc(files, func(f watcher.File) bool { return path.Base(f.Path) == path.Base(im.Path) })
	})
}

// lateFor finds the sent set that images without a sidecar belong to, or the one that has taken them up already: it waits to
// send what they were before they were replaced, or has failed with them, and they are back. journal.ErrHeld: there is one that
// is not through.
func (in *intake) lateFor(ctx context.Context, s snapshot, files []File, now time.Time) (*journal.Job, error) {
	names := []string{s.key.name}
	if !s.key.folder {
		names = stems(s.files[0].Path)
	}
	for _, name := range names {
		jobs, err := in.p.o.Store.List(ctx, journal.Filter{Kind: journal.Xray, ID: id(in.in.Name, name)})
		if err != nil {
			return nil, err
		}
		others, err := in.cameBack(ctx, setKey{name, s.key.folder}, "")
		if err != nil {
			return nil, err
		}
		if job, theirs, err := in.lateAmong(append(jobs, others...), s.key, files, now); theirs || err != nil {
			return job, err
		}
	}
	return nil, nil
}

// lateAmong is lateFor among the jobs of one name. theirs: no shorter name is to be looked at. Without a job the images are
// those of a set of that name that has not been sent, as far as anyone can tell: their sidecar comes with it.
func (in *intake) lateAmong(jobs []journal.Job, k setKey, files []File, now time.Time) (job *journal.Job, theirs bool, err error) {
	if job, theirs = in.returning(jobs, k, files); theirs {
		return job, true, nil
	}
	var latest *journal.Job
	var sent, unsent time.Time
	for i, j := range jobs {
		r, open, err := load(j)
		switch {
		case err != nil, r.Superseded: // the name is another's now
		case j.State == journal.Active && r.anySent():
			if r.Root == in.in.Root && r.Folder == k.folder && r.overtaken(files, open) {
				return &jobs[i], true, nil
			}
			return nil, true, journal.ErrHeld
		case j.State == journal.Active && !r.letGo(), j.State == journal.Failed && (!r.Moved || in.p.present(in.in, r.Archive)):
			unsent = later(unsent, j.Updated)
		case j.State == journal.Done && r.SentAt.After(sent):
			latest, sent = &jobs[i], r.SentAt
		}
	}
	switch {
	case unsent.After(sent):
		return nil, true, nil
	case latest != nil && now.Sub(sent) < lateFor:
		return latest, true, nil
	}
	return nil, false, nil
}

// returning reports whether files without a sidecar are those of a failed set that is being moved back, or was when that was
// interrupted: its sidecar comes last. One that has failed with late images alone has none, and is the set that they belong to.
func (in *intake) returning(jobs []journal.Job, k setKey, files []File) (job *journal.Job, theirs bool) {
	for i, j := range jobs {
		if j.State != journal.Failed {
			continue
		}
		r, _, err := load(j)
		if err != nil || !r.Moved || !r.holds(k, files) {
			continue
		}
		if !r.cameLate() {
			return nil, true
		}
		if in.finishReturn(k, r); in.p.present(in.in, r.Archive) {
			return nil, true
		}
		return &jobs[i], true
	}
	return nil, false
}

// holds reports whether one of the files is one of the record's, as far as their names in the set and sizes tell.
func (r *Record) holds(k setKey, files []File) bool {
	return slices.ContainsFunc(r.Files, func(old File) bool {
		return slices.ContainsFunc(files, func(f File) bool {
			name := f.Path
			if k.folder {
				name = strings.TrimPrefix(name, k.name+"/")
			}
			return name == r.inside(old.Path) && f.Size == old.Size
		})
	})
}

// cameLate reports whether the files of a record came without a sidecar, after others had been sent.
func (r *Record) cameLate() bool {
	return r.anySent() && !slices.ContainsFunc(r.Files, func(f File) bool { return isJSON(f.Path) })
}
