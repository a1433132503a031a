package control

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

const addressFileName = "control.json"

// addressFile is control.json: where the agent of a data folder listens, and the token for changes.
type addressFile struct {
	Address string `json:"address"`
	Token   string `json:"token"`
}

// temporaryAddress is how control.json is called while it is written.
const temporaryAddress = ".control-*.tmp"

// write replaces control.json, readable by its owner alone and never seen half-written. What an agent left behind that died
// writing is removed: it holds a token, and the journal keeps a second agent from writing here at the same time.
func (f addressFile) write(dataDir string) (err error) {
	left, _ := filepath.Glob(filepath.Join(escapeGlob(dataDir), temporaryAddress)) // the pattern is well-formed
	for _, name := range left {
		_ = os.Remove(name) // tried again at the next start
	}
	tmp, err := os.CreateTemp(dataDir, temporaryAddress) // mode 0600
	if err != nil {
		return fmt.Errorf("write control address: %w", err)
	}
	defer func() {
		if err != nil {
			_ = tmp.Close()
			_ = os.Remove(tmp.Name())
			err = fmt.Errorf("write control address: %w", err)
		}
	}()
	if err := json.NewEncoder(tmp).Encode(f); err != nil {
		return err
	}
	if err := tmp.Sync(); err != nil {
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	return replace(tmp.Name(), filepath.Join(dataDir, addressFileName))
}

// replace renames a file over another. On Windows that fails while anyone reads the other, as every command does that looks
// for an agent: it is tried again for a while.
func replace(from, to string) error {
	const patience, pause = 5 * time.Second, 10 * time.Millisecond
	began := time.Now()
	for {
		err := os.Rename(from, to)
		if err == nil || runtime.GOOS != "windows" || time.Since(began) > patience {
			return err
		}
		time.Sleep(pause)
	}
}

// escapeGlob takes a path literally where a pattern is expected.
func escapeGlob(dir string) string {
	return strings.NewReplacer(`*`, `[*]`, `?`, `[?]`, `[`, `[[]`).Replace(dir)
}

// remove takes control.json away unless another agent has written its own meanwhile.
func (f addressFile) remove(dataDir string) {
	if now, err := readAddressFile(dataDir); err == nil && now == f {
		_ = os.Remove(filepath.Join(dataDir, addressFileName))
	}
}

func readAddressFile(dataDir string) (addressFile, error) {
	var f addressFile
	b, err := os.ReadFile(filepath.Join(dataDir, addressFileName))
	if err != nil {
		return f, fmt.Errorf("read control address: %w", err)
	}
	if err := json.Unmarshal(b, &f); err != nil {
		return f, fmt.Errorf("read control address: %w", err)
	}
	return f, nil
}
