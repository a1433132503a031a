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
	if !s.changed.Add(lateRest * in.in.Settle).After(now) {
		late, err := in.takeLate(ctx, s, v, now)
		if late || err != nil {
			return in.accepted(ctx, s, v, err)
		}
	}
	if s.key.folder || !s.first.Add(aloneAfter).After(now) {
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
// sidecar may still come. journal.ErrHeld: the set is being worked on.
func (in *intake) takeLate(ctx context.Context, s snapshot, v verdict, now time.Time) (bool, error) {
	if job, err := in.lateFor(ctx, s, nil, now); job == nil && !errors.Is(err, journal.ErrHeld) {
		return false, err // whatever the files are: nobody needs to look into them
	}
	rest := v.images
	v.images = nil
	f := in.sort(&v, rest, now)
	if len(f.unsettled)+len(f.cut)+len(f.bad)+len(f.unread) > 0 || len(v.images) == 0 {
		return false, nil
	}
	r := in.newRecord(s, v)
	job, err := in.lateFor(ctx, s, r.Files, now)
	if err != nil || job == nil {
		return false, err
	}
	before, _, err := load(*job)
	if err != nil {
		return false, err
	}
	in.mu.Lock()
	r.Marker = in.idx.findMarker(setKey{before.Set, s.key.folder})
	in.mu.Unlock()
	// A scanner that uses its names again brings the same names with other photos, and its sidecar or marker last.
	doubtful := in.in.DoneMarker != "" && r.Marker == "" || before.hasName(v.images)
	if doubtful && s.changed.Add(in.p.o.Patience).After(now) {
		return false, nil
	}
	hashed, err := in.hash(ctx, v.images, nil)
	if err != nil {
		return false, err
	}
	r.Images, r.Set, r.Declaration = hashed, before.Set, before.Declaration
	return true, in.reopen(ctx, job.Key, r, true)
}

// hasName reports whether the set has an image that is called like one of the files.
func (r *Record) hasName(files []watcher.File) bool {
	return slices.ContainsFunc(r.Images, func(im Image) bool {
		return slices.ContainsFunc(files, func(f watcher.File) bool { return path.Base(f.Path) == path.Base(im.Path) })
	})
}

// lateFor finds the sent set that images without a sidecar belong to, or the one that has taken them up already and waits to
// send what they were before they were replaced. journal.ErrHeld: there is one that is not through.
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
		if onTheirWay(jobs, s.key, files) {
			return nil, nil
		}
		var latest *journal.Job
		var at time.Time
		for i, j := range jobs {
			r, open, err := load(j)
			if err == nil && r.Superseded {
				continue // the name is another's now
			}
			if err == nil && j.State == journal.Active && r.anySent() {
				if r.Root == in.in.Root && r.Folder == s.key.folder && r.overtaken(files, open) {
					return &jobs[i], nil
				}
				return nil, journal.ErrHeld
			}
			if err == nil && j.State == journal.Done && r.SentAt.After(at) {
				latest, at = &jobs[i], r.SentAt
			}
		}
		if latest != nil && now.Sub(at) < lateFor {
			return latest, nil
		}
	}
	return nil, nil
}

// onTheirWay reports whether files without a sidecar are those of a failed set that is being moved back, or was when that was
// interrupted: its sidecar comes last, so no other set is looked for.
func onTheirWay(jobs []journal.Job, k setKey, files []File) bool {
	return len(files) > 0 && slices.ContainsFunc(jobs, func(j journal.Job) bool {
		if j.State != journal.Failed {
			return false
		}
		r, _, err := load(j)
		return err == nil && r.Moved && slices.ContainsFunc(r.Files, func(old File) bool {
			return slices.ContainsFunc(files, func(f File) bool {
				name := f.Path
				if k.folder {
					name = strings.TrimPrefix(name, k.name+"/")
				}
				return name == r.inside(old.Path) && f.Size == old.Size
			})
		})
	})
}
