package poll

import (
	"cmp"
	"context"
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
	"kurir/watcher"
)

// The wait between two tries of an outbox that cannot be read, the first and the longest.
const (
	rereadFirst = 10 * time.Second
	rereadMost  = 5 * time.Minute
)

// rebuiltKind marks the inboxes whose outboxes the journal knows.
const rebuiltKind journal.Kind = "rebuilt"

// rebuild makes up for a journal that knows nothing of an inbox although its outbox does: the documents and the lists
// in it are tracked again, each as its status file left it. Nothing is asked or delivered twice for it. It is done once for
// each journal, and begun again when it was interrupted. The lists come after the documents of all inboxes, which tell
// whose they are where inboxes share an outbox. whole is false when an outbox could not be read: then it is to be called again.
// An error is one that ends all work.
func (p *Pipeline) rebuild(ctx context.Context) (whole bool, err error) {
	owners := listOwners{}
	unread := make(map[string]bool) // outboxes
	var unknown []Inbox
	for _, in := range p.o.Inboxes {
		if _, err := p.o.Store.Get(ctx, rebuiltKind, rebuiltKey(in)); err == nil {
			continue // otherwise it is done again, which changes nothing
		}
		unknown = append(unknown, in)
		err := p.disks.Trouble(in.Guard) // what is not there now is not gone
		if err == nil {
			err = p.rebuildDocuments(ctx, in, owners)
		}
		if endsWork(ctx, err) {
			return false, cmp.Or(err, ctx.Err())
		}
		if err != nil {
			unread[in.Outbox] = true
			p.notRead(in, err)
		}
	}
	whole = true
	for _, in := range unknown {
		if unread[in.Outbox] {
			whole = false
			continue
		}
		err := p.rebuildLists(ctx, in, owners)
		if err == nil {
			err = p.disks.Trouble(in.Guard) // it may have gone meanwhile
		}
		switch {
		case endsWork(ctx, err):
			return false, cmp.Or(err, ctx.Err())
		case err != nil:
			whole = false
			p.notRead(in, err)
		default:
			p.rebuilt(ctx, in)
		}
	}
	return whole, nil
}

// endsWork reports whether ctx has ended, or the journal, as err tells: no trouble of an outbox.
func endsWork(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, journal.ErrClosed) || errors.Is(err, journal.ErrDamaged)
}

// notRead says why an outbox could not be read.
func (p *Pipeline) notRead(in Inbox, err error) {
	p.log.Warn("outbox not read", "inbox", in.Name, "error", err)
}

// rebuildLater reads the outboxes that could not be read at the start, until all have been: a share may come after the agent.
func (p *Pipeline) rebuildLater(ctx context.Context, whole bool) error {
	for wait := p.reread; !whole; wait = min(2*wait, rereadMost) {
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-t.C:
		}
		var err error
		if whole, err = p.rebuild(ctx); err != nil {
			return err
		}
		p.Wake()
	}
	return nil
}

// rebuilt marks an inbox whose outbox the journal knows.
func (p *Pipeline) rebuilt(ctx context.Context, in Inbox) {
	mark := journal.Job{Kind: rebuiltKind, Key: rebuiltKey(in), State: journal.Done, Created: p.o.Now()}
	if err := p.o.Store.Put(ctx, mark); err != nil && !errors.Is(err, journal.ErrExists) {
		p.log.Warn("outbox not marked as read", "inbox", in.Name, "error", err) // it is read again at the next start
	}
}

func rebuiltKey(in Inbox) string { return in.Name + "|" + in.Outbox }

// listOwners are the inboxes whose documents name a list, by the list's folder.
type listOwners map[string][]string

func (o listOwners) add(in Inbox, lists []string) {
	for _, list := range lists {
		if folder := in.listFolder(list); !slices.Contains(o[folder], in.Name) {
			o[folder] = append(o[folder], in.Name)
		}
	}
}

// rebuildDocuments tracks the documents of an outbox again, and notes whose its lists are.
func (p *Pipeline) rebuildDocuments(ctx context.Context, in Inbox, owners listOwners) error {
	documents, err := subfolders(filepath.Join(in.Outbox, documentsFolder))
	if err != nil {
		return err
	}
	found := 0
	for _, name := range documents {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		doc, err := readDocument(filepath.Join(in.Outbox, documentsFolder, name))
		if err != nil || doc == nil || doc.Inbox != in.Name || !validCAR(doc.CAR) {
			continue
		}
		owners.add(in, doc.Lists)
		switch err := p.o.Store.Put(ctx, in.restore(name, *doc, p.o.Now())); {
		case err == nil:
			found++
		case !errors.Is(err, journal.ErrExists):
			return fmt.Errorf("track %s again: %w", doc.CAR, err)
		}
	}
	if found > 0 {
		p.log.Warn("documents tracked again from the outbox", "inbox", in.Name, "documents", found)
	}
	return nil
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
			rec.Delivered = append(rec.Delivered, restoreDeliveries(r)...)
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
	case doc.State != Done && !now.Before(rec.Since.Add(in.Pace.GiveUpAfter)):
		rec.Since = now // it was tried once more after its time was up, and no file tells since when
	}
	job.Data = rec.encode()
	return job
}

// restoreDeliveries makes deliveries of what a status file says of a response: of getresbycar's, and of a PDF that statusrespon
// alone has brought, which has a name of its own. Their sums are not known: see record.adopt.
func restoreDeliveries(r Response) []delivery {
	file := strings.TrimSuffix(strings.TrimPrefix(r.File, responFolder+"/"), ".json")
	pdf := strings.TrimSuffix(strings.TrimPrefix(r.PDF, responFolder+"/"), ".pdf")
	var out []delivery
	if file != "" {
		d := delivery{Name: file, Kode: r.KodeRespon, Date: r.TanggalRespon, Note: r.Note}
		if pdf == file {
			d.Form = formPDF
		}
		out = append(out, d)
	}
	if pdf != "" && pdf != file {
		out = append(out, delivery{Name: pdf, Kode: r.KodeRespon, Date: r.TanggalRespon, Form: formPDF, Only: true})
	}
	return out
}

// rebuildLists takes the lists of an outbox into the journal again. One that cannot be does not stop the others.
func (p *Pipeline) rebuildLists(ctx context.Context, in Inbox, owners listOwners) error {
	folders, err := subfolders(filepath.Join(in.Outbox, listsFolder))
	if err != nil {
		return err
	}
	var failed error
	for _, folder := range folders {
		file := listIn(in.listFolder(folder))
		if file == "" {
			continue
		}
		theirs, err := p.servesOther(ctx, in, folder, file, owners[in.listFolder(folder)])
		if err == nil && !theirs {
			err = p.readAgain(ctx, in, folder, file)
		}
		var invalid *ListError
		if err == nil || errors.As(err, &invalid) {
			continue // that one was reported when it came
		}
		if err = fmt.Errorf("read list %s again: %w", folder, err); endsWork(ctx, err) {
			return err
		}
		failed = cmp.Or(failed, err)
	}
	return failed
}

// servesOther reports whether a list in the outbox belongs to another inbox with the same outbox: the journal knows it as
// that, or documents say so, or its numbers are tracked there and not here.
func (p *Pipeline) servesOther(ctx context.Context, in Inbox, folder, file string, owners []string) (bool, error) {
	if p.listOfOther(ctx, in, folder) {
		return true, nil
	}
	others := p.sharing(in)
	if len(others) == 0 || len(owners) > 0 {
		return len(others) > 0 && !slices.Contains(owners, in.Name), nil
	}
	theirs := false
	err := parse(ctx, filepath.Join(in.listFolder(folder), file), in, func(e Entry) error {
		if p.tracks(ctx, in, e) {
			return errOurs
		}
		theirs = theirs || slices.ContainsFunc(others, func(other Inbox) bool { return p.tracks(ctx, other, e) })
		return nil
	})
	if errors.Is(err, errOurs) {
		return false, nil
	}
	return theirs, err
}

// errOurs ends the search for whom a list belongs to.
var errOurs = errors.New("a number is tracked by the inbox itself")

// tracks reports whether the journal knows a number as one of the inbox.
func (p *Pipeline) tracks(ctx context.Context, in Inbox, e Entry) bool {
	_, err := p.o.Store.Get(ctx, journal.Aju, jobKey(in.Name, e.CAR))
	return err == nil
}

// readAgain tracks the numbers of a list that is in the outbox. What its documents have come to stands.
func (p *Pipeline) readAgain(ctx context.Context, in Inbox, folder, file string) error {
	path := filepath.Join(in.listFolder(folder), file)
	found, err := survey(ctx, path, in)
	if err != nil {
		return err
	}
	rec := listRecord{Folder: folder, File: file, Sum: found.sum, Entries: found.entries, Rejected: found.rejected}
	if err := p.trackAll(ctx, in, path, folder, false); err != nil {
		return err
	}
	err = p.o.Store.Put(ctx, rec.job(in, ListTracked, p.o.Now()))
	if errors.Is(err, journal.ErrExists) {
		return nil
	}
	p.summaries.mark(in, folder)
	return err
}

// listIn returns the name of the list in its folder, or "": the file that the folder is called after, if there are others.
func listIn(folder string) string {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return ""
	}
	list, called := "", filepath.Base(folder)
	for _, e := range entries {
		if !e.Type().IsRegular() || reserved(e.Name()) || watcher.Ignored(e.Name(), nil) {
			continue
		}
		stem := outbox.SafeName(strings.TrimSuffix(e.Name(), filepath.Ext(e.Name())))
		if called == stem || strings.HasPrefix(called, stem+"~") {
			return e.Name()
		}
		list = cmp.Or(list, e.Name())
	}
	return list
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

// resumeLists finishes lists whose taking was interrupted after they had been moved, and has the summaries of all that
// are not at their end looked at: what changed last before the agent ended may be missing.
func (p *Pipeline) resumeLists(ctx context.Context, in Inbox) error {
	after := ""
	for {
		jobs, err := p.o.Store.List(ctx, journal.Filter{Kind: KindList, Inbox: in.Name, State: journal.Active, After: after, Limit: pageOfLists})
		if err != nil {
			return fmt.Errorf("look into journal: %w", err)
		}
		for _, job := range jobs {
			after = job.Key
			if err := p.resumeList(ctx, in, job); err != nil {
				p.log.Error("list not resumed", "id", job.ID, "error", err)
			}
		}
		if len(jobs) < pageOfLists {
			return nil
		}
	}
}

// resumeList finishes a list whose taking was interrupted after it had been moved, and has its summary looked at.
func (p *Pipeline) resumeList(ctx context.Context, in Inbox, job journal.Job) error {
	rec, err := decodeList(job)
	if err != nil {
		return err
	}
	if job.Label == ListReading {
		path := filepath.Join(in.listFolder(rec.Folder), rec.File)
		found, err := survey(ctx, path, in)
		var invalid *ListError
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it is still in the inbox, and offered again
		}
		if err != nil && !errors.As(err, &invalid) {
			return err
		}
		return p.taken(ctx, in, job.Key, found, invalid)
	}
	p.summaries.mark(in, rec.Folder)
	return nil
}
