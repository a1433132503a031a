package poll

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"kurir/agent/journal"
	"kurir/watcher"
)

// Conservation is the proof that every list that was read is kept, with a row for each entry, and that every response that
// was delivered is in its document's folder, PDF included. It reads journal and folders and changes nothing. Without a
// journal it rests on the status files.
type Conservation struct {
	Store   journal.Store // nil: there is none
	Inboxes []Inbox

	ledger *journal.Ledger
	known  map[string]bool // folders of lists and documents
}

// Check goes through everything once. What it finds while an agent works may be on its way: then it is asked again.
func (c *Conservation) Check(ctx context.Context) (*journal.Ledger, error) {
	c.ledger, c.known = journal.NewLedger(), map[string]bool{}
	outboxes := map[string]Inbox{}
	for _, in := range c.Inboxes {
		outboxes[in.Outbox] = in
		c.ledger.Count(in.Name, journal.Aju, func(*journal.Tally) {})
		c.inbox(in)
		if c.Store == nil {
			continue
		}
		if missing(in.Outbox) {
			c.find(journal.FoundUnread, in, "", in.Outbox, "")
			continue
		}
		if err := c.each(ctx, KindList, in, c.list); err != nil {
			return nil, err
		}
		if err := c.each(ctx, journal.Aju, in, c.document); err != nil {
			return nil, err
		}
	}
	for _, in := range outboxes {
		c.folders(ctx, in)
	}
	return c.ledger, ctx.Err()
}

func (c *Conservation) find(code journal.FindingCode, in Inbox, id, path, detail string) {
	c.ledger.Find(journal.Finding{Code: code, Inbox: in.Name, ID: id, Path: path, Detail: detail})
}

// inbox counts the lists that wait.
func (c *Conservation) inbox(in Inbox) {
	entries, err := os.ReadDir(in.Root)
	if err != nil {
		c.find(journal.FoundUnread, in, "", in.Root, err.Error())
	}
	for _, e := range entries {
		if e.Type().IsRegular() && !watcher.Ignored(e.Name(), nil) {
			c.ledger.Count(in.Name, journal.Aju, func(t *journal.Tally) { t.Waiting++ })
		}
	}
}

// each calls judge for the jobs of a kind and an inbox.
func (c *Conservation) each(ctx context.Context, kind journal.Kind, in Inbox, judge func(Inbox, journal.Job) error) error {
	for f := (journal.Filter{Kind: kind, Inbox: in.Name, Limit: 1000}); ; {
		jobs, err := c.Store.List(ctx, f)
		if err != nil {
			return err
		}
		for _, j := range jobs {
			f.After = j.Key
			if err := judge(in, j); err != nil {
				c.find(journal.FoundUnread, in, j.ID, "", err.Error())
			}
		}
		if len(jobs) < f.Limit {
			return nil
		}
	}
}

// list judges one list.
func (c *Conservation) list(in Inbox, j journal.Job) error {
	rec, err := decodeList(j)
	if err != nil {
		return err
	}
	folder := in.listFolder(rec.Folder)
	c.known[folder] = true
	if j.Label == ListReading {
		return nil // it is still in the inbox, or just moving
	}
	c.ledger.Count(in.Name, journal.Aju, func(t *journal.Tally) { t.Lists++; t.Entries += rec.Entries; t.Rejected += rec.Rejected })
	if missing(filepath.Join(folder, rec.File)) {
		c.find(journal.FoundNoList, in, j.ID, filepath.Join(folder, rec.File), "")
	}
	if j.Label == ListTracked && len(rec.Counts) > 0 { // else it is still to be written
		c.rows(in, j, filepath.Join(folder, summaryFile), rec.Entries)
	}
	if rec.Rejected > 0 {
		c.rows(in, j, filepath.Join(folder, rejectedFile), rec.Rejected)
	}
	return nil
}

// rows expects n rows, and one of titles, in a file.
func (c *Conservation) rows(in Inbox, j journal.Job, name string, n int) {
	f, err := os.Open(name)
	if err != nil {
		c.find(journal.FoundNoSummary, in, j.ID, name, err.Error())
		return
	}
	defer func() { _ = f.Close() }()
	got := -1
	for r := csv.NewReader(f); ; got++ {
		if _, err = r.Read(); err != nil {
			break
		}
	}
	if !errors.Is(err, io.EOF) || got != n {
		c.find(journal.FoundNoSummary, in, j.ID, name, fmt.Sprintf("%d / %d", max(got, 0), n))
	}
}

// document judges one document.
func (c *Conservation) document(in Inbox, j journal.Job) error {
	rec, err := decodeRecord(j)
	if err != nil {
		return err
	}
	c.ledger.Count(in.Name, journal.Aju, func(t *journal.Tally) {
		t.Documents++
		t.Responses += len(rec.Delivered)
		t.PDFs += rec.pdfs()
	})
	if rec.Folder == "" {
		return nil
	}
	folder := filepath.Join(in.Outbox, documentsFolder, rec.Folder)
	c.known[folder] = true
	if rec.Polls > 0 && missing(filepath.Join(folder, statusFile)) {
		c.find(journal.FoundNoDocument, in, j.ID, filepath.Join(folder, statusFile), "")
	}
	for _, d := range rec.Delivered {
		if !d.Only {
			c.response(in, j.ID, filepath.Join(folder, responFolder, d.Name+".json"))
		}
		if d.Form != formNone {
			c.response(in, j.ID, filepath.Join(folder, responFolder, d.file()))
		}
	}
	return nil
}

func (c *Conservation) response(in Inbox, id, name string) {
	if missing(name) {
		c.find(journal.FoundNoResponse, in, id, name, "")
	}
}

// folders judges what lies in an outbox that the journal says nothing about.
func (c *Conservation) folders(ctx context.Context, in Inbox) {
	for _, kind := range []string{listsFolder, documentsFolder} {
		dir := filepath.Join(in.Outbox, kind)
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			c.find(journal.FoundUnread, in, "", dir, err.Error())
		}
		for _, e := range entries {
			path := filepath.Join(dir, e.Name())
			switch {
			case ctx.Err() != nil:
				return
			case c.known[path] || watcher.Ignored(e.Name(), nil):
			case kind == documentsFolder && e.IsDir():
				c.stray(in, path)
			case kind == listsFolder && isRefused(path): // a journal that was lost knew of it
			case c.Store != nil && !isEmpty(path):
				c.find(journal.FoundUnknown, in, "", path, "")
			}
		}
	}
}

// stray judges a document that the journal does not know: its status file says what was delivered.
func (c *Conservation) stray(in Inbox, folder string) {
	doc, err := readDocument(folder)
	if err != nil {
		c.find(journal.FoundUnread, in, "", folder, err.Error())
	}
	if doc == nil {
		return // nothing was delivered yet
	}
	if c.Store == nil {
		c.ledger.Count(doc.Inbox, journal.Aju, func(t *journal.Tally) { t.Documents++; t.Responses += len(doc.Responses) })
	}
	for _, r := range doc.Responses {
		for _, name := range []string{r.File, r.PDF} {
			if name != "" {
				c.response(in, doc.ID, filepath.Join(folder, filepath.FromSlash(name)))
			}
		}
	}
}

// isRefused reports whether a folder holds a list that could not be read, with its reason.
func isRefused(folder string) bool {
	return listIn(folder) != "" && !missing(filepath.Join(folder, errorFile))
}

func missing(path string) bool {
	_, err := os.Lstat(path)
	return errors.Is(err, fs.ErrNotExist)
}

func isEmpty(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err == nil && len(entries) == 0
}
