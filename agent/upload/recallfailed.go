package upload

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path"
	"path/filepath"
	"strings"

	"kurir/agent/journal"
	"kurir/agent/outbox"
)

// recallFailed teaches a new journal which sets have failed, from the reasons in failed/: they are listed, can be tried
// again, and their reason goes when they are. How many were found is returned.
func (p *Pipeline) recallFailed(ctx context.Context, in Inbox) (int, error) {
	reasons, err := filepath.Glob(filepath.Join(escapeGlob(in.Outbox), failedDir, "*"+errorSuffix))
	if err != nil {
		return 0, err
	}
	n := 0
	for _, name := range reasons {
		b, err := outbox.Read(name)
		var why ReasonFile
		if err != nil || json.Unmarshal(b, &why) != nil || why.Kind != "xray" || why.Inbox != in.Name || why.Error == nil {
			continue
		}
		archive := failedDir + "/" + strings.TrimSuffix(filepath.Base(name), errorSuffix)
		if err := p.recallFailure(ctx, in, why, archive); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// recallFailure puts one reason into the journal. What a receipt tells of the same set was put there before, and stays.
func (p *Pipeline) recallFailure(ctx context.Context, in Inbox, why ReasonFile, archive string) error {
	cause := &journal.Cause{Code: why.Error.Code, Message: why.Error.Message}
	r := &Record{Set: why.Set, Root: in.Root, FirstSeen: why.At, Archive: archive, Failure: cause, Moved: true, Response: why.Response}
	r.Declaration.NomorAju = why.NomorAju
	for _, rel := range why.Files {
		if !filepath.IsLocal(filepath.FromSlash(rel)) {
			continue
		}
		if st, err := os.Lstat(filepath.Join(in.Outbox, filepath.FromSlash(path.Join(archive, rel)))); err == nil {
			r.Files = append(r.Files, File{Path: rel, Size: st.Size(), ModTime: st.ModTime()})
		}
	}
	key := jobKey(in.Name, why.Set, why.NomorAju)
	err := p.o.Store.Put(ctx, journal.Job{Kind: journal.Xray, Key: key, ID: id(in.Name, why.Set), Inbox: in.Name,
		Group: why.NomorAju, State: journal.Failed, Label: StateFailed, Cause: cause, Data: r.encode()})
	if !errors.Is(err, journal.ErrExists) {
		return err
	}
	return p.o.Store.Update(ctx, journal.Xray, key, func(j *journal.Job) error {
		known, _, err := load(*j)
		if err != nil || j.State != journal.Done || why.At.Before(known.SentAt) {
			return err
		}
		known.Archive, known.Failure, known.Moved, known.Files = archive, cause, true, r.Files
		j.State, j.Label, j.Cause, j.Data = journal.Failed, StateFailed, cause, known.encode()
		return nil
	})
}
