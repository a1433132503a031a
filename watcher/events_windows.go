package watcher

import (
	"errors"
	"fmt"
	"sync"
	"unsafe"

	"github.com/fsnotify/fsnotify"
	"golang.org/x/sys/windows"
)

// treeEvents watches a whole tree through one handle on its root. Watching folders one by one, as fsnotify does,
// would hold a handle on each, and Windows lets nobody rename a folder while a handle is open below it: neither the
// scanner that finishes a set nor us who move it away.
type treeEvents struct {
	root   string
	handle windows.Handle
	wake   windows.Handle // event: a reading has ended
	stop   windows.Handle // event: Close was called
	events chan fsnotify.Event
	errs   chan error
	done   chan struct{} // closed by Close
	ended  chan struct{}
	once   sync.Once

	// The system writes to these while a reading is under way; they must not move.
	pending windows.Overlapped
	buf     [eventBuffer]byte
}

// eventBuffer is the most that a network share allows.
const eventBuffer = 64 << 10

// newNotifier is where events below the root come from on this system.
func newNotifier(root string) (notifier, error) {
	name, err := windows.UTF16PtrFromString(root)
	if err != nil {
		return nil, fmt.Errorf("begin watching: %w", err)
	}
	const share = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE
	const flags = windows.FILE_FLAG_BACKUP_SEMANTICS | windows.FILE_FLAG_OVERLAPPED
	h, err := windows.CreateFile(name, windows.FILE_LIST_DIRECTORY, share, nil, windows.OPEN_EXISTING, flags, 0)
	if err != nil {
		return nil, fmt.Errorf("begin watching: %w", err)
	}
	t := &treeEvents{
		root:   root + `\`,
		handle: h,
		events: make(chan fsnotify.Event),
		errs:   make(chan error),
		done:   make(chan struct{}),
		ended:  make(chan struct{}),
	}
	if t.wake, err = windows.CreateEvent(nil, 1, 0, nil); err == nil {
		t.stop, err = windows.CreateEvent(nil, 1, 0, nil)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("begin watching: %w", err), t.release())
	}
	started := make(chan error)
	go t.run(started)
	if err := <-started; err != nil {
		return nil, errors.Join(fmt.Errorf("begin watching: %w", err), t.Close())
	}
	return t, nil
}

// Channels returns the channels of events and errors.
func (t *treeEvents) Channels() (<-chan fsnotify.Event, <-chan error) { return t.events, t.errs }

// Add has nothing to do: the tree is watched as a whole.
func (t *treeEvents) Add(string) error { return nil }

// Remove has nothing to do.
func (t *treeEvents) Remove(string) error { return nil }

// Close ends the watch. A second call has no effect.
func (t *treeEvents) Close() error {
	var err error
	t.once.Do(func() {
		close(t.done)
		err = windows.SetEvent(t.stop)
		<-t.ended
		err = errors.Join(err, t.release())
	})
	return err
}

func (t *treeEvents) release() error {
	var err error
	for _, h := range []windows.Handle{t.handle, t.wake, t.stop} {
		if h != 0 {
			err = errors.Join(err, windows.CloseHandle(h))
		}
	}
	return err
}

// run reads changes until Close is called or reading fails. The first outcome goes to started.
func (t *treeEvents) run(started chan<- error) {
	defer close(t.ended)
	defer close(t.events)
	err := t.ask()
	started <- err
	for err == nil {
		var n uint32
		if n, err = t.wait(); err != nil {
			break
		}
		var changes []fsnotify.Event
		if n > 0 {
			changes = t.parse(t.buf[:n])
		}
		err = t.ask() // at once: the system collects further changes meanwhile only while it is asked
		if n == 0 {
			t.fail(fsnotify.ErrEventOverflow)
		}
		for _, ev := range changes {
			t.send(ev)
		}
	}
	if !errors.Is(err, errStopped) {
		t.fail(err)
	}
}

// errStopped says that Close was called.
var errStopped = errors.New("stopped")

// ask begins to read changes.
func (t *treeEvents) ask() error {
	const what = windows.FILE_NOTIFY_CHANGE_FILE_NAME | windows.FILE_NOTIFY_CHANGE_DIR_NAME |
		windows.FILE_NOTIFY_CHANGE_LAST_WRITE | windows.FILE_NOTIFY_CHANGE_SIZE
	t.pending = windows.Overlapped{HEvent: t.wake}
	err := windows.ReadDirectoryChanges(t.handle, &t.buf[0], eventBuffer, true, what, nil, &t.pending, 0)
	if err != nil {
		return fmt.Errorf("read directory changes: %w", err)
	}
	return nil
}

// wait waits until changes were read, or for Close. It returns their length, 0 if they were too many.
func (t *treeEvents) wait() (uint32, error) {
	which, err := windows.WaitForMultipleObjects([]windows.Handle{t.stop, t.wake}, false, windows.INFINITE)
	if err != nil {
		err = fmt.Errorf("wait for directory changes: %w", err)
	} else if which == windows.WAIT_OBJECT_0 {
		err = errStopped
	}
	var n uint32
	if err != nil {
		// The system writes to the buffer until the reading has ended.
		if windows.CancelIoEx(t.handle, &t.pending) == nil {
			_ = windows.GetOverlappedResult(t.handle, &t.pending, &n, true) // cancelled, which is what we want
		}
		return 0, err
	}
	err = windows.GetOverlappedResult(t.handle, &t.pending, &n, false)
	if errors.Is(err, windows.ERROR_NOTIFY_ENUM_DIR) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read directory changes: %w", err)
	}
	return n, nil
}

// parse turns the system's records into events.
func (t *treeEvents) parse(buf []byte) []fsnotify.Event {
	const head = unsafe.Offsetof(windows.FileNotifyInformation{}.FileName)
	var events []fsnotify.Event
	for uintptr(len(buf)) >= head {
		r := (*windows.FileNotifyInformation)(unsafe.Pointer(&buf[0]))
		if uintptr(len(buf))-head < uintptr(r.FileNameLength) {
			break
		}
		name := windows.UTF16ToString(unsafe.Slice(&r.FileName, r.FileNameLength/2))
		events = append(events, fsnotify.Event{Name: t.root + name, Op: operation(r.Action)})
		if r.NextEntryOffset == 0 || int(r.NextEntryOffset) > len(buf) {
			break
		}
		buf = buf[r.NextEntryOffset:]
	}
	return events
}

// operation is fsnotify's word for what happened.
func operation(action uint32) fsnotify.Op {
	switch action {
	case windows.FILE_ACTION_ADDED, windows.FILE_ACTION_RENAMED_NEW_NAME:
		return fsnotify.Create
	case windows.FILE_ACTION_REMOVED:
		return fsnotify.Remove
	case windows.FILE_ACTION_RENAMED_OLD_NAME:
		return fsnotify.Rename
	default:
		return fsnotify.Write
	}
}

func (t *treeEvents) send(ev fsnotify.Event) {
	select {
	case t.events <- ev:
	case <-t.done:
	}
}

func (t *treeEvents) fail(err error) {
	select {
	case t.errs <- err:
	case <-t.done:
	}
}
