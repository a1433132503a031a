package control

import (
	"os"
	"path/filepath"
	"testing"
)

// An agent that died has left its control.json, and a command is just reading it.
func TestControlFileIsReplacedOnceNobodyReadsIt(t *testing.T) {
	dir := t.TempDir()
	if err := (addressFile{Address: "127.0.0.1:1", Token: "old"}).write(dir); err != nil {
		t.Fatal(err)
	}
	reader, err := os.Open(filepath.Join(dir, addressFileName))
	if err != nil {
		t.Fatal(err)
	}
	own := addressFile{Address: "127.0.0.1:2", Token: "new"}
	written := make(chan error, 1)
	go func() { written <- own.write(dir) }()
	eventually(t, "it is written beside", func() bool {
		found, err := filepath.Glob(filepath.Join(dir, temporaryAddress))
		return err == nil && len(found) == 1
	})
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-written; err != nil {
		t.Error(err)
	}
	if now, err := readAddressFile(dir); err != nil || now != own {
		t.Errorf("control.json is %v, %v", now, err)
	}
}
