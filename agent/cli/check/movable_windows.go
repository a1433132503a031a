package check

import "golang.org/x/sys/windows"

// mayMove is true: whoever may delete in a folder may move the folders in it.
func mayMove(string) bool { return true }

// readOnlyDisk is what writing to a write-protected medium fails with.
const readOnlyDisk = windows.ERROR_WRITE_PROTECT
