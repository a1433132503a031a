//go:build !windows

package watcher

import (
	"fmt"

	"github.com/fsnotify/fsnotify"
)

// folderEvents watches folders one by one, through fsnotify.
type folderEvents struct{ *fsnotify.Watcher }

// newNotifier is where events below the root come from on this system.
func newNotifier(string) (notifier, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("begin watching: %w", err)
	}
	return folderEvents{w}, nil
}

// Channels returns the channels of events and errors.
func (e folderEvents) Channels() (<-chan fsnotify.Event, <-chan error) { return e.Events, e.Errors }
