package watcher

import "os"

// openDir opens a folder for reading its entries.
func openDir(path string) (*os.File, error) { return os.Open(path) }
