package upload

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"kurir/agent/journal"
	"kurir/agent/outbox"
)

// retain applies keep_sent at the start and every hour, until ctx ends.
func (p *Pipeline) retain(ctx context.Context) error {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for hours := 0; ; hours++ {
		for _, q := range p.inboxes {
			if q.in.Keep <= 0 {
				continue
			}
			p.retainFiles(ctx, q.in)
			if hours%24 == 0 {
				p.retainJobs(ctx, q.in)
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// retainFiles deletes the originals of sets that were sent longer ago than keep_sent. A folder goes only when its
// receipt says that it is this inbox's and when it was sent; receipts stay.
func (p *Pipeline) retainFiles(ctx context.Context, in Inbox) {
	limit := p.o.Now().Add(-in.Keep)
	days, err := os.ReadDir(filepath.Join(in.Outbox, sentDir))
	if err != nil {
		return // nothing was sent yet, or the outbox is away: in an hour
	}
	noted := false
	for _, day := range days {
		date, err := time.ParseInLocation(time.DateOnly, day.Name(), p.o.Location)
		if err != nil || date.After(limit) {
			continue
		}
		rel := path.Join(sentDir, day.Name())
		sets, err := os.ReadDir(filepath.Join(in.Outbox, filepath.FromSlash(rel)))
		if err != nil {
			continue
		}
		for _, set := range sets {
			place := path.Join(rel, set.Name())
			if !set.IsDir() {
				continue
			}
			rc, err := readReceipt(filepath.Join(in.Outbox, filepath.FromSlash(place+receiptSuffix)))
			if err != nil || rc.Inbox != in.Name || !rc.SentAt.Before(limit) {
				continue
			}
			if !noted {
				if err := p.noteRetired(ctx, in, limit); err != nil {
					p.log.Warn("originals not deleted", "inbox", in.Name, "error", err)
					return
				}
				noted = true
			}
			if err := os.RemoveAll(filepath.Join(in.Outbox, filepath.FromSlash(place))); err != nil {
				p.log.Warn("originals not deleted", "folder", place, "error", err)
				continue
			}
			p.log.Info("originals deleted", "id", rc.ID, "folder", place, "sent_at", rc.SentAt)
		}
	}
}

// retiredKind remembers for each inbox how far its retention has gone, so that what it has deleted is not missed when
// keep_sent is raised later.
const retiredKind journal.Kind = "retired"

// noteRetired notes that what was sent before limit may be deleted.
func (p *Pipeline) noteRetired(ctx context.Context, in Inbox, limit time.Time) error {
	b, err := json.Marshal(limit)
	if err != nil {
		return err
	}
	err = p.o.Store.Put(ctx, journal.Job{Kind: retiredKind, Key: in.Name, State: journal.Done, Data: b})
	if !errors.Is(err, journal.ErrExists) {
		return err
	}
	return p.o.Store.Update(ctx, retiredKind, in.Name, func(j *journal.Job) error {
		var known time.Time
		if json.Unmarshal(j.Data, &known) == nil && !known.Before(limit) {
			return nil
		}
		j.Data = b
		return nil
	})
}

// retainJobs forgets what was sent longer ago than keep_sent, but for a trace of it. It looks only at what has not changed since.
func (p *Pipeline) retainJobs(ctx context.Context, in Inbox) {
	limit := p.o.Now().Add(-in.Keep)
	f := journal.Filter{Kind: journal.Xray, Inbox: in.Name, State: journal.Done}
	err := journal.Newest(ctx, p.o.Store, f, journal.Place{At: limit}, func(j journal.Job) bool {
		r, _, err := load(j)
		if err != nil || r.SentAt.IsZero() || !r.SentAt.Before(limit) {
			return true
		}
		if err = p.keepTrace(ctx, j.Group, r); err == nil {
			err = p.o.Store.Update(ctx, journal.Xray, j.Key, func(now *journal.Job) error {
				if now.State != journal.Done {
					return nil // taken up again meanwhile
				}
				return journal.Remove
			})
		}
		if err != nil && !errors.Is(err, journal.ErrHeld) {
			p.log.Warn("record not removed", "id", j.ID, "error", err)
		}
		return ctx.Err() == nil
	})
	if err != nil && ctx.Err() == nil {
		p.log.Warn("old records not looked at", "inbox", in.Name, "error", err)
	}
}

// rebuiltKind marks outboxes whose receipts the journal knows.
const rebuiltKind journal.Kind = "rebuilt"

// rebuild teaches a new journal what was sent and what failed before, from the receipts and reasons in the outbox: the
// journal may have been lost.
// What is in the inboxes is found by their watchers, and the server tells what of it has arrived.
func (p *Pipeline) rebuild(ctx context.Context, in Inbox) error {
	mark := journal.Job{Kind: rebuiltKind, Key: in.Name + "|" + in.Outbox, State: journal.Done, Created: p.o.Now()}
	known, err := p.o.Store.Get(ctx, mark.Kind, mark.Key)
	if err == nil {
		p.births[in.Name] = known.Created
		return nil
	}
	if !errors.Is(err, journal.ErrNotFound) {
		return err
	}
	p.births[in.Name] = mark.Created
	receipts, err := filepath.Glob(filepath.Join(escapeGlob(in.Outbox), sentDir, "????-??-??", "*"+receiptSuffix))
	if err != nil {
		return err
	}
	n := 0
	for _, name := range receipts {
		rc, err := readReceipt(name)
		if err != nil || rc.Inbox != in.Name || rc.Kind != "xray" {
			continue
		}
		rel, err := filepath.Rel(in.Outbox, strings.TrimSuffix(name, receiptSuffix))
		if err != nil {
			continue
		}
		if err := p.recall(ctx, in, rc, filepath.ToSlash(rel)); err != nil {
			return err
		}
		if err := p.showRecalled(ctx, in, rc); err != nil {
			return err
		}
		n++
	}
	failed, err := p.recallFailed(ctx, in)
	if err != nil {
		return err
	}
	if n+failed > 0 {
		p.log.Info("journal rebuilt from the outbox", "inbox", in.Name, "receipts", n, "failed", failed)
	}
	if trouble := in.Guard.Ready(); trouble != nil {
		p.log.Warn("receipts not all read, at the next start again", "inbox", in.Name, "error", trouble)
		return nil
	}
	if err := p.o.Store.Put(ctx, mark); err != nil && !errors.Is(err, journal.ErrExists) {
		return err
	}
	return nil
}

// recall puts one receipt into the journal, joined with what is known of the same set and declaration.
func (p *Pipeline) recall(ctx context.Context, in Inbox, rc Receipt, archive string) error {
	if rc.Elsewhere {
		archive = ""
	}
	r := &Record{Set: rc.Set, Root: in.Root, FirstSeen: rc.FirstSeenAt, SentAt: rc.SentAt, Archive: archive, Moved: true, Attempts: 1}
	d := &r.Declaration
	d.NomorAju, d.NomorBlAwb, d.TanggalBlAwb, d.KodeKantor = rc.NomorAju, rc.NomorBlAwb, rc.TanggalBlAwb, rc.KodeKantor
	for _, im := range rc.Images {
		if im.State == imageSent {
			r.Images = append(r.Images, Image{Path: im.Name, Name: im.Name, Size: im.Bytes, SHA256: im.SHA256,
				State: imageSent, Via: im.Via, At: im.At})
		}
	}
	key := jobKey(in.Name, rc.Set, rc.NomorAju)
	err := p.o.Store.Put(ctx, journal.Job{Kind: journal.Xray, Key: key, ID: id(in.Name, rc.Set), Inbox: in.Name,
		Group: rc.NomorAju, State: journal.Done, Label: StateSent, Data: r.encode()})
	if !errors.Is(err, journal.ErrExists) {
		return err
	}
	return p.o.Store.Update(ctx, journal.Xray, key, func(j *journal.Job) error {
		known, _, err := load(*j)
		if err != nil {
			return err
		}
		have := map[string]bool{}
		for _, im := range known.Images {
			have[im.SHA256+"\x00"+im.Name] = true
		}
		for _, im := range r.Images {
			if !have[im.SHA256+"\x00"+im.Name] {
				known.Images = append(known.Images, im)
			}
		}
		if r.SentAt.After(known.SentAt) && known.Moved {
			known.SentAt = r.SentAt
		}
		j.Data = known.encode()
		return nil
	})
}

// showRecalled brings the status of a set up to date that was sent when the agent died, and that nothing but its receipt
// tells of. What still lies in the inbox shows its own state when it is found.
func (p *Pipeline) showRecalled(ctx context.Context, in Inbox, rc Receipt) error {
	name, err := statusFile(in.Outbox, rc.Set, id(in.Name, rc.Set), func(string) bool { return false })
	if err != nil || !isPassing(name) {
		return ctx.Err() // a status that cannot be read is left alone: it is nothing but a view
	}
	job, err := p.o.Store.Get(ctx, journal.Xray, jobKey(in.Name, rc.Set, rc.NomorAju))
	if err != nil {
		return err
	}
	if r, _, err := load(job); err == nil && job.State == journal.Done {
		p.status.later(p.statusOf(job, r), in.Outbox)
	}
	return nil
}

// isPassing reports whether a status file shows a state that is not the last, or is not there.
func isPassing(name string) bool {
	b, err := outbox.Read(name)
	if err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	var st Status
	return json.Unmarshal(b, &st) == nil && st.State != StateSent && st.State != StateFailed
}

func readReceipt(name string) (Receipt, error) {
	b, err := outbox.Read(name)
	if err != nil {
		return Receipt{}, err
	}
	var rc Receipt
	err = json.Unmarshal(b, &rc)
	return rc, err
}

var globMeta = strings.NewReplacer(`*`, `[*]`, `?`, `[?]`, `[`, `[[]`)

// escapeGlob takes a path literally where a pattern is expected.
func escapeGlob(dir string) string { return globMeta.Replace(dir) }
