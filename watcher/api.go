// Package watcher turns files in folders into files at rest.
//
// It watches one folder tree per Watcher: file system events are hints, rescans are the truth. Of every regular
// file it tells the Handler that it appeared or changed, that it came to rest (nobody writes to it any more), and
// that it went. Temporary names, symbolic links, devices and pipes are left alone. It never opens a file for
// writing, never moves, creates or deletes one, and knows nothing of what the files are for.
//
// Its callers are the pipelines, through the agent; it imports nothing of ours.
package watcher

import (
	"context"
	"log/slog"
	"time"
)

// Mode says how a Watcher learns of changes.
type Mode string

// The modes. Auto becomes Events on a local disk and Poll on a network share or where events cannot be had.
const (
	Auto   Mode = "auto"
	Events Mode = "events"
	Poll   Mode = "poll"
)

// Options configure a Watcher.
type Options struct {
	Root   string        // the folder, absolute; it need not exist yet and is never created
	Settle time.Duration // how long size and time must stay the same where the writer check does not work
	Mode   Mode          // "" is Auto
	Rescan time.Duration // the interval of full scans
	Ignore []string      // patterns (path.Match, on names) that are left alone besides the temporary names
	Logger *slog.Logger  // nil: slog.Default
}

// State is what is known of a file.
type State uint8

// The states of a file.
const (
	Unsettled State = iota // it may still be written to
	Rest                   // unchanged for long enough, and nobody has it open for writing as far as can be seen
	Gone                   // it is not there any more
)

// File is one regular file below the root, as last seen.
type File struct {
	Path    string    // relative to the root, slash-separated, spelt as the file system spells it
	Size    int64     // bytes
	ModTime time.Time // the file system's, never used as an age
	Changed time.Time // our own clock: when we first saw it, or last saw its size, time or identity change
	State   State
}

// Handler is told what a Watcher sees.
type Handler interface {
	// Handle gets the files that appeared, changed, came to rest or went since the last call, each at most once.
	// It is called from Run's goroutine only and should return soon: while it runs this root is not looked at.
	// nil means taken: the same file is not offered again until it changes. After an error the same files are
	// offered again at the next scan. The slice is the Handler's to keep.
	Handle(ctx context.Context, files []File) error
}

// Skip is something below the root that is left alone although a user might expect otherwise.
type Skip struct {
	Path   string // relative to the root
	Reason string // "symbolic link", "device", "pipe", "socket", "no permission to read", ...
}

// Status is how a Watcher is doing. Safe to read at any time from any goroutine.
type Status struct {
	Mode      Mode          // Events or Poll: what is in force now
	Why       string        // why it polls although Events would be faster; "" where there is nothing to say
	Network   bool          // the root lies on a network share
	Offline   time.Time     // since when the root cannot be read; zero while it can
	Reason    string        // why it is offline, in words
	Files     int           // regular files known below the root
	Unsettled int           // of these, not at rest
	Overflows int           // event queue overflows since the start, each answered by a full scan
	LastScan  time.Time     // when the last full scan ended
	ScanTook  time.Duration // how long it took
	Skipped   []Skip        // examples, at most 20
	SkippedN  int           // how many in all
	mounted   bool          // a file system of its own is mounted at the root
}
