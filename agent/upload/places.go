package upload

import (
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"kurir/agent/outbox"
)

// The folders of an outbox.
const (
	statusDir = "status"
	sentDir   = "sent"
	failedDir = "failed"
)

// places hands out folders of the outboxes, so that no two sets move into the same one.
type places struct {
	mu    sync.Mutex
	given map[string]bool // absolute path, folded
}

func newPlaces() *places { return &places{given: map[string]bool{}} }

// choose returns a folder for a set below dir of an outbox, relative to the outbox: SET, or SET~2 and so on where the
// name, its receipt or its error file is taken on disk or was given out before. The place stays the caller's until
// release.
func (p *places) choose(out, dir, set string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	name := outbox.FreeFolder(outbox.SafeName(set), func(n string) bool {
		rel := path.Join(dir, n)
		return p.given[placeKey(out, rel)] || exists(out, rel) || exists(out, rel+receiptSuffix) || exists(out, rel+errorSuffix)
	})
	rel := path.Join(dir, name)
	p.given[placeKey(out, rel)] = true
	return rel
}

// keep takes a place that was given to a set before the agent was started anew.
func (p *places) keep(out, rel string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.given[placeKey(out, rel)] = true
}

// release gives a place back: from now on what lies on disk tells whether it is taken.
func (p *places) release(out, rel string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.given, placeKey(out, rel))
}

func placeKey(out, rel string) string { return strings.ToLower(filepath.Join(out, rel)) }

func exists(out, rel string) bool {
	_, err := os.Lstat(filepath.Join(out, filepath.FromSlash(rel)))
	return err == nil
}
