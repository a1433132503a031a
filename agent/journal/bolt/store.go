// Package bolt keeps the agent's journal in one bbolt file. It is the default journal.Store.
//
// Concurrent changes share commits: one goroutine takes all that wait, writes them in one transaction and syncs once,
// while the next ones gather. Claims live in memory only, so that a job that was held when the process died is due
// again at once. A file that cannot be read is set aside by name, and a new one begun; what it held is rebuilt by the
// pipelines from folders and servers. A call that meets damage later returns journal.ErrDamaged, wrapped: the store
// stays open for what can still be read, and the next Open checks the whole file.
//
// It never deletes a journal, never restores a copy by itself, and never decides what a job's data mean. The agent
// opens it, the pipelines write it through journal.Store, commands and control read it.
package bolt

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"kurir/agent/journal"
)

var _ journal.Store = (*Store)(nil)

// Options of Open. The zero value is ready to use.
type Options struct {
	Timeout time.Duration // how long to wait while another process holds the journal; 0: 2 s
	Logger  *slog.Logger  // nil: silent
}

// Report is what Open found.
type Report struct {
	Fresh    bool   // a new journal was begun: there was none, or it was damaged
	SetAside string // the name beside the journal under which the damaged file was kept; "" when none was
	Reason   string // why it was set aside
}

// Store is a journal in a bbolt file. Its methods are safe for concurrent use.
type Store struct {
	path  string
	log   *slog.Logger
	owner *owner

	// doubt is set by a panic, a damaged record or a failed commit: the next Open checks the whole file.
	doubt atomic.Bool

	// dbMu lets the database be opened again under the feet of readers. It is taken after mu.
	dbMu sync.RWMutex
	db   *bbolt.DB

	ops  chan *op      // to the committer
	quit chan struct{} // closed when no call is under way any more
	done chan struct{} // closed when the committer has returned

	writeMu    sync.Mutex    // held by a commit, and by what must not have one meanwhile
	generation atomic.Uint64 // raised when the file is written anew, whose transactions are counted anew
	lastTick   time.Time     // the committer's

	mu     sync.Mutex // guards the claims
	held   map[address]*claim
	groups map[address]*claim

	countMu sync.Mutex
	counts  map[CountKey]int

	callMu sync.Mutex // guards closed; calls grows only while not closed
	closed bool
	calls  sync.WaitGroup
}

// address names a job, or a group of jobs, of one kind.
type address struct {
	kind journal.Kind
	name string
}

// newStore starts the committer of an open database.
func newStore(path string, log *slog.Logger, o *owner, db *bbolt.DB, counts map[CountKey]int) *Store {
	s := &Store{
		path: path, log: log, owner: o, db: db, counts: counts,
		ops: make(chan *op), quit: make(chan struct{}), done: make(chan struct{}),
		held: map[address]*claim{}, groups: map[address]*claim{},
	}
	go s.run()
	return s
}

// begin counts a call in. Every call that it lets in must end.
func (s *Store) begin(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.callMu.Lock()
	defer s.callMu.Unlock()
	if s.closed {
		return journal.ErrClosed
	}
	s.calls.Add(1)
	return nil
}

// end counts a call out.
func (s *Store) end() { s.calls.Done() }

// Close waits for calls under way, ends the claims as they are and closes the file. Later calls, a second Close among
// them, return journal.ErrClosed.
func (s *Store) Close() error {
	s.callMu.Lock()
	if s.closed {
		s.callMu.Unlock()
		return journal.ErrClosed
	}
	s.closed = true
	s.callMu.Unlock()

	s.calls.Wait()
	close(s.quit)
	<-s.done
	s.mu.Lock()
	for _, c := range s.held {
		c.cancel(journal.ErrClosed)
	}
	clear(s.held)
	clear(s.groups)
	s.mu.Unlock()

	s.dbMu.Lock()
	defer s.dbMu.Unlock()
	err := s.guard(s.db.Close)
	return errors.Join(err, s.owner.release(err == nil && !s.doubt.Load()))
}
