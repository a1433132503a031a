package upload

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"kurir/agent/journal"
	"kurir/agent/outbox"
	"kurir/agent/reason"
	"kurir/watcher"
)

// errAway is an inbox whose folder is not there.
var errAway = errors.New("the inbox is away")

// away reports whether the folder of the inbox is not there now. Nothing is moved into it then: it is never created, and what
// lies where its file system belongs is hidden once that is mounted again.
func (in Inbox) away() bool {
	if in.Offline != nil && in.Offline() {
		return true
	}
	info, err := os.Lstat(in.Root)
	return err != nil || !info.IsDir()
}

// moveBack moves a failed set's folder into the inbox: into its own folder where that has stayed for files that are left
// alone, else under the next free name where its own is taken. Called again after it was interrupted, it finishes. It returns
// the name that it has there.
func (in Inbox) moveBack(r *Record) (string, error) {
	src := filepath.Join(in.Outbox, filepath.FromSlash(r.Archive))
	name, ok := in.nameBack(r)
	if !ok {
		return "", wrong{words: reason.NoNameBack.With(in.Name, src)}
	}
	for n := 1; ; n++ {
		numbered := outbox.NumberedFolder(name, n)
		dst := filepath.Join(in.Root, numbered)
		err := outbox.Move(src, dst)
		if n == 1 && errors.Is(err, fs.ErrExist) && in.leftFor(r, src, dst) {
			return numbered, in.moveInto(src, dst)
		}
		if !errors.Is(err, fs.ErrExist) {
			return numbered, err
		}
	}
}

// nameBack is the name of a failed set's folder in the inbox: its own, unless a folder of that name would be left alone.
// false: so would be all that are like it.
func (in Inbox) nameBack(r *Record) (string, bool) {
	names := []string{r.Set, outbox.SafeName(r.Set), outbox.SafeName(r.Set) + "_"}
	if !r.Folder && strings.TrimRight(r.Set, ". ") != r.Set {
		names = names[1:] // Windows drops such an end
	}
	for _, name := range names {
		if !watcher.Ignored(name, in.Ignore) {
			return name, true
		}
	}
	return "", false
}

// leftFor reports whether a folder of the inbox has stayed only for files that are left alone, so that what lies at src, a
// failed set's files, can be moved back into it. What an interrupted call has brought there already is no hindrance.
func (in Inbox) leftFor(r *Record, src, dst string) bool {
	moving, err := plainFiles(src)
	if err != nil {
		return false
	}
	known := make(map[string]File, len(r.Files))
	for _, f := range r.Files {
		known[r.inside(f.Path)] = f
	}
	err = filepath.WalkDir(dst, func(name string, d fs.DirEntry, err error) error {
		rel, outside := filepath.Rel(dst, name)
		switch {
		case errors.Join(err, outside) != nil:
			return errors.Join(err, outside)
		case rel == "." && d.IsDir():
			return nil
		case rel == ".", exists(src, rel) && (!d.IsDir() || slices.Contains(moving, rel)):
			return fs.ErrExist
		case d.IsDir() && watcher.Ignored(d.Name(), in.Ignore) && !exists(src, rel):
			return fs.SkipDir
		case d.IsDir(), watcher.Ignored(d.Name(), in.Ignore), !d.Type().IsRegular():
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if f, ok := known[filepath.ToSlash(rel)]; !ok || f.Size != info.Size() || !f.ModTime.Equal(info.ModTime()) {
			return fs.ErrExist
		}
		return nil
	})
	return err == nil
}

// moveInto moves the files of a folder into another one, the sidecar last: until then the set is not complete, whatever
// interrupts the move. The folder goes once it is empty.
func (in Inbox) moveInto(src, dst string) error {
	files, err := plainFiles(src)
	if err != nil {
		return err
	}
	slices.SortStableFunc(files, func(a, b string) int { return order(isJSON(a)) - order(isJSON(b)) })
	for _, rel := range files {
		if err := outbox.Move(filepath.Join(src, rel), filepath.Join(dst, rel)); err != nil {
			return err
		}
	}
	return outbox.RemoveEmpty(src, filepath.Join(in.Outbox, failedDir))
}

func order(last bool) int {
	if last {
		return 1
	}
	return 0
}

// plainFiles are the files in a folder, at any depth, relative to it. It is an error when there is anything but files and
// folders.
func plainFiles(dir string) ([]string, error) {
	var out []string
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if !d.Type().IsRegular() {
			return fs.ErrInvalid
		}
		rel, err := filepath.Rel(dir, name)
		out = append(out, rel)
		return err
	})
	return out, err
}

// cameBack returns the failed sets that a set of the inbox may be, having come back from failed/ under another name than it
// went: that of its folder there, or one that moveBack has chosen. Of these it is the one of the same declaration, where
// there is one, else the one whose folder it is.
func (in *intake) cameBack(ctx context.Context, k setKey, nomorAju string) ([]journal.Job, error) {
	name := unnumbered(k.name)
	if name == k.name && !strings.HasSuffix(name, "_") {
		return nil, nil // as a rule; the failed ones need not be looked at
	}
	var same, its, chosen []journal.Job
	f := journal.Filter{Kind: journal.Xray, Inbox: in.in.Name, State: journal.Failed}
	err := journal.Newest(ctx, in.p.o.Store, f, journal.Place{}, func(j journal.Job) bool {
		r, _, err := load(j)
		if err != nil || r.Set == k.name || in.p.unmoved(j.Key) || in.p.present(in.in, r.Archive) {
			return true
		}
		back, _ := in.in.nameBack(r)
		switch {
		case path.Base(r.Archive) != k.name && back != name:
			return true
		case nomorAju != "" && r.Declaration.NomorAju == nomorAju:
			same = append(same, j)
		case path.Base(r.Archive) == k.name:
			its = append(its, j)
		default:
			chosen = append(chosen, j)
		}
		return true
	})
	for _, found := range [][]journal.Job{same, its, chosen} {
		if len(found) > 0 {
			return found, err
		}
	}
	return nil, err
}

// unnumbered is a name without the number that NumberedFolder gives it.
func unnumbered(name string) string {
	i := strings.LastIndexByte(name, '~')
	if i < 1 {
		return name
	}
	if n, err := strconv.Atoi(name[i+1:]); err != nil || n < 2 || outbox.NumberedFolder(name[:i], n) != name {
		return name
	}
	return name[:i]
}
