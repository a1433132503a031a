package poll

import (
	"context"
	"errors"
	"fmt"
	"time"

	"kurir/agent/journal"
)

// heldFor is how long a change waits for a document that is being polled.
const heldFor = 10 * time.Second

// track has a number polled from now on, on behalf of a list ("" is none). A number that is tracked already gains the
// list; one that has failed or expired is tried again, with the list's kode_dokumen, if the list is new to it or someone has
// asked. Calling it again changes nothing. added: it is new, and due now.
func (p *Pipeline) track(ctx context.Context, in Inbox, e Entry, list string, asked bool) (added bool, err error) {
	kode := e.Kode
	if kode == "" {
		kode = in.KodeDokumen
	}
	job, err := p.o.Store.Get(ctx, journal.Aju, jobKey(in.Name, e.CAR))
	if errors.Is(err, journal.ErrNotFound) {
		err = p.o.Store.Put(ctx, newJob(in.Name, e.CAR, kode, list, p.o.Now()))
		if err == nil || !errors.Is(err, journal.ErrExists) {
			return err == nil, err
		}
		job, err = p.o.Store.Get(ctx, journal.Aju, jobKey(in.Name, e.CAR))
	}
	if err != nil {
		return false, err
	}
	rec, err := decodeRecord(job)
	if err != nil {
		return false, err
	}
	if !rec.addList(list) && (job.State != journal.Failed || !asked) {
		return false, nil
	}
	return false, p.change(ctx, in, job.Key, func(j *journal.Job, rec *record) {
		rec.addList(list)
		if j.State == journal.Failed {
			rec.Kode = kode
			again(j, rec, later(p.o.Now(), rec.Last.Add(in.Pace.First)))
		}
	})
}

// again makes a document that has ended due at a time, with all of its time to give up before it.
func again(j *journal.Job, rec *record, due time.Time) {
	j.State, j.Label, j.Due, j.Cause = journal.Active, Polling, due, nil
	rec.Since, rec.Interval, rec.Busy = due, 0, time.Time{}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// change changes a document's job and record, once it is not being polled, and has its lists' summaries follow.
func (p *Pipeline) change(ctx context.Context, in Inbox, key string, fn func(*journal.Job, *record)) error {
	ctx, cancel := context.WithTimeout(ctx, heldFor)
	defer cancel()
	var lists []string
	for {
		err := p.o.Store.Update(ctx, journal.Aju, key, func(j *journal.Job) error {
			rec, err := decodeRecord(*j)
			if err != nil {
				return err
			}
			fn(j, rec)
			j.Data, lists = rec.encode(), rec.Lists
			return nil
		})
		if err == nil {
			for _, list := range lists {
				p.summaries.mark(in, list)
			}
		}
		if !errors.Is(err, journal.ErrHeld) {
			return err
		}
		settled := p.nextSettled(key)
		select {
		case <-settled:
		case <-time.After(50 * time.Millisecond): // it may have been settled before we listened
		case <-ctx.Done():
			p.forget(key, settled)
			return fmt.Errorf("change %s: %w", key, err)
		}
		p.forget(key, settled)
	}
}

// nextSettled returns a channel that gets the job of key when its next poll is settled.
func (p *Pipeline) nextSettled(key string) chan journal.Job {
	ch := make(chan journal.Job, 1)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting[key] = append(p.waiting[key], ch)
	return ch
}

// forget takes a channel of nextSettled back.
func (p *Pipeline) forget(key string, ch chan journal.Job) {
	p.mu.Lock()
	defer p.mu.Unlock()
	left := p.waiting[key][:0]
	for _, w := range p.waiting[key] {
		if w != ch {
			left = append(left, w)
		}
	}
	if p.waiting[key] = left; len(left) == 0 {
		delete(p.waiting, key)
	}
}

// settled tells those who wait that a poll of job has ended.
func (p *Pipeline) settled(job journal.Job) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, ch := range p.waiting[job.Key] {
		ch <- job // has room for one
	}
	delete(p.waiting, job.Key)
}
