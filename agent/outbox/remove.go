package outbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Remove removes one file, or one empty folder. One that is not there is removed already. On Windows it waits, for a bounded
// time, until others have closed the file.
func Remove(path string) error {
	err := retryBusy(func() error { return os.Remove(path) })
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove: %w", err)
	}
	return nil
}
