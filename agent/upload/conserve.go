package upload

import (
	"context"
	"encoding/json"
	"errors"
	"hash/maphash"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"kurir/agent/journal"
	"kurir/agent/outbox"
	"kurir/watcher"
)

// Conservation is the proof that every file that ever entered an inbox of kind xray is in exactly one place: the inbox,
// sent/ with a receipt, failed/ with a reason, or deleted after its receipt. It reads journal and folders and changes
// nothing. Receipts are the memory when the journal was lost.
type Conservation struct {
	Store   journal.Store // nil: there is none
	Inboxes []Inbox
	Deep    bool // compare the content of the originals with what was sent, too
	Now     time.Time

	ledger  *journal.Ledger
	inboxes map[string]Inbox
	moving  map[string]bool   // places of sets that have not ended, by outbox and place
	away    map[string]bool   // outboxes that are not there
	gone    map[string]bool   // files that were overwritten before they moved
	sentIn  map[sending]place // where a receipt is
	seed    maphash.Seed
	retired map[string]time.Time // by inbox: what was sent before may have been deleted
	lies    map[uint64]bool      // photos that are in their place, by the hash of nomorAju and content
	absent  []absent             // sets that are not where they should be
}

// sending tells receipts apart, in few bytes: there is one for each set that was ever sent.
type sending struct {
	id uint64 // the hash of the set's
	at int64  // when it was sent
}

// place is a place in an outbox.
type place struct{ out, rel string }

// Check goes through everything once. What it finds while an agent works may be on its way: then it is asked again.
func (c *Conservation) Check(ctx context.Context) (*journal.Ledger, error) {
	c.seed = maphash.MakeSeed()
	c.ledger, c.inboxes, c.away = journal.NewLedger(), map[string]Inbox{}, map[string]bool{}
	c.moving, c.gone, c.sentIn, c.retired = map[string]bool{}, map[string]bool{}, map[sending]place{}, map[string]time.Time{}
	c.lies, c.absent = map[uint64]bool{}, nil
	outboxes := map[string]bool{}
	for _, in := range c.Inboxes {
		c.inboxes[in.Name], outboxes[in.Outbox] = in, true
		if _, err := os.Stat(in.Outbox); err != nil {
			c.away[in.Outbox] = true // nothing was sent yet, or jobs will say so
		}
		c.ledger.Count(in.Name, journal.Xray, func(*journal.Tally) {})
		if in.Keep > 0 {
			c.retired[in.Name] = c.Now.Add(-in.Keep)
		}
		c.inbox(in)
	}
	var jobs []conserved
	if c.Store != nil {
		var err error
		if jobs, err = c.readJobs(ctx); err != nil {
			return nil, err
		}
	}
	for out := range outboxes {
		if err := c.outbox(ctx, out); err != nil {
			return nil, err
		}
	}
	for _, j := range jobs {
		c.job(j)
	}
	c.renamed()
	return c.ledger, ctx.Err()
}

func (c *Conservation) find(code journal.FindingCode, inbox, id, path, detail string) {
	c.ledger.Find(journal.Finding{Code: code, Inbox: inbox, ID: id, Path: path, Detail: detail})
}

// inbox counts the files that wait.
func (c *Conservation) inbox(in Inbox) {
	n := 0
	err := filepath.WalkDir(in.Root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist) && name != in.Root:
			return nil // moved meanwhile
		case err != nil:
			return err
		case name != in.Root && watcher.Ignored(d.Name(), in.Ignore) && d.IsDir():
			return fs.SkipDir
		case d.Type().IsRegular() && !watcher.Ignored(d.Name(), in.Ignore):
			n++
		}
		return nil
	})
	if err != nil {
		c.find(journal.FoundUnread, in.Name, "", in.Root, err.Error())
	}
	c.ledger.Count(in.Name, journal.Xray, func(t *journal.Tally) { t.Waiting += n })
}

// conserved is what the check needs to know of a job.
type conserved struct {
	id, inbox string
	state     journal.State
	r         *Record
}

// busy reports whether the files have not come to rest.
func (j conserved) busy() bool {
	return j.state == journal.Active || j.state == journal.Failed && !j.r.Moved
}

// readJobs reads the journal's sets, judges those that were sent, and returns the others.
func (c *Conservation) readJobs(ctx context.Context) ([]conserved, error) {
	var out []conserved
	for f := (journal.Filter{Kind: journal.Xray, Limit: 1000}); ; {
		jobs, err := c.Store.List(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, j := range jobs {
			f.After = j.Key
			k, ok := c.readJob(ctx, j)
			switch {
			case !ok:
			case k.state == journal.Done: // nothing that is still to be read tells more of it
				c.job(k)
			default:
				out = append(out, k)
			}
		}
		if len(jobs) < f.Limit {
			break
		}
	}
	return out, c.readRetired(ctx)
}

// readJob notes what one job says of places. false: it cannot be judged.
func (c *Conservation) readJob(ctx context.Context, j journal.Job) (conserved, bool) {
	in, known := c.inboxes[j.Inbox]
	if !known {
		return conserved{}, false // an inbox that the configuration does not name any more
	}
	if j.State == journal.Active { // its steps say what was decided last
		if full, err := c.Store.Get(ctx, j.Kind, j.Key); err == nil {
			j = full
		}
	}
	r, _, err := load(j)
	if err != nil {
		c.find(journal.FoundUnread, j.Inbox, j.ID, "", err.Error())
		return conserved{}, false
	}
	k := conserved{id: j.ID, inbox: j.Inbox, state: j.State, r: &Record{Set: r.Set, Root: r.Root, Folder: r.Folder,
		Files: r.Files, Archive: r.Archive, Moved: r.Moved, Declaration: r.Declaration}}
	if k.busy() {
		k.r.Images = r.Images
	}
	for _, file := range r.Replaced {
		c.gone[placeOf(in.Outbox, file)] = true
	}
	if r.Archive != "" && k.busy() {
		c.moving[placeOf(in.Outbox, r.Archive)] = true
	}
	return k, true
}

// readRetired notes how far the retention has gone.
func (c *Conservation) readRetired(ctx context.Context) error {
	for name := range c.inboxes {
		j, err := c.Store.Get(ctx, retiredKind, name)
		if errors.Is(err, journal.ErrNotFound) {
			continue
		}
		var before time.Time
		if err == nil {
			err = json.Unmarshal(j.Data, &before)
		}
		if err != nil {
			return err
		}
		if before.After(c.retired[name]) {
			c.retired[name] = before
		}
	}
	return nil
}

func placeOf(out, rel string) string { return filepath.Join(out, filepath.FromSlash(rel)) }

// outbox goes through sent/, failed/ and status/ of an outbox.
func (c *Conservation) outbox(ctx context.Context, out string) error {
	if c.away[out] {
		return nil
	}
	days, err := os.ReadDir(filepath.Join(out, sentDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		c.find(journal.FoundUnread, "", "", filepath.Join(out, sentDir), err.Error())
	}
	for _, day := range days {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		rel := path.Join(sentDir, day.Name())
		if _, err := time.Parse(time.DateOnly, day.Name()); err != nil || !day.IsDir() {
			c.stranger(out, rel, day)
			continue
		}
		c.pairs(out, rel, receiptSuffix, c.sentPlace)
	}
	c.pairs(out, failedDir, errorSuffix, c.failedPlace)
	return c.statuses(ctx, out)
}

// stranger reports what is not ours, but for what desktops and interrupted writers leave.
func (c *Conservation) stranger(out, rel string, d fs.DirEntry) {
	if !watcher.Ignored(d.Name(), nil) {
		c.find(journal.FoundUnknown, "", "", placeOf(out, rel), "")
	}
}

// pairs calls each for every place in a folder of an outbox: a folder, the file beside it that explains it, or both.
func (c *Conservation) pairs(out, dir, suffix string, each func(out, rel string, folder, note bool)) {
	entries, err := os.ReadDir(placeOf(out, dir))
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		c.find(journal.FoundUnread, "", "", placeOf(out, dir), err.Error())
		return
	}
	folders, notes := map[string]bool{}, map[string]bool{}
	for _, e := range entries {
		name, isNote := strings.CutSuffix(e.Name(), suffix)
		switch {
		case watcher.Ignored(e.Name(), nil):
		case e.IsDir():
			folders[e.Name()] = true
		case isNote && e.Type().IsRegular():
			notes[name] = true
		default:
			c.stranger(out, path.Join(dir, e.Name()), e)
		}
	}
	for name := range folders {
		each(out, path.Join(dir, name), true, notes[name])
	}
	for name := range notes {
		if !folders[name] {
			each(out, path.Join(dir, name), false, true)
		}
	}
}

// statuses compares what the status files say has become of a set with what is there: they are remembered longest.
func (c *Conservation) statuses(ctx context.Context, out string) error {
	entries, err := os.ReadDir(filepath.Join(out, statusDir))
	if err != nil {
		return nil //nolint:nilerr // they are made anew
	}
	for _, e := range entries {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if watcher.Ignored(e.Name(), nil) || !e.Type().IsRegular() {
			continue
		}
		var st Status
		b, err := outbox.Read(filepath.Join(out, statusDir, e.Name()))
		if err != nil || json.Unmarshal(b, &st) != nil || st.State != StateSent || st.Archive == "" {
			continue
		}
		if !exists(out, st.Archive+receiptSuffix) {
			c.find(journal.FoundNoReceipt, st.Inbox, st.ID, placeOf(out, st.Archive+receiptSuffix), "status/"+e.Name())
		}
	}
	return nil
}
