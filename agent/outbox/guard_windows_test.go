package outbox

import (
	"os"

	"golang.org/x/sys/windows"
)

var errFull error = &os.PathError{Op: "write", Path: "x", Err: windows.ERROR_DISK_FULL}
