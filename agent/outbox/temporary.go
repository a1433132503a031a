package outbox

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// A temporary is called ".NAME.TAG.tmp": hidden from people, and left alone by the watcher for both its ends.
const (
	tagBytes         = 8
	temporaryNameMax = 180 // bytes of NAME that a temporary repeats
)

var temporaryPattern = regexp.MustCompile(`^\..*\.[0-9a-f]{16}\.tmp$`)

func temporaryName(name, tag string) string {
	return "." + cut(name, temporaryNameMax) + "." + tag + ".tmp"
}

// randomTag tells the temporaries of overlapping calls apart.
func randomTag() string {
	var b [tagBytes]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// moveTag is the same for every try of one move, so that a later try finds what an earlier one left.
func moveTag(src, dst string) string {
	sum := sha256.Sum256([]byte(src + "\x00" + dst))
	return hex.EncodeToString(sum[:tagBytes])
}

// SweepTop is Sweep for what lies in a folder itself, at the cost of reading its names: for inboxes, into which sets are moved
// back.
func SweepTop(folder string, before time.Time) error {
	f, err := os.Open(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	defer f.Close()
	var failed []error
	for {
		names, err := f.Readdirnames(1024)
		for _, name := range names {
			if !temporaryPattern.MatchString(name) {
				continue
			}
			path := filepath.Join(folder, name)
			info, err := os.Lstat(path)
			if err == nil && (info.IsDir() || info.Mode().IsRegular()) && info.ModTime().Before(before) {
				failed = append(failed, discard(path))
			}
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				failed = append(failed, err)
			}
			break
		}
	}
	if err := errors.Join(failed...); err != nil {
		return fmt.Errorf("sweep %s: %w", folder, err)
	}
	return nil
}

// Sweep removes the temporaries that calls of this package left below root when their process died: those last
// changed before the given time. It is meant for an agent's start, before anything is written: it could take the
// temporary of a call under way if that is older. Nothing else is removed, symbolic links are not followed, and a
// missing root is no error. It goes on after an error and returns all of them joined.
func Sweep(root string, before time.Time) error {
	var failed []error
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			failed = append(failed, err)
			return nil
		}
		if !d.IsDir() && !d.Type().IsRegular() || !temporaryPattern.MatchString(d.Name()) || path == root {
			return nil
		}
		if info, err := d.Info(); err != nil {
			failed = append(failed, err)
		} else if info.ModTime().Before(before) {
			failed = append(failed, discard(path))
		}
		if d.IsDir() {
			return fs.SkipDir
		}
		return nil
	})
	var missed []error
	for _, err := range append(failed, err) {
		if !errors.Is(err, fs.ErrNotExist) {
			missed = append(missed, err)
		}
	}
	if err := errors.Join(missed...); err != nil {
		return fmt.Errorf("sweep %s: %w", root, err)
	}
	return nil
}
