package poll

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
// LIST~2 when that belongs to another list, be it one that is still on its way from another inbox. The same list dropped again
// finds its record again.
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
		case p.listOfOther(ctx, in, folder):
			continue
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

// sharing returns the other inboxes that have the same outbox.
func (p *Pipeline) sharing(in Inbox) []Inbox {
	return slices.DeleteFunc(slices.Clone(p.o.Inboxes), func(other Inbox) bool {
		return other.Name == in.Name || other.Outbox != in.Outbox
	})
}

// listOfOther reports whether the journal knows the list of a folder as one of another inbox with the same outbox.
func (p *Pipeline) listOfOther(ctx context.Context, in Inbox, folder string) bool {
	return slices.ContainsFunc(p.sharing(in), func(other Inbox) bool {
		_, err := p.o.Store.Get(ctx, KindList, other.Name+"/"+folder)
		return err == nil
	})
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
