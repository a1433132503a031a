package poll

import (
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"kurir/agent/journal"
	"kurir/agent/outbox"
	"kurir/agent/reason"
	"kurir/watcher"
)

// trackers is how many numbers of a list are put into the journal at the same time: they share its commits.
const trackers = 128

// errWriting is an empty or broken-off list that may still be written to.
var errWriting = errors.New("list is empty or breaks off: it may still be written")

// Handler returns the handler of an inbox's watcher. Lists at rest are taken, one after the other; one that cannot be
// taken is offered again, and the others do not wait for it.
func (p *Pipeline) Handler(inbox string) watcher.Handler { return handler{p, p.inboxes[inbox]} }

type handler struct {
	p  *Pipeline
	in Inbox
}

// Handle implements watcher.Handler.
func (h handler) Handle(ctx context.Context, files []watcher.File) error {
	var failed []error
	for _, f := range files {
		h.p.waits(h.in.Name, f, false)
		if f.State != watcher.Rest {
			continue
		}
		young := h.p.o.Now().Sub(f.Changed) < h.p.o.Patience
		if err := h.p.accept(ctx, h.in, f.Path, young); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			h.in.Guard.Failed(err)
			failed = append(failed, fmt.Errorf("accept list %s: %w", f.Path, err))
			continue
		}
		h.p.waits(h.in.Name, f, true)
	}
	return errors.Join(failed...)
}

// accept takes one list: its numbers into the journal, the list to the outbox. It can be called again after being
// interrupted at any point, and with the same list again; nothing is tracked twice. young tells that a list that
// breaks off may still be written.
func (p *Pipeline) accept(ctx context.Context, in Inbox, rel string, young bool) error {
	if err := p.disks.Trouble(in.Guard); err != nil {
		return err
	}
	src := filepath.Join(in.Root, filepath.FromSlash(rel))
	found, err := survey(ctx, src, in)
	var invalid *ListError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil // taken already, or taken away
	case errors.As(err, &invalid):
		if invalid.Incomplete && young {
			return errWriting
		}
	case err != nil:
		return err
	}
	key, rec, err := p.openList(ctx, in, path.Base(rel), found.sum)
	if err != nil {
		return err
	}
	folder := in.listFolder(rec.Folder)
	if invalid != nil {
		err = p.refuse(folder, path.Base(rel), invalid)
	} else {
		err = p.take(ctx, in, src, rec.Folder, found)
	}
	if err == nil {
		err = found.unchanged(src)
	}
	if err == nil {
		err = moveList(src, folder, rec.File)
	}
	if err != nil {
		return err
	}
	if err := p.taken(ctx, in, key, found, invalid); err != nil {
		p.summaries.mark(in, rec.Folder) // which tries again: the list is not offered any more
		return err
	}
	return nil
}

// moveList moves a list into its folder. What someone else has put there stays as it is.
func moveList(src, folder, file string) error {
	for n := 1; ; n++ {
		err := outbox.Move(src, filepath.Join(folder, outbox.Numbered(file, n)))
		if !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
}

// take puts a list's numbers into the journal and writes what was rejected.
func (p *Pipeline) take(ctx context.Context, in Inbox, src, folder string, found surveyed) error {
	if err := p.trackAll(ctx, in, src, folder, true); err != nil {
		return err
	}
	p.Wake()
	if found.rejected == 0 {
		return nil
	}
	return replaceIfChanged(filepath.Join(in.listFolder(folder), rejectedFile), func(w io.Writer) error {
		out := csv.NewWriter(w)
		_ = out.Write([]string{"line", "value", "reason"}) // Error tells
		err := parse(ctx, src, in, func(e Entry) error {
			if e.Why == "" {
				return nil
			}
			return out.Write([]string{strconv.Itoa(e.Line), inert(e.Value), e.Reason(p.o.Language)})
		})
		out.Flush()
		return errors.Join(err, out.Error())
	})
}

// taken notes that a list is in the outbox.
func (p *Pipeline) taken(ctx context.Context, in Inbox, key string, found surveyed, invalid *ListError) error {
	var event ListEvent
	err := p.updateList(ctx, key, func(j *journal.Job, rec *listRecord) {
		rec.Entries, rec.Rejected = found.entries, found.rejected
		j.State, j.Label = journal.Active, ListTracked
		if invalid != nil {
			j.State, j.Label = journal.Failed, ListFailed
			j.Cause = &journal.Cause{Code: string(reason.ListInvalid), Message: invalid.Reason(p.o.Language)}
		}
		event = rec.event(*j, p.o.Now())
	})
	if err != nil {
		return fmt.Errorf("note list: %w", err)
	}
	p.o.ObserveList(event)
	folder := strings.TrimPrefix(key, in.Name+"/")
	if invalid == nil {
		p.log.Info("list taken", "inbox", in.Name, "list", folder, "entries", found.entries, "rejected", found.rejected)
		p.summaries.mark(in, folder)
	} else {
		p.log.Warn("list refused", "inbox", in.Name, "list", folder, "error", invalid)
	}
	return nil
}

// refuse says beside a list that it could not be read, and why: for programs in error.json, for people in rejected.csv.
func (p *Pipeline) refuse(folder, name string, invalid *ListError) error {
	why := invalid.Reason(p.o.Language)
	b, err := marshal(struct {
		File  string  `json:"file"`
		Error Failure `json:"error"`
	}{name, *p.failure(&journal.Cause{Code: string(reason.ListInvalid), Message: why})})
	if err != nil {
		return err
	}
	if err := replaceIfChanged(filepath.Join(folder, errorFile), text(b).writeTo); err != nil {
		return err
	}
	return replaceIfChanged(filepath.Join(folder, rejectedFile), func(w io.Writer) error {
		out := csv.NewWriter(w)
		_ = out.Write([]string{"line", "value", "reason"}) // Error tells
		_ = out.Write([]string{"", inert(printable(name)), why})
		out.Flush()
		return out.Error()
	})
}

// trackAll tracks all numbers of a list; asked: by someone who wants those tried again that have ended badly.
func (p *Pipeline) trackAll(ctx context.Context, in Inbox, src, folder string, asked bool) error {
	g, gctx := errgroup.WithContext(ctx)
	entries := make(chan Entry, trackers)
	for range trackers {
		g.Go(func() error {
			for e := range entries {
				if _, err := p.track(gctx, in, e, folder, asked); err != nil {
					return fmt.Errorf("track %s: %w", e.CAR, err)
				}
			}
			return nil
		})
	}
	g.Go(func() error {
		defer close(entries)
		return parse(gctx, src, in, func(e Entry) error {
			if e.Why != "" {
				return nil
			}
			select {
			case entries <- e:
				return nil
			case <-gctx.Done():
				return gctx.Err()
			}
		})
	})
	return g.Wait()
}

// surveyed is what a first look at a list has found.
type surveyed struct {
	sum      string
	size     int64
	modified time.Time
	entries  int
	rejected int
}

// survey reads a list once, to see whether it can be read to its end. Beside a *ListError its sum is set.
func survey(ctx context.Context, path string, in Inbox) (surveyed, error) {
	f, err := os.Open(path)
	if err != nil {
		return surveyed{}, fmt.Errorf("open list: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return surveyed{}, fmt.Errorf("open list: %w", err)
	}
	found := surveyed{size: info.Size(), modified: info.ModTime()}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return surveyed{}, fmt.Errorf("read list: %w", err)
	}
	found.sum = hex.EncodeToString(h.Sum(nil))
	err = parseListFile(ctx, f, path, in.checked(func(e Entry) error {
		if e.Why != "" {
			found.rejected++
		} else {
			found.entries++
		}
		return nil
	}))
	return found, err
}

// unchanged returns an error when the list is no more what was read.
func (s surveyed) unchanged(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // moved already, or taken away: moving will tell
	}
	if err == nil && (info.Size() != s.size || !info.ModTime().Equal(s.modified)) {
		err = errors.New("list changed while it was read")
	}
	return err
}

// parse is ParseList with what the inbox knows.
func parse(ctx context.Context, path string, in Inbox, visit func(Entry) error) error {
	return ParseList(ctx, path, in.checked(visit))
}

// checked rejects entries that have no kode_dokumen, neither of their own nor of the inbox.
func (in Inbox) checked(visit func(Entry) error) func(Entry) error {
	return func(e Entry) error {
		if e.Why == "" && e.Kode == "" && in.KodeDokumen == "" {
			e = Entry{Line: e.Line, Value: e.CAR, Why: reason.LineNoKode}
		}
		return visit(e)
	}
}
