//go:build unix

package upload

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"kurir/watcher"
)

// TestReadersDoNotWaitForAPipe that stands where a file was.
func TestReadersDoNotWaitForAPipe(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a.jpg")
	if err := syscall.Mkfifo(name, 0o644); err != nil {
		t.Skipf("no pipes here: %v", err)
	}
	for how, read := range readers {
		ended := make(chan error, 1)
		go func() { ended <- read(name, watcher.File{Path: "a.jpg", Size: 10}) }()
		limit := time.NewTimer(time.Minute)
		defer limit.Stop()
		select {
		case err := <-ended:
			if err == nil {
				t.Errorf("%s takes a pipe for an image", how)
			}
		case <-limit.C:
			t.Fatalf("%s waits for a writer", how)
		}
	}
}
