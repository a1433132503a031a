package beacukai

import (
	"os"

	"golang.org/x/sys/windows"
)

// maxPath is what CreateFile takes without a prefix, in the worst case.
const maxPath = 240

// openFile opens a file for reading such that others may still rename or delete it: a virus scanner or an operator is
// not held up by an upload. A path too long for the call that can say so is opened the ordinary way.
func openFile(path string) (*os.File, error) {
	if len(path) > maxPath {
		return os.Open(path)
	}
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	const share = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE
	const flags = windows.FILE_ATTRIBUTE_NORMAL | windows.FILE_FLAG_SEQUENTIAL_SCAN
	h, err := windows.CreateFile(name, windows.GENERIC_READ, share, nil, windows.OPEN_EXISTING, flags, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(h), path), nil
}
