package poll

import (
	"context"
	"errors"
	"os"
	"path"
	"slices"

	"kurir/agent/journal"
	"kurir/agent/outbox"
)

// ErrNoFile says that a document has no such file.
var ErrNoFile = errors.New("no such file")

// OpenFile opens a file of the document id: one of T2G's last answers, or a file of a response, as Document names them.
// Nothing else is opened, and no link is followed. The caller closes the file.
func (p *Pipeline) OpenFile(ctx context.Context, id, name string) (*os.File, error) {
	if id == "" { // to a filter that is every document
		return nil, ErrNoFile
	}
	jobs, err := p.o.Store.List(ctx, journal.Filter{Kind: journal.Aju, ID: id})
	if err != nil {
		return nil, err
	}
	for _, j := range jobs {
		rec, err := decodeRecord(j)
		if err != nil {
			return nil, err
		}
		in, ok := p.inboxes[j.Inbox]
		if !ok || rec.Folder == "" || !rec.has(name) {
			continue
		}
		f, err := outbox.OpenBelow(in.Outbox, path.Join(documentsFolder, rec.Folder, name))
		if outbox.IsAbsent(err) {
			continue
		}
		return f, err
	}
	return nil, ErrNoFile
}

// has reports whether a name is one of a document's files, as users are told of them.
func (r *record) has(name string) bool {
	if slices.Contains([]string{statusFile, statusAnswer, responseAnswer}, name) {
		return true
	}
	folder, file := path.Split(name)
	return folder == responFolder+"/" && slices.ContainsFunc(r.Delivered, func(d delivery) bool {
		return file == d.file() || file == d.Name+".json" || file == d.Name+".res.json"
	})
}
