package upload

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"kurir/agent/outbox"
)

const (
	// showAfter is how long a passing state waits before it is written: a set that is through by then costs one write.
	showAfter = 300 * time.Millisecond
	// showEach is how much longer it waits for each that waits already, up to showLast: of many that pass at the same time
	// fewer are written, and the disk is left to what must be.
	showEach = 20 * time.Millisecond
	showLast = 3 * time.Second
	// writeAgain is how long a state waits that could not be written: the outbox is full or away.
	writeAgain = 5 * time.Second
	// statusWriters is how many status files are written at the same time.
	statusWriters = 2
)

// statusWriter writes the status files. Passing states are written a little later, the latest alone; the last state of
// a set is written at once. The files of one id are never written by two at a time.
type statusWriter struct {
	wake    chan struct{} // one slot
	changed func(Status)
	guards  map[string]*outbox.Guard // by outbox; nobody looks at those that are not here
	log     *slog.Logger

	mu      sync.Mutex
	cond    *sync.Cond
	pending map[string]pendingStatus // by outbox and id
	order   []string                 // keys of pending, in order of arrival
	writing map[string]bool
	names   map[string]string // by outbox and id: the file
	taken   map[string]string // by file, folded where its folder folds: the key that has it
	folds   map[string]bool   // by outbox: whether names that differ in letter case alone are one file there

	away     map[string]time.Time // by outbox that could not be written: when to try it again
	stopping bool                 // what cannot be written now is given up
}

type pendingStatus struct {
	st  Status
	out string
	due time.Time
}

func newStatusWriter(changed func(Status), log *slog.Logger) *statusWriter {
	w := &statusWriter{
		wake: make(chan struct{}, 1), changed: changed, log: log, pending: map[string]pendingStatus{}, writing: map[string]bool{},
		names: map[string]string{}, taken: map[string]string{}, folds: map[string]bool{}, away: map[string]time.Time{},
	}
	w.cond = sync.NewCond(&w.mu)
	return w
}

func statusKey(st Status, out string) string { return out + "\x00" + st.ID }

// later has a state written soon, unless a newer one comes before.
func (w *statusWriter) later(st Status, out string) {
	w.changed(st)
	key := statusKey(st, out)
	w.mu.Lock()
	defer w.mu.Unlock()
	p := pendingStatus{st: st, out: out, due: time.Now().Add(min(showAfter+time.Duration(len(w.pending))*showEach, showLast))}
	if old, ok := w.pending[key]; ok {
		p.due = old.due
	} else {
		w.order = append(w.order, key)
	}
	w.pending[key] = p
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// put writes the last state of a set now, after and instead of any that was waiting: publish is called once to bring it into its
// file, and nobody else writes that meanwhile. When nothing can be written there, publish is not called. After an error what was
// waiting waits on.
func (w *statusWriter) put(st Status, out string, publish func(outbox.Content) error) error {
	key := statusKey(st, out)
	before := w.begin(key)
	defer w.end(key)
	c, err := w.content(key, st, out)
	if err != nil {
		err = fmt.Errorf("write status: %w", err)
	} else {
		err = publish(c)
	}
	if err != nil {
		w.restore(key, before)
		return err
	}
	w.changed(st)
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.taken, w.place(out, w.names[key])) // from now on the file itself tells whose it is
	delete(w.names, key)
	return nil
}

// drop removes the status of a set that the journal does not know, if it was written.
func (w *statusWriter) drop(st Status, out string) {
	key := statusKey(st, out)
	w.begin(key)
	defer w.end(key)
	name, err := w.file(key, st, out)
	if err == nil {
		err = outbox.Remove(name)
	}
	if err != nil {
		w.log.Warn("status not removed", "id", st.ID, "error", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.names, key)
	delete(w.taken, w.place(out, name))
}

// begin waits until nobody writes the file of key, and takes what was pending off; nil when nothing was.
func (w *statusWriter) begin(key string) (before *pendingStatus) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.writing[key] {
		w.cond.Wait()
	}
	if p, ok := w.pending[key]; ok {
		before = &p
	}
	delete(w.pending, key)
	w.writing[key] = true
	return before
}

// restore has a state wait again that begin had taken off, unless a newer one has come.
func (w *statusWriter) restore(key string, before *pendingStatus) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, newer := w.pending[key]; before == nil || newer {
		return
	}
	w.pending[key] = *before
	if !slices.Contains(w.order, key) {
		w.order = append(w.order, key)
	}
}

func (w *statusWriter) end(key string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.writing, key)
	w.cond.Broadcast()
	select {
	case w.wake <- struct{}{}: // a newer state may have come meanwhile
	default:
	}
}

// again keeps a state that could not be written for later, unless a newer one has come, and leaves its outbox alone for a
// while: of the states that wait for a full disk one is tried, not each. It reports whether that is news.
func (w *statusWriter) again(key string, p pendingStatus) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, known := w.away[p.out]
	w.away[p.out] = time.Now().Add(writeAgain)
	if _, newer := w.pending[key]; newer || w.stopping {
		return !known
	}
	w.pending[key] = p
	w.order = append(w.order, key)
	return !known
}

// back notes that an outbox can be written.
func (w *statusWriter) back(out string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.away, out)
}

func (w *statusWriter) write(key string, st Status, out string) error {
	c, err := w.content(key, st, out)
	if err != nil {
		return err
	}
	return outbox.Replace(c.Path, c.Data)
}

// content is a state as its file holds it. It fails when nothing can be written there.
func (w *statusWriter) content(key string, st Status, out string) (outbox.Content, error) {
	if err := w.guards[out].Ready(); err != nil {
		return outbox.Content{}, err // what would be written now might be in the wrong place
	}
	b, err := marshal(st)
	if err != nil {
		return outbox.Content{}, err
	}
	name, err := w.file(key, st, out)
	return outbox.Content{Path: name, Data: b}, err
}

// file returns the file that belongs to a set for as long as the agent runs.
func (w *statusWriter) file(key string, st Status, out string) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if name, ok := w.names[key]; ok {
		return name, nil
	}
	name, err := statusFile(out, st.Set, st.ID, func(file string) bool {
		other, ok := w.taken[w.place(out, file)]
		return ok && other != key
	})
	if err != nil {
		return "", err
	}
	w.names[key], w.taken[w.place(out, name)] = name, key
	return name, nil
}

// place is what stands for a status file of an outbox in taken. Callers hold mu.
func (w *statusWriter) place(out, file string) string {
	folds, known := w.folds[out]
	if !known {
		dir := filepath.Join(out, statusDir)
		var err error
		if folds, err = foldsCase(dir); err == nil {
			w.folds[out] = folds
		}
	}
	if folds {
		return strings.ToLower(file)
	}
	return file
}

// foldsCase reports whether a folder is found under its name in other letters, so that the files in it are too: on Windows and
// macOS as a rule, and on a share of theirs. Of one that is not there that is not known.
func foldsCase(dir string) (bool, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return runtime.GOOS == "windows" || runtime.GOOS == "darwin", err
	}
	other, err := os.Stat(filepath.Join(filepath.Dir(dir), strings.ToUpper(filepath.Base(dir))))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && os.SameFile(info, other), err
}

// run writes what is due until ctx ends, and then what is left.
func (w *statusWriter) run(ctx context.Context) error {
	g := new(errgroup.Group)
	for range statusWriters {
		g.Go(func() error {
			for {
				ending := ctx.Err() != nil // asked once: what is left is written after the end, not before it
				p, key, wait := w.take(ending)
				if key != "" {
					err := w.write(key, p.st, p.out)
					w.end(key)
					if err == nil {
						w.back(p.out)
					} else if w.again(key, p) {
						w.log.Error("status not written", "id", p.st.ID, "error", err)
					}
					continue
				}
				if ending {
					return ctx.Err()
				}
				t := time.NewTimer(wait)
				select {
				case <-ctx.Done():
				case <-w.wake:
				case <-t.C:
				}
				t.Stop()
			}
		})
	}
	return g.Wait()
}

// take returns the oldest state that is due, or how long there is none. At the end everything is due.
func (w *statusWriter) take(all bool) (pendingStatus, string, time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopping = w.stopping || all
	now := time.Now()
	wait := time.Minute
	for i := 0; i < len(w.order); i++ {
		key := w.order[i]
		p, ok := w.pending[key]
		switch {
		case !ok: // written meanwhile
			w.unlist(i)
			i--
		case w.away[p.out].After(now):
			if all { // its disk would have to come back in this moment
				w.unlist(i)
				delete(w.pending, key)
				i--
			}
			wait = min(wait, w.away[p.out].Sub(now))
		case p.due.After(now) && !all:
			return pendingStatus{}, "", min(wait, p.due.Sub(now))
		case w.writing[key]:
			continue // the writer that has it will be done soon
		default:
			w.unlist(i)
			delete(w.pending, key)
			w.writing[key] = true
			return p, key, 0
		}
	}
	return pendingStatus{}, "", wait
}

// unlist takes one key out of the order; the first, which is the rule, costs nothing.
func (w *statusWriter) unlist(i int) {
	if i == 0 {
		w.order = w.order[1:]
		return
	}
	w.order = append(w.order[:i], w.order[i+1:]...)
}
