package upload

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"time"

	"kurir/agent/journal"
	"kurir/agent/outbox"
)

// tidyStatuses removes, once after the start, what the last run left behind: the status of a set that was under way then,
// whose files have gone since and that the journal does not know. It gives the watchers time to see what is there first.
func (p *Pipeline) tidyStatuses(ctx context.Context) error {
	t := time.NewTimer(p.o.Patience)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
	}
	for _, in := range p.inboxes {
		dir := filepath.Join(in.in.Outbox, statusDir)
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue // nothing was written yet, or the outbox is away
		}
		for _, e := range entries {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			in.tidy(ctx, filepath.Join(dir, e.Name()))
		}
	}
	return nil
}

// tidy removes one status file if nothing stands behind it any more.
func (in *intake) tidy(ctx context.Context, name string) {
	b, err := outbox.Read(name)
	var st Status
	if err != nil || json.Unmarshal(b, &st) != nil || st.Inbox != in.in.Name || st.State == StateSent || st.State == StateFailed {
		return
	}
	if in.inSight(st.Set) || !strings.HasPrefix(st.ID, in.in.Name+"/") {
		return
	}
	if _, err := os.Stat(in.in.Root); err != nil {
		return // the inbox is away, not empty
	}
	jobs, err := in.p.o.Store.List(ctx, journal.Filter{Kind: journal.Xray, ID: st.ID, Limit: 1})
	if err == nil && len(jobs) == 0 {
		if err := outbox.Remove(name); err != nil {
			in.p.log.Warn("status not removed", "file", name, "error", err)
		}
	}
}

// inSight reports whether there are files in the inbox of a set of that name, in either form.
func (in *intake) inSight(name string) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.idx.group(setKey{name, true}) != nil || in.idx.group(setKey{name, false}) != nil
}
