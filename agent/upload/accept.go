package upload

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
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
	if err := in.p.disks.Trouble(in.in.Guard); err != nil {
		return in.holdBack(ctx, s, err, now)
	}
	v := in.judge(s, now)
	if v.listed && !k.folder && in.relist(k, v.list, now) {
		return now // the list has changed which files are the set's
	}
	if v.unmarked && in.returned(ctx, k) {
		v.ready = true // its marker was deleted when it failed
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

// returned reports whether a set has come back from failed/: an operator wants it tried again.
func (in *intake) returned(ctx context.Context, k setKey) bool {
	jobs, err := in.p.o.Store.List(ctx, journal.Filter{Kind: journal.Xray, ID: id(in.in.Name, k.name), State: journal.Failed})
	others, failed := in.cameBack(ctx, k, "")
	return errors.Join(err, failed) == nil && slices.ContainsFunc(append(jobs, others...), func(j journal.Job) bool {
		r, _, err := load(j)
		return err == nil && r.Moved && !in.p.present(in.in, r.Archive)
	})
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

// accepted ends an attempt to take a set in.
func (in *intake) accepted(ctx context.Context, s snapshot, v verdict, err error) time.Time {
	now := in.p.o.Now()
	switch {
	case err == nil:
		in.mu.Lock()
		if !in.moved[s.key] { // else what comes back is new, however much it looks like what was taken
			in.taken[s.key] = fingerprint(s)
		}
		delete(in.waiting, s.key)
		delete(in.alone, s.key)
		delete(in.shown, s.key)
		in.mu.Unlock()
		return time.Time{}
	case ctx.Err() != nil:
		return time.Time{}
	case errors.Is(err, journal.ErrHeld):
		return now.Add(500 * time.Millisecond)
	case errors.Is(err, errChanged), errors.Is(err, fs.ErrNotExist):
		return now.Add(500 * time.Millisecond) // the watcher will say more
	}
	in.p.log.Error("set not accepted", "id", id(in.in.Name, s.key.name), "error", err)
	v.trouble = in.p.cause(reason.Disk, err)
	v.note = v.trouble.Message
	in.report(ctx, s, v, now)
	return now.Add(5 * time.Second)
}

// errTwin is a set of the same name and declaration, elsewhere or in the other form, that is not through yet.
var errTwin = errors.New("another set of this name and declaration is still being sent")

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
		if under, err := in.underWay(old, before, s, v); under || err != nil {
			return err
		}
	}
	if known && old.State == journal.Failed {
		in.finishReturn(s.key, before)
	}
	if old.State != journal.Active || before.Root != in.in.Root {
		before = nil // its files have moved, or been copied: what has their names now is read
	}
	if err := in.whole(s); err != nil {
		return err
	}
	images, err := in.hash(ctx, v.images, before)
	if err != nil {
		return err
	}
	r := in.newRecord(s, v)
	r.Images = images
	if known {
		return in.reopen(ctx, key, r, false)
	}
	if err := in.supersede(ctx, s.key, key, v.side.decl.NomorAju); err != nil {
		return err
	}
	in.p.showTaken(in.in, s.key.name, r) // before a worker can be through with it
	err = in.p.o.Store.Put(ctx, journal.Job{
		Kind: journal.Xray, Key: key, ID: id(in.in.Name, s.key.name), Inbox: in.in.Name, Group: v.side.decl.NomorAju,
		State: journal.Active, Label: StateReady, Due: in.p.o.Now(), Data: r.encode(),
	})
	if errors.Is(err, journal.ErrExists) {
		return in.reopen(ctx, key, r, false)
	}
	if err != nil {
		return err
	}
	in.unlist(s.key)
	in.p.o.Observe(Event{What: Arrived, ID: id(in.in.Name, s.key.name), Inbox: in.in.Name})
	in.p.nudge()
	return nil
}

// underWay reports whether a known set is being worked on just as it is; an error says that it cannot be taken up yet.
func (in *intake) underWay(old journal.Job, before *Record, s snapshot, v verdict) (bool, error) {
	switch {
	case old.State == journal.Failed && !before.Moved:
		return false, journal.ErrHeld // as below
	case old.State != journal.Active:
		return false, nil
	case (before.Folder != s.key.folder || before.Root != in.in.Root) && !before.vacated():
		return false, fmt.Errorf("%w: %s", errTwin, old.ID)
	case before.Failure != nil:
		return false, journal.ErrHeld // what is left of it moves to failed/ first
	}
	return before.Root == in.in.Root && sameFiles(before, s, v), nil
}

// unlist takes a set off the list of those that only wait, as soon as the journal has it.
func (in *intake) unlist(k setKey) {
	in.mu.Lock()
	defer in.mu.Unlock()
	delete(in.waiting, k)
}

// whole checks that a folder set holds nothing that the watcher has not reported yet: a file that could not be looked at
// for a moment is no reason to send the rest as if it were all.
func (in *intake) whole(s snapshot) error {
	if !s.key.folder {
		return nil
	}
	known := make(map[string]bool, len(s.files))
	for _, f := range s.files {
		known[f.Path] = true
	}
	return filepath.WalkDir(in.path(s.key.name), func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name != in.path(s.key.name) && watcher.Ignored(d.Name(), in.in.Ignore) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		rel, err := filepath.Rel(in.in.Root, name)
		if err != nil || !d.Type().IsRegular() || known[filepath.ToSlash(rel)] {
			return err
		}
		if s.changed.Add(unseenFor).After(in.p.o.Now()) {
			return errChanged // the watcher will say more
		}
		return fmt.Errorf("%s is there but cannot be looked at", filepath.ToSlash(rel))
	})
}

// unseenFor is how long a file of a set may stay unseen by the watcher before that is said.
const unseenFor = 30 * time.Second

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

// hash reads the images whole, once; what an earlier record knows of the same file is not read again, and both ends, which
// judge has looked into, are not looked into again.
func (in *intake) hash(ctx context.Context, files []watcher.File, before *Record) ([]Image, error) {
	select {
	case in.read <- struct{}{}:
		defer func() { <-in.read }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	out := make([]Image, 0, len(files))
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		im := Image{Path: f.Path, Size: f.Size, ModTime: f.ModTime, State: imageWaiting, Here: true}
		if k := knownImage(before, f); k != nil {
			im.SHA256, im.Type = k.SHA256, k.Type
		} else {
			l, err := in.lookAt(f)
			if err != nil {
				return nil, err
			}
			if l.state != wholeImage {
				return nil, errChanged
			}
			im.Type = l.mime
			if im.SHA256, err = digest(in.path(f.Path), f); err != nil {
				return nil, err
			}
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

// present reports whether a folder of the outbox holds anything. Whoever moves the files of a failed set back one by one leaves it
// empty.
func (p *Pipeline) present(in Inbox, rel string) bool {
	if rel == "" {
		return false
	}
	found := false
	err := filepath.WalkDir(filepath.Join(in.Outbox, filepath.FromSlash(rel)), func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		found = true
		return fs.SkipAll
	})
	return found || err != nil && !errors.Is(err, fs.ErrNotExist)
}
