package simulator

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// The files in Options.Dir. Each line is one JSON value; a line that is there is whole, but for the last one after
// the simulator itself was killed.
const (
	storedFile    = "stored.jsonl"    // one Declaration per successful upload, with the photos that it brought
	requestsFile  = "requests.jsonl"  // one Request per request
	documentsFile = "documents.jsonl" // when T2G was first asked about a document
)

// lines is a file that grows by lines of JSON. A nil *lines keeps nothing.
type lines struct{ file *os.File }

// openLines opens a file, creating it if need be, and hands each line that it has to load.
func openLines(path string, load func(line []byte) error) (*lines, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the record: %w", err)
	}
	whole, err := readLines(file, load)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read the record %s: %w", path, err), file.Close())
	}
	if err := file.Truncate(whole); err != nil {
		return nil, errors.Join(fmt.Errorf("cut off a half-written line: %w", err), file.Close())
	}
	if _, err := file.Seek(whole, io.SeekStart); err != nil {
		return nil, errors.Join(fmt.Errorf("find the end of the record: %w", err), file.Close())
	}
	return &lines{file}, nil
}

// readLines hands every whole line to load and returns where the last one ends.
func readLines(r io.Reader, load func(line []byte) error) (end int64, err error) {
	for b := bufio.NewReader(r); ; {
		line, err := b.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return end, nil
		}
		if err == nil {
			err = load(line)
		}
		if err != nil {
			return end, err
		}
		end += int64(len(line))
	}
}

// write appends one line.
func (l *lines) write(v any) error {
	if l == nil {
		return nil
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode a line of the record: %w", err)
	}
	if _, err := l.file.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("write the record: %w", err)
	}
	return nil
}

func (l *lines) close() error {
	if l == nil {
		return nil
	}
	return l.file.Close()
}

func (u upload) wire() Declaration {
	return Declaration{u.NomorAju, u.NomorBlAwb, u.TanggalBlAwb, u.KodeKantor, u.photos}
}

// openDir reads what an earlier run kept in dir and goes on from there.
func (s *Server) openDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("create the record's folder: %w", err)
	}
	var err error
	s.store.uploads, err = openLines(filepath.Join(dir, storedFile), func(line []byte) error {
		var d Declaration
		if err := json.Unmarshal(line, &d); err != nil {
			return err
		}
		s.store.keepUpload(upload{d.declaration(), d.Photos})
		return nil
	})
	if err != nil {
		return err
	}
	s.store.requests, err = openLines(filepath.Join(dir, requestsFile), func([]byte) error { return nil })
	if err != nil {
		return err
	}
	s.lives.seen, err = openLines(filepath.Join(dir, documentsFile), s.lives.load)
	return err
}
