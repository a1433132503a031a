package agent

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"time"

	"kurir/agent/config"
	"kurir/agent/control"
	"kurir/agent/journal"
	"kurir/agent/journal/bolt"
	"kurir/agent/poll"
	"kurir/agent/upload"
)

var _ control.JournalCare = (*Agent)(nil)

const (
	// What a working agent is just moving looks like a fault for a moment: only what is there again and again is one.
	checkPasses = 5
	checkPause  = time.Second

	compactEvery = time.Hour
)

// CheckJournal proves, without a running agent and without changing anything, that the journal is whole and that every
// file ever taken is in exactly one place. Without a usable journal the proof rests on receipts and status files. The
// error is a *bolt.HeldError when a process has the journal.
func CheckJournal(ctx context.Context, cfg *config.Config, deep bool) (*journal.Ledger, error) {
	var found *journal.Finding
	path := JournalPath(cfg)
	note := func(code journal.FindingCode, err error) {
		found = &journal.Finding{Code: code, Path: path, Detail: err.Error()}
	}
	var schema *bolt.SchemaError
	store, err := bolt.Look(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		note(journal.FoundLost, err)
	case errors.Is(err, journal.ErrDamaged):
		note(journal.FoundDamage, err)
	case errors.As(err, &schema):
		note(journal.FoundSchema, err)
	case err != nil:
		return nil, err
	}
	var jobs journal.Store
	if store != nil {
		jobs = store
	}
	l, err := conserve(ctx, cfg, jobs, deep)
	if store != nil {
		err = errors.Join(err, store.Close())
	}
	if err == nil && found != nil && (found.Code != journal.FoundLost || begun(l)) {
		l.Find(*found)
	}
	return l, err
}

// begun reports whether anything was ever sent or asked: then there was a journal.
func begun(l *journal.Ledger) bool {
	for _, t := range l.Inboxes {
		if t.Receipts+t.Documents+t.Failed > 0 {
			return true
		}
	}
	return false
}

// conserve goes through journal and folders once.
func conserve(ctx context.Context, cfg *config.Config, store journal.Store, deep bool) (*journal.Ledger, error) {
	sets := upload.Conservation{Store: store, Deep: deep, Now: time.Now()}
	documents := poll.Conservation{Store: store}
	for _, in := range cfg.Inboxes {
		if in.Kind == config.KindAju {
			documents.Inboxes = append(documents.Inboxes, poll.Inbox{Name: in.Name, Root: in.Path, Outbox: in.Outbox})
			continue
		}
		sets.Inboxes = append(sets.Inboxes, upload.Inbox{Name: in.Name, Root: in.Path, Outbox: in.Outbox, Ignore: in.Ignore,
			Delete: in.OnSent == "delete", Keep: in.Keep.D()})
	}
	all, err := sets.Check(ctx)
	if err != nil {
		return nil, err
	}
	more, err := documents.Check(ctx)
	if err != nil {
		return nil, err
	}
	all.Add(more)
	all.Sort()
	return all, nil
}

// CheckJournal implements control.JournalCare.
func (a *Agent) CheckJournal(ctx context.Context, deep bool) (*journal.Ledger, error) {
	broken := a.store.Check(ctx)
	if broken != nil && !errors.Is(broken, journal.ErrDamaged) {
		return nil, broken
	}
	l, err := conserve(ctx, a.cfg, a.store, deep)
	for pass := 1; err == nil && pass < checkPasses && len(l.Findings) > 0; pass++ {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(checkPause):
		}
		before := l
		if l, err = conserve(ctx, a.cfg, a.store, deep); err == nil {
			l.Keep(before)
		}
	}
	if err == nil && broken != nil {
		l.Find(journal.Finding{Code: journal.FoundDamage, Path: JournalPath(a.cfg), Detail: broken.Error()})
	}
	return l, err
}

// CopyJournal implements control.JournalCare.
func (a *Agent) CopyJournal(_ context.Context, w io.Writer) error { return a.store.Backup(w) }

// CompactJournal implements control.JournalCare.
func (a *Agent) CompactJournal(ctx context.Context) (control.JournalSizes, error) {
	before, after, err := a.store.Compact(ctx)
	return control.JournalSizes{Before: before, After: after}, err
}

// keepSmall makes the journal small again after a burst, until ctx ends.
func (a *Agent) keepSmall(ctx context.Context) {
	tick := time.NewTicker(compactEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if _, err := a.store.CompactIfWasteful(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("journal not compacted", "error", err)
		}
	}
}
