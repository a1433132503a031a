//go:build !unix

package upload_test

import "time"

// processorTime is not known here.
func processorTime() time.Duration { return 0 }

// calmDisk does nothing here.
func calmDisk() {}
