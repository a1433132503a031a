package watcher

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"
)

// The paces of finding back.
const (
	offlinePause = 5 * time.Second // between two tries to reach a root, at most
	eventsPause  = 5 * time.Minute // before events are tried again after they could not be had
)

// base is what is known of the root.
type base struct {
	info    info
	known   bool
	mounted bool // a file system of its own is mounted at it
	share   share
	// doubt is how many scans of the root must end well before the absence of a file is believed in the last of
	// them: a share that comes back may be empty for a moment.
	doubt int
}

// rootSight is what a look at the root found.
type rootSight struct {
	info     info
	mounted  bool
	share    share
	fresh    bool    // it was offline, or is another root than before
	source   *source // of events, if they are wanted and were not there
	noEvents error   // why there is none
	reason   string  // why the root cannot be read; "" if it can
}

// probe looks at the root before a full scan.
func (w *Watcher) probe(now time.Time) job {
	old, fresh := w.base, !w.base.known || !w.now.Offline.IsZero()
	retry := !w.retry.IsZero() && !now.Before(w.retry)
	return func(p *progress) func(bool) {
		s := w.lookAgain(old.mounted)
		p.step()
		s.fresh = fresh || !s.info.sameFolder(old.info)
		if s.reason == "" && (s.fresh || retry) {
			w.prepare(&s)
		}
		return func(live bool) {
			if !live {
				w.abandon(s.source)
				return
			}
			w.rootSeen(s)
		}
	}
}

// Away looks whether the root can be read at this moment, and returns why not, in words; "" when it can. Other than Status it
// waits for the disk.
func (w *Watcher) Away() string {
	st := w.Status()
	if !st.Offline.IsZero() {
		return st.Reason
	}
	return w.lookAgain(st.mounted).reason
}

// lookAgain looks at a root at which a file system of its own was mounted before, or not.
func (w *Watcher) lookAgain(mounted bool) rootSight {
	s := w.lookAtRoot()
	if s.reason == "" && mounted && !s.mounted {
		s.reason = "nothing is mounted there any more; restart kurir if that is meant"
	}
	return s
}

// lookAtRoot finds out whether the root is a folder that can be read. Part of a job.
func (w *Watcher) lookAtRoot() rootSight {
	in, err := w.sys.lstat(w.root)
	switch {
	case err != nil:
		return rootSight{reason: w.rootTrouble(err)}
	case in.mode&fs.ModeSymlink != 0:
		return rootSight{reason: "the folder is a symbolic link, which is not followed; name the folder that it points to"}
	case !in.mode.IsDir():
		return rootSight{reason: "the path is not a folder"}
	}
	f, err := openDir(w.root) // this also mounts what is mounted on demand
	if err != nil {
		return rootSight{reason: w.rootTrouble(err)}
	}
	defer f.Close()
	opened, err := fstat(f)
	if err != nil {
		return rootSight{reason: w.rootTrouble(err)}
	}
	in, err = w.sys.lstat(w.root)
	if err != nil {
		return rootSight{reason: w.rootTrouble(err)}
	}
	if !in.mode.IsDir() || !in.sameFolder(opened) {
		return rootSight{reason: "the folder was replaced while it was looked at"}
	}
	above, err := w.sys.lstat(filepath.Dir(w.root))
	return rootSight{info: in, mounted: err == nil && above.dev != in.dev}
}

// rootTrouble puts an error of looking at the root into words.
func (w *Watcher) rootTrouble(err error) string {
	switch {
	case notThere(err):
		return "the folder does not exist" + absenceHint(w.root)
	case errors.Is(err, fs.ErrPermission):
		return "no permission to read the folder"
	default:
		return "the folder " + unreadable(err)
	}
}

// prepare finds out how a root that is new to us can be watched. Part of a job.
func (w *Watcher) prepare(s *rootSight) {
	var err error
	if s.share, err = w.sys.shareOf(w.root); err != nil {
		s.reason = w.rootTrouble(err)
		return
	}
	if w.opts.Mode == Poll || w.opts.Mode == Auto && s.share.network {
		return
	}
	n, err := w.sys.notifier(w.root)
	if err != nil {
		s.noEvents = err
		return
	}
	s.source = newSource(w.root, n)
}

// rootSeen goes on with the scan after the look at the root.
func (w *Watcher) rootSeen(s rootSight) {
	now := time.Now()
	if s.reason != "" {
		w.abandon(s.source)
		w.offline(s.reason, now)
		return
	}
	if s.fresh {
		w.freshRoot(s)
	}
	if s.source != nil {
		w.closeSource()
		w.source = s.source
		w.now.Mode, w.now.Why, w.retry = Events, "", time.Time{}
		w.scan.deep = true // each folder is watched before it is read
	}
	if s.noEvents != nil {
		w.fallBack(s.noEvents)
	}
	if since := w.now.Offline; !since.IsZero() {
		w.log.Info("folder is back", "duration", now.Sub(since).Round(time.Second))
		w.now.Offline, w.now.Reason = time.Time{}, ""
	}
	w.base.info, w.base.mounted, w.now.mounted = s.info, s.mounted, s.mounted
	w.read(w.tree.root)
}

// freshRoot takes over a root that was not there before, or is another one than before.
func (w *Watcher) freshRoot(s rootSight) {
	if w.base.known && w.now.Offline.IsZero() {
		w.log.Warn("folder was replaced by another")
		w.base.doubt = 2
	}
	w.closeSource()
	w.base.known, w.base.share = true, s.share
	w.rule.trusted, w.rule.identities = !s.share.network, s.share.identities
	w.now.Network = s.share.network
	w.retry = time.Time{}
	w.scan.deep = true
	w.now.Mode, w.now.Why = Poll, ""
	if s.share.network && w.opts.Mode == Auto {
		w.now.Why = fmt.Sprintf("a network share (%s) does not tell what others change", s.share.name)
	}
}

// offline notes that the root cannot be read. Nothing is forgotten and nothing is reported gone.
func (w *Watcher) offline(reason string, now time.Time) {
	if w.now.Offline.IsZero() {
		w.now.Offline = now
	}
	if w.now.Reason != reason {
		w.log.Warn("folder is offline", "reason", reason)
	}
	w.now.Reason = reason
	w.base.doubt = 2
	w.eye.stale = w.eye.busy
	w.scan, w.looks = nil, nil
	for _, d := range w.reads {
		d.queued = false
	}
	w.reads = nil
	if r := w.reading; r != nil {
		w.reading = nil
		w.closing.Go(r.close)
	}
	w.closeSource()
	w.nextScan, w.nextDeep = now.Add(min(w.opts.Rescan, offlinePause)), true
}

// fallBack goes over to polling because events cannot be had.
func (w *Watcher) fallBack(err error) {
	w.closeSource()
	why := watchLimit(err)
	if w.now.Why != why {
		w.log.Warn("polling instead of events", "reason", why, "error", err)
	}
	w.now.Mode, w.now.Why = Poll, why
	w.retry = time.Now().Add(eventsPause)
}

// closeSource ends the source of events, without waiting for it.
func (w *Watcher) closeSource() {
	w.abandon(w.source)
	w.source, w.forgets = nil, nil
}

// abandon closes a source, without waiting for it.
func (w *Watcher) abandon(s *source) {
	if s == nil {
		return
	}
	w.closing.Go(func() {
		if err := s.close(); err != nil {
			w.log.Warn("close event source", "error", err)
		}
	})
}
