package bolt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"kurir/agent/journal"
)

const (
	defaultTimeout = 2 * time.Second

	// A journal of up to checkAlways bytes is examined in full at every start, one of up to checkUnclean after a
	// crash; of a larger one only the pages that lead to the jobs. A gigabyte takes a second or two.
	checkAlways  = 64 << 20
	checkUnclean = 2 << 30
	// copyLimit is the largest journal of which a copy is kept at start.
	copyLimit = 64 << 20
)

// Open opens the journal at path, of which the folder must exist, or begins a new one. Beside journal.db it keeps
// journal.owner, which says who has it open, and journal.bak, a copy of the journal as it was at the last start. A journal
// of an older schema is brought to this version's in one commit, after a copy has been kept as journal-schemaN.bak.
//
// It returns a *HeldError while another process has the journal, and a *SchemaError for one that a newer version
// wrote. A file that is damaged, cut short, empty or no journal is renamed to journal-TIME.damaged and a new journal is
// begun; Report says so. A file that may not be read or written, and a full disk, are errors: nothing is set aside.
//
// The copy is for people. It is never restored by itself: an old journal lacks the intents of what was sent since, and
// would have it sent again without asking; without a journal the pipelines ask first.
func Open(path string, o Options) (*Store, Report, error) {
	log := cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	timeout := cmp.Or(o.Timeout, defaultTimeout)
	own, err := takeOwner(sibling(path, ".owner"), path, timeout)
	if err != nil {
		return nil, Report{}, err
	}
	s, report, err := open(path, own, timeout, log)
	if err != nil {
		// What the owner file says stays: the journal is as its last owner left it.
		return nil, report, errors.Join(fmt.Errorf("open journal: %w", err), own.release(false))
	}
	return s, report, nil
}

// open opens the journal whose owner this process is.
func open(path string, own *owner, timeout time.Duration, log *slog.Logger) (*Store, Report, error) {
	var report Report
	schema, err := inspect(path, own.clean)
	if err == nil && schema > currentSchema {
		return nil, report, &SchemaError{Path: path, Found: schema, Known: currentSchema}
	}
	var s *Store
	if err == nil {
		s, err = start(path, own, schema, timeout, log)
	}
	switch {
	case err == nil:
		s.keepCopy()
		if _, err := s.CompactIfWasteful(context.Background()); err != nil { // no reason not to work
			log.Warn("journal not compacted", "path", path, "error", err)
		}
		return s, report, nil
	case errors.Is(err, fs.ErrNotExist):
	case errors.Is(err, journal.ErrDamaged):
		report.Reason = err.Error()
	default:
		return nil, report, err
	}
	if report.SetAside, err = begin(path, report.Reason != "", log); err != nil {
		return nil, report, err
	}
	report.Fresh = true
	if report.SetAside != "" {
		log.Error("journal set aside", "path", path, "kept_as", report.SetAside, "reason", report.Reason)
	}
	s, err = start(path, own, currentSchema, timeout, log)
	return s, report, err
}

// inspect examines the file before bbolt sees it.
func inspect(path string, clean bool) (schema uint64, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0) // for writing too: what may only be read is no damage
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if !info.Mode().IsRegular() {
		return 0, fmt.Errorf("%s is no regular file", path)
	}
	size := info.Size()
	return examine(f, size, size > checkUnclean || (clean && size > checkAlways))
}

// start opens the examined file with bbolt.
func start(path string, own *owner, schema uint64, timeout time.Duration, log *slog.Logger) (*Store, error) {
	if err := own.take(); err != nil {
		return nil, err
	}
	db, err := openDB(path, timeout)
	if errors.Is(err, berrors.ErrTimeout) {
		return nil, &HeldError{Path: path} // by a program that knows bbolt but not the owner file
	}
	if err != nil {
		return nil, err
	}
	var counts map[CountKey]int
	err = recovering(func() error {
		if err := upgrade(db, path, schema, log); err != nil {
			return err
		}
		return db.View(func(tx *bbolt.Tx) error {
			var err error
			counts, err = loadCounts(tx)
			return err
		})
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return newStore(path, log, own, db, counts), nil
}

// begin puts an empty journal at path. With aside, the damaged file that is there is renamed first, and the last copy
// with it, so that the next copy does not replace it. The new file is complete before either: a full disk changes nothing.
func begin(path string, aside bool, log *slog.Logger) (setAside string, err error) {
	fresh := path + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("remove unfinished journal: %w", err)
	}
	db, err := openDB(fresh, time.Second)
	if err != nil {
		return "", fmt.Errorf("create journal: %w", err)
	}
	if err := errors.Join(db.Update(initialise), db.Close()); err != nil {
		return "", errors.Join(fmt.Errorf("create journal: %w", err), os.Remove(fresh))
	}
	if err := giveBack(fresh, path); err != nil { // no reason not to work
		log.Warn("journal stays root's", "path", path, "error", err)
	}
	if aside {
		if setAside, err = putAside(path); err != nil {
			return "", errors.Join(err, os.Remove(fresh))
		}
	}
	if err := rename(fresh, path); err != nil {
		return setAside, fmt.Errorf("put new journal in place: %w", err)
	}
	if err := syncFolder(filepath.Dir(path)); err != nil {
		return setAside, fmt.Errorf("sync journal's folder: %w", err)
	}
	return setAside, nil
}

// putAside renames the journal, and its copy, to names that nothing has yet. It returns the journal's.
func putAside(path string) (string, error) {
	stem := sibling(path, "-"+time.Now().UTC().Format("20060102T150405Z"))
	for n := 2; taken(stem+".damaged") || taken(stem+".bak"); n++ {
		stem = fmt.Sprintf("%s~%d", sibling(path, "-"+time.Now().UTC().Format("20060102T150405Z")), n)
	}
	if err := rename(path, stem+".damaged"); err != nil {
		return "", fmt.Errorf("set damaged journal aside: %w", err)
	}
	err := rename(sibling(path, ".bak"), stem+".bak")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("set copy of journal aside: %w", err)
	}
	return filepath.Base(stem + ".damaged"), nil
}

// taken reports whether the name cannot be known to be free.
func taken(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// sibling is path with suffix in place of its extension.
func sibling(path, suffix string) string {
	return strings.TrimSuffix(path, filepath.Ext(path)) + suffix
}
