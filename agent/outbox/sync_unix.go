//go:build unix

package outbox

import (
	"errors"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// syncDir makes the names in a folder durable. Some file systems (CIFS, some FUSE) cannot, and do it their own way.
func syncDir(path string) error { return folders.sync(path) }

// folders is shared by all calls of the process.
var folders = folderSyncs{do: flushDir, running: map[string]*folderSync{}, next: map[string]*folderSync{}}

// folderSyncs lets calls for one folder that overlap share their syncs: at most one is under way, and whoever comes
// meanwhile waits for the next one together with all others. Each sync costs a commit of the file system's own journal,
// which many receipts and states in one folder would ask for at the same time.
type folderSyncs struct {
	do func(path string) error

	mu      sync.Mutex
	running map[string]*folderSync
	next    map[string]*folderSync // not begun: whoever comes now may join
}

// folderSync is one sync and its outcome, which is there once done is closed.
type folderSync struct {
	done chan struct{}
	err  error
}

// sync returns the outcome of a sync that began after sync was called.
func (f *folderSyncs) sync(path string) error {
	f.mu.Lock()
	if s, ok := f.next[path]; ok {
		f.mu.Unlock()
		<-s.done
		return s.err
	}
	s := &folderSync{done: make(chan struct{})}
	for before, ok := f.running[path]; ok; before, ok = f.running[path] {
		f.next[path] = s
		f.mu.Unlock()
		<-before.done
		f.mu.Lock()
	}
	delete(f.next, path)
	f.running[path] = s
	f.mu.Unlock()

	s.err = f.do(path)
	f.mu.Lock()
	delete(f.running, path)
	f.mu.Unlock()
	close(s.done)
	return s.err
}

func flushDir(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	err = f.Sync()
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.EBADF) {
		err = nil
	}
	return errors.Join(err, f.Close())
}
