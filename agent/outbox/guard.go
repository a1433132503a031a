package outbox

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// The paces of a Guard.
const (
	guardLook  = 20 * time.Millisecond // between two looks at a folder that is well
	guardTrust = time.Second           // how long a try that went well is believed, whatever fails
	guardFirst = 5 * time.Second       // between two tries of a folder that is in trouble
	guardLast  = 30 * time.Second      // where it has been well again for moments only
	guardCalm  = time.Minute           // how long it must have been well for its next trouble to be tried at the first pace
)

// guardSize is how much room a try needs: enough for the receipts and states of what waits.
const guardSize = 256 << 10

// ErrUnmounted is a folder on whose place nothing is mounted any more: what is written there now would be in the wrong
// place, and what is missing there is not gone.
var ErrUnmounted error = say("unmounted", "its file system is not mounted")

// guardPermit is the file by which a person says that an unmounted folder is to be used as it is. It is taken away when seen.
const guardPermit = ".kurir"

// Guard knows whether a folder can be written, so that work which ends there is not begun while it cannot. A folder is in
// trouble when a write has failed and a try of the Guard's own fails too, when its disk is full, and when the file system
// that it was on is gone; then it is tried again at a slow pace, however many ask. A nil Guard has no doubts. It is safe
// for use by many goroutines.
type Guard struct {
	folder  string
	fixed   bool // it is not looked whether its file system is there
	now     func() time.Time
	trying  sync.Mutex // held by whoever looks
	mu      sync.Mutex // guards all below
	mount   string     // where the folder's file system is mounted; "" while that is not known
	trouble error
	since   time.Time
	next    time.Time // when to look again; in trouble, when to try again
	tried   time.Time // when a try last went well
	pace    time.Duration
	well    time.Time // since when it has been well
	tries   int
}

// NewGuard returns the Guard of a folder, which need not exist. mount is where its file system was mounted when it was
// last well (see Mount), "" where that is not known.
func NewGuard(folder, mount string) *Guard {
	return &Guard{folder: folder, mount: mount, now: time.Now, pace: guardFirst}
}

// NewFixedGuard returns the Guard of a folder that someone else watches for another file system in its place.
func NewFixedGuard(folder string) *Guard {
	g := NewGuard(folder, "")
	g.fixed = true
	return g
}

// Folder returns the folder that is guarded.
func (g *Guard) Folder() string { return g.folder }

// Mount returns where the folder's file system is mounted, as it was when the folder was last well.
func (g *Guard) Mount() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.mount
}

// State returns since when there is trouble and what it is, nil when there is none. It never waits for the disk.
func (g *Guard) State() (since time.Time, trouble error) {
	if g == nil {
		return time.Time{}, nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.since, g.trouble
}

// Ready returns nil when the folder can be written as far as is known, or what the trouble is. It looks itself whether the
// file system is there, and in trouble tries to write when that is due; while another call does, it returns what was
// known before, or waits for the first look of all.
func (g *Guard) Ready() error {
	if g == nil {
		return nil
	}
	if g.due() && g.begin() {
		defer g.trying.Unlock()
		if g.due() {
			_, trouble := g.State()
			g.settle(g.look(trouble != nil))
		}
	}
	_, trouble := g.State()
	return trouble
}

// Wait returns nil when the folder is Ready, or ctx's error.
func (g *Guard) Wait(ctx context.Context) error {
	for {
		if ctx.Err() != nil || g.Ready() == nil {
			return ctx.Err()
		}
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
	}
}

// Failed tells that work in the folder has met err, and reports whether the folder is in trouble then: its disk is full, or
// it cannot be written at all. An error of something else, such as one file that someone holds, is none of its own.
func (g *Guard) Failed(err error) bool {
	if g == nil || err == nil {
		return false
	}
	g.trying.Lock()
	defer g.trying.Unlock()
	if _, trouble := g.State(); trouble != nil {
		return true
	}
	var found error
	if g.doubtful() {
		found = g.look(true)
	}
	if found == nil && isFull(err) {
		found = err
	}
	if found == nil {
		return false
	}
	g.settle(found)
	return true
}

// begin takes trying, and reports whether it has: not while another looks, unless nobody knows anything yet.
func (g *Guard) begin() bool {
	g.mu.Lock()
	known := !g.well.IsZero() || g.trouble != nil
	g.mu.Unlock()
	if known {
		return g.trying.TryLock()
	}
	g.trying.Lock()
	return true
}

// due reports whether to look.
func (g *Guard) due() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return !g.now().Before(g.next)
}

// doubtful reports whether the folder has not just been tried.
func (g *Guard) doubtful() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.now().Sub(g.tried) >= guardTrust
}

// look looks whether the file system is there, and with try, or the first time, tries to write. The caller holds trying.
func (g *Guard) look(try bool) error {
	g.mu.Lock()
	mount := g.mount
	try = try || g.well.IsZero()
	g.mu.Unlock()
	now := ""
	if !g.fixed {
		var err error
		if now, err = mountOf(g.folder); err != nil {
			return say("disk_look", "look at %s: %v", g.folder, err)
		}
	}
	if !g.fixed && mount != "" && isAbove(now, mount) && os.Remove(filepath.Join(g.folder, guardPermit)) != nil {
		return say("disk_unmounted", "%s: %v: it was at %s; if the folder is to be used without it, make a file %s in it",
			g.folder, ErrUnmounted, mount, guardPermit)
	}
	if try {
		if err := g.try(); err != nil {
			return err
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.mount = now; try {
		g.tried = g.now()
	}
	return nil
}

// try writes a file into the folder, makes it durable and removes it. Its error does not name the file, so that the same
// trouble has the same words each time.
func (g *Guard) try() error {
	g.mu.Lock()
	g.tries++
	g.mu.Unlock()
	if err := makeFolder(g.folder); err != nil {
		return say("disk_make", "make %s: %v", g.folder, err)
	}
	name := filepath.Join(g.folder, temporaryName("try", randomTag()))
	err := writeNew(name, func(w io.Writer) error {
		_, err := w.Write(make([]byte, guardSize))
		return err
	})
	if err == nil {
		err = discard(name)
	}
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		err = pe.Err
	}
	if err != nil {
		return say("disk_write", "write into %s: %v", g.folder, err)
	}
	return nil
}

// settle takes over what a look has found.
func (g *Guard) settle(trouble error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	switch {
	case trouble == nil:
		switch {
		case g.trouble != nil:
			g.well = now
		case g.well.IsZero(): // the first look: nothing is known against it
			g.well = now.Add(-guardCalm)
		}
		g.trouble, g.since, g.next = nil, time.Time{}, now.Add(guardLook)
		return
	case g.trouble == nil:
		if g.since = now; g.well.IsZero() || now.Sub(g.well) >= guardCalm {
			g.pace = guardFirst
		} else {
			g.pace = min(2*g.pace, guardLast) // it was well for a moment only
		}
	}
	g.trouble, g.next = trouble, now.Add(g.pace)
}

// isAbove reports whether folder a lies above b, and is not b itself.
func isAbove(a, b string) bool {
	rel, err := filepath.Rel(a, b)
	return err == nil && rel != "." && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}
