package upload

import (
	"bytes"
	"context"
	"errors"
	"path"
	"time"

	"kurir/agent/journal"
	"kurir/watcher"
)

// moveAgain is the pace at which refused sets are moved whose files could not be: the outbox is full or away, or a file
// is held by another program.
const moveAgain = 5 * time.Second

// refuse records that a set is broken, and moves it to failed/ with the reason. It is repeatable: as long as files of
// the set are left in the inbox, the same folder of failed/ takes them.
func (in *intake) refuse(ctx context.Context, s snapshot, v verdict) error {
	if err := in.whole(s); err != nil {
		return err
	}
	r := in.newRecord(s, v)
	known := map[string]bool{s.marker: true}
	for _, f := range r.Files {
		known[f.Path] = true
	}
	for _, f := range s.files { // broken images and further sidecars go along
		if !known[f.Path] && f.State == watcher.Rest {
			r.Files = append(r.Files, fileOf(f, !namedLikeImage(f.Path)))
		}
	}
	for _, f := range r.Files {
		if !f.Other && f.Path != r.Sidecar {
			r.Images = append(r.Images, Image{Path: f.Path, Name: path.Base(f.Path), Size: f.Size, ModTime: f.ModTime,
				State: imageFailed, Here: true})
		}
	}
	r.Failure = v.cause
	key := jobKey(in.in.Name, s.key.name, v.side.decl.NomorAju)
	if err := in.clearWay(ctx, s.key, key, v.side.decl.NomorAju); err != nil {
		return err
	}
	job := journal.Job{
		Kind: journal.Xray, Key: key, ID: id(in.in.Name, s.key.name), Inbox: in.in.Name, Group: v.side.decl.NomorAju,
		State: journal.Failed, Label: StateFailed, Cause: v.cause,
	}
	r.Archive = in.p.places.choose(in.in.Outbox, failedDir, s.key.name)
	job.Data = r.encode()
	err := in.p.o.Store.Put(ctx, job)
	if errors.Is(err, journal.ErrExists) {
		err = in.p.o.Store.Update(ctx, journal.Xray, key, func(j *journal.Job) error {
			old, _, err := load(*j)
			if err != nil {
				return err
			}
			place := r.Archive
			if j.State == journal.Failed && !old.Moved {
				place = old.Archive
			}
			old.take(r, j.State)
			old.Failure, old.Archive = v.cause, place
			j.State, j.Label, j.Cause, j.Data = journal.Failed, StateFailed, v.cause, old.encode()
			r = old
			return nil
		})
	}
	if err != nil {
		return err
	}
	in.unlist(s.key)
	in.p.o.Observe(Event{What: Arrived, ID: job.ID, Inbox: job.Inbox})
	job.Data = r.encode()
	in.p.setUnmoved(key, true)
	if err := in.p.finishRefusal(ctx, job); err != nil {
		in.p.log.Error("set not moved", "id", job.ID, "error", err) // it is tried again until it has
	}
	return nil
}

// clearWay ends other jobs of a set that is refused, and takes the reason of an earlier refusal away, so that its folder
// of failed/ is free again.
func (in *intake) clearWay(ctx context.Context, k setKey, key, nomorAju string) error {
	if err := in.supersede(ctx, k, key, nomorAju); err != nil {
		return err
	}
	old, err := in.p.o.Store.Get(ctx, journal.Xray, key)
	if errors.Is(err, journal.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if r, _, err := load(old); err == nil && old.State == journal.Failed && r.Moved {
		in.finishReturn(k, r)
		in.p.forgetFailure(in.in, r.Archive)
	}
	return nil
}

// setUnmoved remembers which refused sets have files that have not moved to failed/ yet.
func (p *Pipeline) setUnmoved(key string, unmoved bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if unmoved {
		p.refused[key] = true
	} else {
		delete(p.refused, key)
	}
}

func (p *Pipeline) unmoved(key string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refused[key]
}

// finishRefusal moves a refused set to failed/ and records that it has. It may be repeated.
func (p *Pipeline) finishRefusal(ctx context.Context, job journal.Job) error {
	r, _, err := load(job)
	if err != nil {
		return err
	}
	in, ok := p.inbox(job.Inbox)
	if !ok {
		return nil
	}
	if err := p.disks.Trouble(in.Guard); err != nil {
		return err
	}
	if err := p.putFailed(in, job, r, r.Failure.Message); err != nil {
		in.Guard.Failed(err)
		return err
	}
	err = p.o.Store.Update(ctx, journal.Xray, job.Key, func(j *journal.Job) error {
		if j.State != journal.Failed || !bytes.Equal(j.Data, job.Data) {
			return errChanged // it is more than what has moved, or something else, by now
		}
		r.Moved = true
		j.Data = r.encode()
		return nil
	})
	if err != nil {
		return err
	}
	p.setUnmoved(job.Key, false)
	return nil
}

// resume learns from the journal, at the start, which places of the outboxes are given and which refused sets were left
// half-moved.
func (p *Pipeline) resume(ctx context.Context) error {
	for _, state := range []journal.State{journal.Active, journal.Failed} {
		err := journal.Newest(ctx, p.o.Store, journal.Filter{Kind: journal.Xray, State: state}, journal.Place{}, func(j journal.Job) bool {
			r, _, err := load(j)
			in, ok := p.inbox(j.Inbox)
			if err != nil || !ok || r.Archive == "" || r.Moved {
				return true
			}
			p.places.keep(in.Outbox, r.Archive)
			if state == journal.Failed {
				p.setUnmoved(j.Key, true)
			}
			return true
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// moveRefused tries again to move refused sets, until ctx ends.
func (p *Pipeline) moveRefused(ctx context.Context) error {
	tick := time.NewTicker(moveAgain)
	defer tick.Stop()
	for {
		p.mu.Lock()
		keys := make([]string, 0, len(p.refused))
		for k := range p.refused {
			keys = append(keys, k)
		}
		p.mu.Unlock()
		for _, k := range keys {
			job, err := p.o.Store.Get(ctx, journal.Xray, k)
			if err != nil || job.State != journal.Failed {
				p.setUnmoved(k, false)
				continue
			}
			if err := p.finishRefusal(ctx, job); err != nil && ctx.Err() == nil && !notReady(err) {
				p.log.Error("set not moved", "id", job.ID, "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
