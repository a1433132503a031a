package poll

import (
	"time"

	"kurir/watcher"
)

// waits notes what has become of a file of an inbox: it is there and has not been taken, or it is not there any more.
func (p *Pipeline) waits(inbox string, f watcher.File, taken bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f.State == watcher.Gone || taken {
		delete(p.untaken[inbox], f.Path)
		return
	}
	if p.untaken[inbox] == nil {
		p.untaken[inbox] = make(map[string]time.Time)
	}
	if _, known := p.untaken[inbox][f.Path]; !known {
		p.untaken[inbox][f.Path] = f.Changed
	}
}

// Waiting returns how many lists lie in an inbox that have not been taken, and since when the one does that came first. Why one
// cannot be taken is in the log.
func (p *Pipeline) Waiting(inbox string) (n int, oldest time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, since := range p.untaken[inbox] {
		if oldest.IsZero() || since.Before(oldest) {
			oldest = since
		}
	}
	return len(p.untaken[inbox]), oldest
}
