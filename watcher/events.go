package watcher

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"
)

// The collector's limits.
const (
	hintWindow = 15 * time.Millisecond // events are collected for so long before they are acted upon
	maxHints   = 1 << 17               // more changed names than this at once are answered by a full scan
)

// notifier is where events come from.
type notifier interface {
	Add(path string) error    // watch one folder; again is harmless
	Remove(path string) error // stop watching it
	Close() error
	Channels() (<-chan fsnotify.Event, <-chan error)
}

// hints are the events of a short while.
type hints struct {
	names     map[string]bool // changed paths from the root; true: something came, went or moved there
	overflows int             // times that events were lost
	err       error           // the last other error
	closed    bool            // there will be no more
}

func (h *hints) empty() bool {
	return len(h.names) == 0 && h.overflows == 0 && h.err == nil && !h.closed
}

// source collects events into hints. Its collector drains the notifier whatever the loop is busy with, so that the
// system's queue overflows as late as possible.
type source struct {
	root  string
	from  notifier
	out   chan hints
	stop  chan struct{}
	ended chan struct{}

	// Which folder is watched under which path, both ways. Used by jobs only, one at a time.
	places map[identity]string
	owners map[string]identity
}

func newSource(root string, from notifier) *source {
	s := &source{
		root:   root,
		from:   from,
		out:    make(chan hints),
		stop:   make(chan struct{}),
		ended:  make(chan struct{}),
		places: make(map[identity]string),
		owners: make(map[string]identity),
	}
	go s.collect()
	return s
}

// watch begins to watch a folder; again is harmless and heals a watch that was lost. The system ties a watch to the
// folder itself, the notifier to its path: a folder that has moved is let go first, or its events would carry the
// old path, and so is another one that had this path.
func (s *source) watch(path string, id identity) error {
	if old, ok := s.places[id]; ok && old != path {
		s.forget(old, id)
	}
	if owner, ok := s.owners[path]; ok && owner != id {
		s.forget(path, owner)
	}
	if err := s.from.Add(path); err != nil {
		return fmt.Errorf("watch folder %s: %w", path, err)
	}
	s.places[id], s.owners[path] = path, id
	return nil
}

// forget stops watching a folder that is gone from this path. If another one is watched there by now, that stays.
func (s *source) forget(path string, id identity) {
	if owner, ok := s.owners[path]; !ok || owner != id {
		return
	}
	_ = s.from.Remove(path) // it may have ended by itself
	delete(s.owners, path)
	delete(s.places, id)
}

// close ends the source and waits until it has ended.
func (s *source) close() error {
	close(s.stop)
	err := s.from.Close()
	<-s.ended
	return err
}

func (s *source) collect() {
	defer close(s.ended)
	events, errs := s.from.Channels()
	window := time.NewTimer(0)
	<-window.C
	var h hints
	var out chan hints // nil until the window is over
	for {
		quiet := h.empty()
		select {
		case ev, ok := <-events:
			if !ok {
				events, h.closed = nil, true
				break
			}
			s.note(&h, ev)
		case err, ok := <-errs:
			switch {
			case !ok:
				errs, h.closed = nil, true
			case errors.Is(err, fsnotify.ErrEventOverflow):
				h.overflows++
			case err != nil:
				h.err = err
			}
		case <-window.C:
			out = s.out
		case out <- h:
			h, out = hints{}, nil
		case <-s.stop:
			return
		}
		if quiet && !h.empty() {
			window.Reset(hintWindow)
		}
	}
}

// note adds an event to the hints.
func (s *source) note(h *hints, ev fsnotify.Event) {
	ev.Op &^= fsnotify.Chmod
	if ev.Op == 0 || ev.Name == "" {
		return // attributes change for many reasons, none of them ours
	}
	rel, below := strings.CutPrefix(ev.Name, s.root)
	if !below {
		return
	}
	rel = strings.TrimPrefix(rel, string(filepath.Separator))
	if len(h.names) >= maxHints {
		clear(h.names)
		h.overflows++
	}
	if h.names == nil {
		h.names = make(map[string]bool)
	}
	rel = filepath.ToSlash(rel)
	h.names[rel] = h.names[rel] || ev.Op&^fsnotify.Write != 0
}

// watchLimit says in words that a technician understands why events cannot be had.
func watchLimit(err error) string {
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return "the system's limit of watched folders is reached (raise the sysctl fs.inotify.max_user_watches)"
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return "the system's limit of watchers or open files is reached " +
			"(raise the sysctl fs.inotify.max_user_instances, or the limit of open files)"
	default:
		return "changes cannot be watched here: " + err.Error()
	}
}

// errEventsEnded says that the source of events ended by itself.
var errEventsEnded = errors.New("the source of events ended")
