//go:build unix

package upload

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"kurir/watcher"
)

// TestInspectDoesNotWaitForAPipe that stands where a file was.
func TestInspectDoesNotWaitForAPipe(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a.jpg")
	if err := syscall.Mkfifo(name, 0o644); err != nil {
		t.Skipf("no pipes here: %v", err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := inspect(name, watcher.File{Path: "a.jpg", Size: 10}, true)
		ended <- err
	}()
	limit := time.NewTimer(20 * time.Second)
	defer limit.Stop()
	select {
	case err := <-ended:
		if err == nil {
			t.Error("a pipe was taken for an image")
		}
	case <-limit.C:
		t.Fatal("waits for a writer")
	}
}
