package poll

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"kurir/agent/journal"
	"kurir/agent/outbox"
)

// The files of a list, in its folder under lists/, beside the list itself.
const (
	listsFolder  = "lists"
	summaryFile  = "summary.csv"
	rejectedFile = "rejected.csv"
	errorFile    = "error.json"
)

// The labels of a list's job.
const (
	ListReading = "reading" // its numbers are being put into the journal
	ListTracked = "tracked" // all are, and the list is in the outbox
	ListFailed  = "failed"  // it could not be read
)

// listRecord is what the journal keeps of a list, in Job.Data.
type listRecord struct {
	Folder   string         `json:"dir"`  // under lists/
	File     string         `json:"file"` // its name there
	Sum      string         `json:"sum"`  // SHA-256 of its content
	Entries  int            `json:"entries"`
	Rejected int            `json:"rejected,omitempty"`
	Counts   map[string]int `json:"counts,omitempty"` // rows by state, as of the last summary
}

func decodeList(j journal.Job) (listRecord, error) {
	var rec listRecord
	if err := json.Unmarshal(j.Data, &rec); err != nil {
		return listRecord{}, fmt.Errorf("read journal record of list %s: %w", j.ID, err)
	}
	return rec, nil
}

func (r listRecord) encode() json.RawMessage {
	b, _ := json.Marshal(r) // strings and numbers always encode
	return b
}

// folder is where a list of the inbox is kept.
func (in Inbox) listFolder(name string) string { return filepath.Join(in.Outbox, listsFolder, name) }

// openList finds the journal's record of a list by its name and content, or makes one in a folder of its own: LIST, or
// LIST~2 when that belongs to another list. The same list dropped again finds its record again.
func (p *Pipeline) openList(ctx context.Context, in Inbox, name, sum string) (string, listRecord, error) {
	file := outbox.SafeName(name)
	if reserved(file) {
		file = outbox.Numbered(file, 2)
	}
	stem := strings.TrimSuffix(name, filepath.Ext(name))
	p.naming.Lock()
	defer p.naming.Unlock()
	for n := 1; ; n++ {
		folder := outbox.NumberedFolder(outbox.SafeName(stem), n)
		key := in.Name + "/" + folder
		job, err := p.o.Store.Get(ctx, KindList, key)
		switch {
		case err == nil:
			rec, err := decodeList(job)
			if err != nil {
				return "", rec, err
			}
			if rec.Sum == sum && rec.File == file {
				return key, rec, nil
			}
			continue
		case !errors.Is(err, journal.ErrNotFound):
			return "", listRecord{}, err
		}
		if free, err := claimFolder(in.listFolder(folder)); err != nil {
			return "", listRecord{}, err
		} else if !free {
			continue
		}
		rec := listRecord{Folder: folder, File: file, Sum: sum}
		return key, rec, p.o.Store.Put(ctx, rec.job(in, ListReading, p.o.Now()))
	}
}

// job is the list's job.
func (r listRecord) job(in Inbox, label string, now time.Time) journal.Job {
	id := in.Name + "/" + r.Folder
	return journal.Job{
		Kind: KindList, Key: id, ID: id, Inbox: in.Name, State: journal.Active, Label: label, Created: now, Data: r.encode(),
	}
}

// claimFolder makes a folder. free is false when there is one that is not empty.
func claimFolder(path string) (free bool, err error) {
	if err := os.MkdirAll(path, 0o755); err != nil {
		if info, statErr := os.Stat(path); statErr == nil && !info.IsDir() {
			return false, nil
		}
		return false, err
	}
	entries, err := os.ReadDir(path)
	return len(entries) == 0, err
}

// reserved reports whether a list's own name is one that the outbox uses beside it.
func reserved(name string) bool {
	return slices.ContainsFunc([]string{summaryFile, rejectedFile, errorFile}, func(r string) bool {
		return strings.EqualFold(r, name)
	})
}

// updateList changes a list's record.
func (p *Pipeline) updateList(ctx context.Context, key string, fn func(*journal.Job, *listRecord)) error {
	return p.o.Store.Update(ctx, KindList, key, func(j *journal.Job) error {
		rec, err := decodeList(*j)
		if err != nil {
			return err
		}
		fn(j, &rec)
		j.Data = rec.encode()
		return nil
	})
}

// rebuild makes up for a journal that knows nothing of an inbox although its outbox does: the documents and the lists
// in it are tracked again, each as its status file left it. Nothing is asked or delivered twice for it.
func (p *Pipeline) rebuild(ctx context.Context, in Inbox) error {
	for _, kind := range []journal.Kind{journal.Aju, KindList} {
		known, err := p.o.Store.List(ctx, journal.Filter{Kind: kind, Inbox: in.Name, Limit: 1})
		if err != nil {
			return fmt.Errorf("look into journal: %w", err)
		}
		if len(known) > 0 {
			return nil
		}
	}
	documents, err := subfolders(filepath.Join(in.Outbox, documentsFolder))
	if err != nil {
		p.log.Warn("outbox not read", "inbox", in.Name, "error", err)
		return nil
	}
	found := 0
	for _, name := range documents {
		doc, err := readDocument(filepath.Join(in.Outbox, documentsFolder, name))
		if err != nil || doc == nil || doc.Inbox != in.Name || !validCAR(doc.CAR) || ctx.Err() != nil {
			continue
		}
		if err := p.o.Store.Put(ctx, in.restore(name, *doc, p.o.Now())); err != nil && !errors.Is(err, journal.ErrExists) {
			return fmt.Errorf("track %s again: %w", doc.CAR, err)
		}
		found++
	}
	if found > 0 {
		p.log.Warn("documents tracked again from the outbox", "inbox", in.Name, "documents", found)
	}
	return p.rebuildLists(ctx, in)
}

// restore makes a job of a document's status file.
func (in Inbox) restore(folder string, doc Document, now time.Time) journal.Job {
	job := newJob(in.Name, doc.CAR, doc.KodeDokumen, "", now)
	rec := record{
		CAR: doc.CAR, Kode: doc.KodeDokumen, Lists: doc.Lists, Folder: folder, Status: doc.Status, Uraian: doc.StatusUraian,
		Daftar: doc.NomorDaftar, Tgl: doc.TanggalDaftar, Note: doc.Note, Polls: doc.Polls, Since: doc.FirstSeenAt,
		Last: doc.UpdatedAt, Changed: doc.UpdatedAt, DoneAt: doc.DoneAt, Interval: in.Pace.First,
	}
	for _, r := range doc.Responses {
		if r.File != "" || r.PDF != "" {
			rec.Delivered = append(rec.Delivered, restoreDelivery(r))
		}
	}
	job.Label, job.Created = doc.State, doc.FirstSeenAt
	job.Due = later(later(now, doc.NextPollAt), doc.UpdatedAt.Add(in.Pace.First))
	switch {
	case doc.State == Failed || doc.State == Expired:
		job.State = journal.Failed
		if doc.Error != nil {
			job.Cause = &journal.Cause{Code: doc.Error.Code, Message: doc.Error.Message}
		}
	case doc.State == Done && doc.NextPollAt.IsZero():
		job.State = journal.Done
	}
	job.Data = rec.encode()
	return job
}

// restoreDelivery makes a delivery of what a status file says of a response. Its sum is not known: see record.knows.
func restoreDelivery(r Response) delivery {
	d := delivery{Kode: r.KodeRespon, Date: r.TanggalRespon, Note: r.Note, Only: r.File == ""}
	d.Name = strings.TrimSuffix(strings.TrimPrefix(r.File, responFolder+"/"), ".json")
	if r.PDF != "" {
		d.Form = formPDF
		if d.Only {
			d.Name = strings.TrimSuffix(strings.TrimPrefix(r.PDF, responFolder+"/"), ".pdf")
		}
	}
	return d
}

// rebuildLists takes the lists of an outbox into the journal again.
func (p *Pipeline) rebuildLists(ctx context.Context, in Inbox) error {
	folders, err := subfolders(filepath.Join(in.Outbox, listsFolder))
	if err != nil {
		p.log.Warn("outbox not read", "inbox", in.Name, "error", err)
		return nil
	}
	for _, folder := range folders {
		file := listIn(in.listFolder(folder))
		if file == "" || p.servesOther(ctx, in, folder) {
			continue
		}
		if err := p.readAgain(ctx, in, folder, file); err != nil {
			var invalid *ListError
			if errors.As(err, &invalid) {
				continue // it was reported when it came
			}
			return fmt.Errorf("read list %s again: %w", folder, err)
		}
	}
	return nil
}

// servesOther reports whether a folder is known to belong to a list of another inbox with the same outbox.
func (p *Pipeline) servesOther(ctx context.Context, in Inbox, folder string) bool {
	for _, other := range p.o.Inboxes {
		if other.Name != in.Name && other.Outbox == in.Outbox {
			if _, err := p.o.Store.Get(ctx, KindList, other.Name+"/"+folder); err == nil {
				return true
			}
		}
	}
	return false
}

// readAgain tracks the numbers of a list that is in the outbox.
func (p *Pipeline) readAgain(ctx context.Context, in Inbox, folder, file string) error {
	path := filepath.Join(in.listFolder(folder), file)
	found, err := survey(ctx, path, in)
	if err != nil {
		return err
	}
	rec := listRecord{Folder: folder, File: file, Sum: found.sum, Entries: found.entries, Rejected: found.rejected}
	if err := p.trackAll(ctx, in, path, folder); err != nil {
		return err
	}
	err = p.o.Store.Put(ctx, rec.job(in, ListTracked, p.o.Now()))
	if errors.Is(err, journal.ErrExists) {
		return nil
	}
	return err
}

// listIn returns the name of the list in its folder, or "".
func listIn(folder string) string {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return ""
	}
	for _, e := range entries {
		if e.Type().IsRegular() && !reserved(e.Name()) && !strings.HasPrefix(e.Name(), ".") {
			return e.Name()
		}
	}
	return ""
}

func subfolders(path string) ([]string, error) {
	entries, err := os.ReadDir(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names, err
}
