package poll

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"kurir/agent/journal"
	"kurir/agent/reason"
)

// Errors of the commands.
var (
	ErrInbox  = errors.New("no such inbox")
	ErrNumber = errors.New("not an Aju number")
)

// Add tracks a number and has it polled now, also when it is tracked already; kode "" takes the inbox's. It returns the
// key of its job. The errors ErrInbox and ErrNumber are wrapped with what is wrong.
func (p *Pipeline) Add(ctx context.Context, inbox, number, kode string) (key string, err error) {
	in, e, err := p.check(inbox, number, kode)
	if err != nil {
		return "", err
	}
	key = jobKey(in.Name, e.CAR)
	added, err := p.track(ctx, in, e, "", true)
	if err == nil && !added { // else it is due, and may be asked for already
		err = p.change(ctx, in, key, func(j *journal.Job, rec *record) { p.now(j, rec) })
	}
	if err != nil {
		return "", fmt.Errorf("track %s: %w", e.CAR, err)
	}
	p.Wake()
	return key, nil
}

// Poll is Add, and returns the document once that poll has been settled. Run must be running. When ctx ends before, it
// returns the document as it is, with ctx's error.
func (p *Pipeline) Poll(ctx context.Context, inbox, number, kode string) (Document, error) {
	in, e, err := p.check(inbox, number, kode)
	if err != nil {
		return Document{}, err
	}
	if err := p.disks.Trouble(in.Guard); err != nil {
		return Document{}, err // whoever asks now wants to know, not to wait
	}
	key := jobKey(in.Name, e.CAR)
	settled := p.nextSettled(key)
	defer p.forget(key, settled)
	if _, err := p.Add(ctx, inbox, number, kode); err != nil {
		return Document{}, err
	}
	select {
	case <-settled:
		return p.Document(ctx, key)
	case <-ctx.Done():
		doc, err := p.Document(context.WithoutCancel(ctx), key)
		return doc, errors.Join(ctx.Err(), err)
	}
}

// check finds the inbox and reads the number.
func (p *Pipeline) check(inbox, number, kode string) (Inbox, Entry, error) {
	in, ok := p.inboxes[inbox]
	if !ok {
		return Inbox{}, Entry{}, fmt.Errorf("%w: %q", ErrInbox, inbox)
	}
	car, why, detail := parseNumber(number)
	if why != "" {
		return Inbox{}, Entry{}, fmt.Errorf("%w: %q: %s", ErrNumber, printable(number), phrase(why, detail).In(p.o.Language))
	}
	if kode == "" {
		kode = in.KodeDokumen
	}
	if !validKode(kode) {
		return Inbox{}, Entry{}, fmt.Errorf("%w: %s", ErrNumber, reason.LineKode.With(printable(kode)).In(p.o.Language))
	}
	return in, Entry{CAR: car, Kode: kode}, nil
}

// now makes a document due at once, whatever its state; someone asks for it.
func (p *Pipeline) now(j *journal.Job, rec *record) {
	if j.State == journal.Active {
		j.Due = p.o.Now()
		return
	}
	done := rec.DoneAt
	again(j, rec, p.o.Now())
	if !done.IsZero() { // it is polled once more, and its tail is over
		j.Label = Done
	}
}

// Retry makes the document of key due now: one that failed or expired is tried again from the beginning.
// journal.ErrNotFound when there is none.
func (p *Pipeline) Retry(ctx context.Context, key string) error {
	job, err := p.o.Store.Get(ctx, journal.Aju, key)
	if err != nil {
		return fmt.Errorf("retry %s: %w", key, err)
	}
	err = p.change(ctx, p.inboxes[job.Inbox], key, func(j *journal.Job, rec *record) { p.now(j, rec) })
	if err != nil {
		return fmt.Errorf("retry %s: %w", key, err)
	}
	p.Wake()
	return nil
}

// Document returns what is known of the document of key: its status file's content, brought up to date from the
// journal. journal.ErrNotFound when there is none.
func (p *Pipeline) Document(ctx context.Context, key string) (Document, error) {
	job, err := p.o.Store.Get(ctx, journal.Aju, key)
	if err != nil {
		return Document{}, err
	}
	return p.Describe(job, true)
}

// Describe is Document for a job that is at hand. Without full, the file is not read, and responses and statuses are
// missing.
func (p *Pipeline) Describe(job journal.Job, full bool) (Document, error) {
	rec, err := decodeRecord(job)
	if err != nil {
		return Document{}, err
	}
	var before *Document
	if in, ok := p.inboxes[job.Inbox]; ok && full && rec.Folder != "" {
		// a status file that cannot be read leaves out what it alone knows
		before, _ = readDocument(filepath.Join(in.Outbox, documentsFolder, rec.Folder))
	}
	return p.document(job, rec, before), nil
}

// List is one list that was read.
type List struct {
	ID       string         `json:"id"`
	Inbox    string         `json:"inbox"`
	List     string         `json:"list"` // its folder under lists/
	File     string         `json:"file"`
	Entries  int            `json:"entries"`
	Rejected int            `json:"rejected"`
	Counts   map[string]int `json:"counts,omitempty"` // its rows by state, as of the last summary
	ReadAt   time.Time      `json:"readAt"`
	Error    *Failure       `json:"error,omitempty"`
}

// DescribeList describes a job of KindList.
func (p *Pipeline) DescribeList(job journal.Job) (List, error) {
	rec, err := decodeList(job)
	if err != nil {
		return List{}, err
	}
	return List{
		ID: job.ID, Inbox: job.Inbox, List: rec.Folder, File: rec.File, Entries: rec.Entries, Rejected: rec.Rejected,
		Counts: rec.Counts, ReadAt: p.local(job.Created), Error: p.failure(job.Cause),
	}, nil
}
