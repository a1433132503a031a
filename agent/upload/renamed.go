package upload

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"

	"kurir/agent/journal"
	"kurir/agent/reason"
)

// renamed ends the job of a set that is there no more because someone gave it another name: all of its files have gone, and
// since then the same declaration has come in under that name, as a set of its own. What this one has sent stays known, and
// is its sent set; one that has sent nothing leaves nothing behind. Without such an heir the files may come back, with a
// share that was away, and the set waits for them; but one that had been sent before, and was only taken up for late photos,
// is a sent set again after a while. Photos that come back are late ones again.
func (t *task) renamed(ctx context.Context) bool {
	if t.open != nil || t.r.Root != t.in.Root || !t.r.gone() {
		return false
	}
	heir, err := t.heir(ctx)
	if err != nil || heir == "" && !t.lateLost() {
		return false
	}
	job := t.claim.Job()
	if !t.giveBack(ctx, StateRetrying, &journal.Cause{Code: string(reason.Disk), Message: errFiles.Error()}) {
		return true // it comes here again
	}
	t.p.log.Info("files of the set are gone", "id", job.ID, "files", len(t.r.Files), "renamed_to", heir)
	q := t.p.inboxes[t.in.Name]
	q.showLatest(ctx, t.p.statusOf(job, t.r))
	q.left(t.r, t.r.paths()) // so that they are new if they come back, also before a watcher has missed them
	return true
}

// paths are those of the files that are the set's now.
func (r *Record) paths() []string {
	out := make([]string, len(r.Files))
	for i, f := range r.Files {
		out[i] = f.Path
	}
	return out
}

// gone reports whether none of the set's files is left in its inbox.
func (r *Record) gone() bool {
	return !slices.ContainsFunc(r.Files, func(f File) bool {
		_, err := os.Lstat(r.path(f.Path))
		return !errors.Is(err, fs.ErrNotExist)
	})
}

// vacated reports whether someone has taken all files of a set away that none has been decided of where they are to move: what
// has come elsewhere, or in the other form, is the same set.
func (r *Record) vacated() bool { return r.Archive == "" && r.gone() }

// follow finds a set's files in its inbox where they have been moved there, as they were, from where they were taken in: with
// the whole inbox, which has another path now, or from where a command had found them.
func (r *Record) follow(in Inbox) {
	if r.Root == in.Root || r.Moved || len(r.Files) == 0 || !r.gone() {
		return
	}
	there := Record{Root: in.Root}
	for _, f := range r.Files {
		st, err := os.Lstat(there.path(f.Path))
		if err != nil || !st.Mode().IsRegular() || st.Size() != f.Size || !st.ModTime().Equal(f.ModTime) {
			return
		}
	}
	r.Root = in.Root
}

// lateLost reports whether the set had been sent, and the photos that came later have been missing for as long as someone
// who moves them may take.
func (t *task) lateLost() bool {
	fail := t.r.FirstFail
	return !t.r.SentAt.IsZero() && !slices.ContainsFunc(t.r.Files, func(f File) bool { return f.Path == t.r.Sidecar }) &&
		!fail.IsZero() && t.p.o.Now().Sub(fail) >= t.p.o.Patience
}

// heir returns the set of the same declaration and inbox that was taken in after this one; "" when there is none.
func (t *task) heir(ctx context.Context) (string, error) {
	job := t.claim.Job()
	if job.Group == "" {
		return "", nil
	}
	others, err := t.p.o.Store.List(ctx, journal.Filter{Kind: journal.Xray, Group: job.Group, Inbox: job.Inbox})
	if err != nil {
		return "", err
	}
	for _, o := range others {
		if r, _, err := load(o); err == nil && o.ID != job.ID && r.Accepted.After(t.r.Accepted) {
			return o.ID, nil
		}
	}
	return "", nil
}
