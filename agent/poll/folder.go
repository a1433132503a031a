package poll

import (
	"os"
	"path/filepath"
	"strings"

	"kurir/agent/outbox"
)

// documentFolder returns the folder of a document, and chooses it at the first poll: documents/CAR, or the next free
// name when an inbox that shares the outbox tracks the same number. What is chosen stands in rec, and is kept for the
// document until its first status file is there (see released).
func (p *Pipeline) documentFolder(in Inbox, id string, rec *record) (string, error) {
	documents := filepath.Join(in.Outbox, documentsFolder)
	if rec.Folder != "" {
		return filepath.Join(documents, rec.Folder), nil
	}
	p.naming.Lock()
	defer p.naming.Unlock()
	for n := 1; ; n++ {
		name := outbox.NumberedFolder(outbox.SafeName(rec.CAR), n)
		folder := filepath.Join(documents, name)
		if holder, ok := p.folders[folder]; ok && holder != id {
			continue
		}
		doc, err := readDocument(folder)
		if err != nil {
			return "", err
		}
		if doc != nil && !strings.EqualFold(doc.ID, id) {
			continue
		}
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return "", err
		}
		p.folders[folder] = id
		rec.Folder = name
		return folder, nil
	}
}

// released forgets that folder was chosen: its status file says whose it is.
func (p *Pipeline) released(folder string) {
	p.naming.Lock()
	defer p.naming.Unlock()
	delete(p.folders, folder)
}
