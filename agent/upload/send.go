package upload

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"kurir/agent/journal"
	"kurir/watcher"
)

// ErrNoSet is a path that holds no set.
var ErrNoSet = errors.New("no set of photos")

// Send takes the sets at the absolute paths in now, with the settings and the outbox of an inbox, and returns what
// became of each when all have ended or been put off. A path is a folder, a sidecar or an image of a stem set. Nothing
// waits for settle, but no file is read while someone writes to it. progress, unless nil, is told of every change, from
// one goroutine. Run must be running.
func (p *Pipeline) Send(ctx context.Context, inbox string, paths []string, progress func(Status)) ([]Status, error) {
	q, ok := p.inboxes[inbox]
	if !ok {
		return nil, fmt.Errorf("no inbox %q of kind xray in the configuration", inbox)
	}
	var out []Status
	done := map[string]bool{}
	for _, name := range paths {
		in, k, err := q.aside(name)
		if err != nil {
			return out, err
		}
		which := fmt.Sprint(in.in.Root, k)
		if done[which] {
			continue
		}
		done[which] = true
		st, err := in.sendNow(ctx, k, progress)
		if err != nil {
			return out, fmt.Errorf("send %s: %w", name, err)
		}
		out = append(out, st)
	}
	return out, nil
}

// aside makes an intake of its own for one path, and says which set is meant.
func (in *intake) aside(name string) (*intake, setKey, error) {
	st, err := os.Lstat(name)
	if err != nil {
		return nil, setKey{}, err
	}
	settings := in.in
	settings.Root = filepath.Dir(name)
	one := newIntake(in.p, settings)
	base := filepath.Base(name)
	if st.IsDir() {
		return one, setKey{base, true}, one.scan(base)
	}
	if err := one.scan("."); err != nil {
		return nil, setKey{}, err
	}
	m := one.idx.find(base)
	if m == nil {
		return nil, setKey{}, fmt.Errorf("%s: %w", name, ErrNoSet)
	}
	return one, setKey{m.owner, false}, nil
}

// scan puts the regular files of a folder into the index, of the root itself without those below it.
func (in *intake) scan(dir string) error {
	old := in.p.o.Now().Add(-time.Hour) // nothing here is waited for
	var files []watcher.File
	err := filepath.WalkDir(filepath.Join(in.in.Root, dir), func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(in.in.Root, name)
		if err != nil {
			return err
		}
		switch {
		case rel != dir && watcher.Ignored(d.Name(), in.in.Ignore):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir() && dir == "." && rel != ".":
			return fs.SkipDir
		case !d.Type().IsRegular():
			return nil
		}
		st, err := d.Info()
		if err != nil {
			return err
		}
		f := watcher.File{Path: filepath.ToSlash(rel), Size: st.Size(), ModTime: st.ModTime(), Changed: old, State: watcher.Rest}
		if open, known := watcher.Writing(name); known && open {
			f.State = watcher.Unsettled
		}
		files = append(files, f)
		return nil
	})
	if err != nil {
		return err
	}
	in.idx.apply(files, old)
	return nil
}

// sendNow accepts one set and follows it until it has ended or been put off.
func (in *intake) sendNow(ctx context.Context, k setKey, progress func(Status)) (Status, error) {
	if err := in.p.disks.Trouble(in.in.Guard); err != nil {
		return Status{}, err // whoever asks now wants to know, not to wait
	}
	now := in.p.o.Now()
	s, ok := in.idx.get(k)
	if !ok {
		return Status{}, ErrNoSet
	}
	v := in.judge(s, now)
	if v.listed && !k.folder && in.relist(k, v.list, now) {
		if s, ok = in.idx.get(k); ok {
			v = in.judge(s, now)
		}
	}
	s.first = now
	key := jobKey(in.in.Name, k.name, v.side.decl.NomorAju)
	ended := in.p.follow(key)
	defer in.p.unfollow(key, ended)
	switch {
	case v.cause != nil:
		if err := in.refuse(ctx, s, v); err != nil {
			return Status{}, err
		}
		in.p.announce(key)
	case !v.ready:
		return Status{}, fmt.Errorf("%w yet: %s", ErrNoSet, v.note)
	default:
		if err := in.acceptHeld(ctx, s, v); err != nil {
			return Status{}, err
		}
	}
	for {
		select {
		case <-ctx.Done():
			return Status{}, ctx.Err()
		case <-ended:
		}
		job, err := in.p.o.Store.Get(ctx, journal.Xray, key)
		if err != nil {
			return Status{}, err
		}
		r, _, err := load(job)
		if err != nil {
			return Status{}, err
		}
		st := in.p.statusOf(job, r)
		if progress != nil {
			progress(st)
		}
		if job.Label != StateReady && job.Label != StateSending {
			return st, nil
		}
	}
}

// acceptHeld accepts a set, waiting while its job is being worked on.
func (in *intake) acceptHeld(ctx context.Context, s snapshot, v verdict) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		err := in.accept(ctx, s, v)
		if !errors.Is(err, journal.ErrHeld) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// follow returns a channel that gets a signal whenever a job's claim ends.
func (p *Pipeline) follow(key string) chan struct{} {
	c := make(chan struct{}, 1)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done[key] = append(p.done[key], c)
	return c
}

func (p *Pipeline) unfollow(key string, c chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done[key] = slices.DeleteFunc(p.done[key], func(d chan struct{}) bool { return d == c })
	if len(p.done[key]) == 0 {
		delete(p.done, key)
	}
}

// announce signals that a job's claim has ended.
func (p *Pipeline) announce(key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.done[key] {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}
