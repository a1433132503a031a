package bolt

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// lockRetry is how often a lock that another process holds is tried again.
const lockRetry = 50 * time.Millisecond

// HeldError says that another process holds the journal.
type HeldError struct {
	Path  string
	PID   int       // 0: unknown
	Since time.Time // when that process opened it; zero: unknown
}

// Error implements error.
func (e *HeldError) Error() string {
	who := "another process"
	if e.PID != 0 {
		who = fmt.Sprintf("process %d since %s", e.PID, e.Since.Format(time.RFC3339))
	}
	return fmt.Sprintf("journal %s is in use by %s: only one agent can run on a data folder; stop that one first", e.Path, who)
}

// owner is the locked file beside the journal. It says who has the journal open, or that it was closed in good order.
// The lock is on a file of its own because the journal itself may be renamed while it is taken, and because bbolt must
// not map a file before it has been examined.
type owner struct {
	file  *os.File // nil: nothing is locked
	looks bool     // the journal is only read: the file stays as it is
	clean bool     // the last owner closed the journal in good order, or there was none
}

// ownerNote is the content of the file.
type ownerNote struct {
	PID    int       `json:"pid"`
	Since  time.Time `json:"since"`
	Closed bool      `json:"closed"`
}

// takeOwner locks the file at path for the journal held, waiting for at most timeout; *HeldError after that.
func takeOwner(path, held string, timeout time.Duration) (*owner, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open journal's owner file: %w", err)
	}
	_ = giveBack(path, held) // where that fails the file can still be used
	if err := lockWithin(f, timeout); err != nil {
		if errors.Is(err, errLocked) {
			note, _ := readNote(f) // who it is is help, not more
			if note.Closed {       // who has it now has not said so
				note = ownerNote{}
			}
			err = &HeldError{Path: held, PID: note.PID, Since: note.Since}
		}
		return nil, errors.Join(err, f.Close())
	}
	note, err := readNote(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &owner{file: f, clean: note.Closed}, nil
}

// lockWithin takes the lock; errLocked when another process still has it after timeout.
func lockWithin(f *os.File, timeout time.Duration) error {
	deadline := time.Now().Add(timeout)
	for {
		err := tryLock(f)
		if err == nil {
			return nil
		}
		if !errors.Is(err, errLocked) {
			return fmt.Errorf("lock journal's owner file: %w", err)
		}
		if time.Now().After(deadline) {
			return err
		}
		time.Sleep(lockRetry)
	}
}

// readNote reads the file's content. What cannot be understood was cut off by a crash: then the journal was not closed.
func readNote(f *os.File) (ownerNote, error) {
	b := make([]byte, 512)
	n, err := f.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return ownerNote{}, fmt.Errorf("read journal's owner file: %w", err)
	}
	var note ownerNote
	if err := json.Unmarshal(b[:n], &note); err != nil {
		return ownerNote{}, nil //nolint:nilerr // that is an answer
	}
	return note, nil
}

// write replaces the file's content, durably.
func (o *owner) write(note ownerNote) error {
	b, err := json.Marshal(note)
	if err != nil {
		return fmt.Errorf("encode journal's owner: %w", err)
	}
	err = o.file.Truncate(0)
	if err == nil {
		_, err = o.file.WriteAt(append(b, '\n'), 0)
	}
	if err == nil {
		err = o.file.Sync()
	}
	if err != nil {
		return fmt.Errorf("write journal's owner file: %w", err)
	}
	return nil
}

// take notes that this process has the journal open.
func (o *owner) take() error {
	return o.write(ownerNote{PID: os.Getpid(), Since: time.Now().UTC().Truncate(time.Second)})
}

// release unlocks the file. With clean, it says that the journal was closed in good order.
func (o *owner) release(clean bool) error {
	if o.file == nil {
		return nil
	}
	var err error
	if clean && !o.looks {
		err = o.write(ownerNote{PID: os.Getpid(), Since: time.Now().UTC().Truncate(time.Second), Closed: true})
	}
	return errors.Join(err, o.file.Close())
}
