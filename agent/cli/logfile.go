package cli

import (
	"fmt"
	"os"
	"sync"
	"time"

	"gopkg.in/natefinch/lumberjack.v2"
)

// renewAgain is how long a log file that could not be renewed is only appended to before that is tried again.
const renewAgain = time.Minute

// logFile is a log file that is renewed at its size. When it cannot be, because its folder lets no file be made or someone
// on Windows has it open, lines are appended to it as it is: a log that is too large is better than none.
// Safe for concurrent use.
type logFile struct {
	file   lumberjack.Logger
	warn   func(err error) // called when a trouble begins; it may call append
	mu     sync.Mutex
	stuck  bool
	renews time.Time // when it is to be tried again, while stuck
}

// Write writes one line.
func (f *logFile) Write(line []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stuck && time.Now().Before(f.renews) {
		return f.append(line)
	}
	n, err := f.file.Write(line)
	if err == nil {
		f.stuck = false
		return n, nil
	}
	if n > 0 {
		return n, err
	}
	n, appendErr := f.append(line)
	if appendErr != nil {
		return n, fmt.Errorf("%w; %w", err, appendErr)
	}
	f.renews = time.Now().Add(renewAgain)
	if !f.stuck {
		f.stuck = true
		f.warn(err)
	}
	return n, nil
}

// append adds a line to the file as it is. It is opened for each: in between anyone may do with it what they want.
func (f *logFile) append(line []byte) (int, error) {
	file, err := os.OpenFile(f.file.Filename, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return 0, err
	}
	n, err := file.Write(line)
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	return n, err
}

// Close closes the file. Later lines open it again.
func (f *logFile) Close() error { return f.file.Close() }
