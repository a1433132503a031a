package watcher

import "path/filepath"

// Writing says whether someone has the file open for writing. known is false where this cannot be seen: on network
// shares, on systems that do not tell, on files of other owners without the right to ask. open without known means
// that the check itself failed; such a file is to be treated like one that is being written.
//
// It opens the file for reading for some microseconds, never follows a symbolic link in the last element, and may
// be called from any goroutine. On Windows another program's attempt to open the file for writing fails meanwhile;
// on Linux it waits, or fails if it asked not to wait.
func Writing(path string) (open, known bool) {
	path, err := filepath.Abs(path)
	if err != nil {
		return true, false
	}
	path = systemPath(path)
	s, err := shareOf(filepath.Dir(path))
	if err != nil {
		return true, false
	}
	switch state, _ := checkWriter(path, s.network); state {
	case hasWriter:
		return true, true
	case noWriter:
		return false, !s.network
	case failedCheck:
		return true, false
	default:
		return false, false
	}
}
