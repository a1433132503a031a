package upload

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"kurir/agent/journal"
)

// traceKind remembers, by nomorAju, what was sent under it by sets whose records have left the journal after keep_sent: a
// declaration that is scanned again much later brings the same names with other photos, or the same photos once more.
const traceKind journal.Kind = "trace"

// trace is what stays of such sets: the SHA-256 of each photo that was sent, by the name it was sent under.
type trace map[string]string

// keepTrace remembers what a set has sent, durably, beside what is remembered of its declaration already.
func (p *Pipeline) keepTrace(ctx context.Context, nomorAju string, r *Record) error {
	sent := trace{}
	for _, im := range r.Images {
		if im.State == imageSent {
			sent[im.Name] = im.SHA256
		}
	}
	if nomorAju == "" || len(sent) == 0 {
		return nil
	}
	b, err := json.Marshal(sent)
	if err != nil {
		return err
	}
	err = p.o.Store.Put(ctx, journal.Job{Kind: traceKind, Key: nomorAju, State: journal.Done, Data: b})
	if !errors.Is(err, journal.ErrExists) {
		return err
	}
	return p.o.Store.Update(ctx, traceKind, nomorAju, func(j *journal.Job) error {
		known, err := readTrace(*j)
		if err != nil {
			return err
		}
		maps.Copy(known, sent)
		j.Data, err = json.Marshal(known)
		return err
	})
}

func readTrace(j journal.Job) (trace, error) {
	t := trace{}
	if err := json.Unmarshal(j.Data, &t); err != nil {
		return nil, fmt.Errorf("read trace of %s: %w", j.Key, err)
	}
	return t, nil
}

// rememberTrace learns what the declaration's forgotten sets have sent.
func (t *task) rememberTrace(ctx context.Context, nomorAju string) error {
	j, err := t.p.o.Store.Get(ctx, traceKind, nomorAju)
	if errors.Is(err, journal.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	known, err := readTrace(j)
	if err != nil {
		return err
	}
	for name, sha := range known {
		t.mem.sent[sha], t.mem.any = name, true
		t.mem.names[foldName(name)] = true
	}
	return nil
}
