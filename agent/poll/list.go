package poll

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"kurir/agent/reason"
)

// Limits of a list. Everything is streamed, so that they bound the work and not the memory.
const (
	maxListBytes = 1 << 30   // a text
	maxJSONBytes = 128 << 20 // a JSON array
	maxXLSXBytes = 64 << 20  // a workbook, as it lies on disk
	maxLine      = 64 << 10  // a line of text; a longer one is rejected, whatever it holds
)

// Entry is what one line of a list says: a number, or why there is none.
type Entry struct {
	Line int    // the line of a text, the row of a sheet, the place in a JSON array; from 1
	CAR  string // the Aju number, as spelt in the list; "" when the line is rejected
	Kode string // kode_dokumen; "" when the list names none

	Value  string        // of a rejected line: its value, bounded and printable
	Why    reason.Detail // why it is rejected; "" when it is not
	detail any
}

// Reason returns in words why the entry is rejected.
func (e Entry) Reason(lang reason.Language) string { return phrase(e.Why, e.detail).In(lang) }

// phrase says why with its detail, nil for none.
func phrase(why reason.Detail, detail any) reason.Phrase {
	if detail == nil {
		return why.With()
	}
	return why.With(detail)
}

// ListError is a list that cannot be read at all: list_invalid.
type ListError struct {
	Why reason.Detail
	// Incomplete tells that it looks like one that is still being written: it is empty, or breaks off.
	Incomplete bool
	detail     any
	err        error
}

// Error implements error, in English.
func (e *ListError) Error() string { return "read list: " + e.Reason(reason.English) }

// Unwrap returns the cause, or nil.
func (e *ListError) Unwrap() error { return e.err }

// Reason returns in words why the list cannot be read.
func (e *ListError) Reason(lang reason.Language) string { return phrase(e.Why, e.detail).In(lang) }

// ParseList reads the list at path, which must not change meanwhile, and calls visit for each entry in order,
// rejected ones included; blank lines, comments and the header are no entries. Memory is bounded, whatever the list
// holds. It returns a *ListError when the list cannot be read at all, visit's error when there was one, ctx's when it
// has ended, or the error of reading the file. Entries that came before a *ListError count for nothing.
func ParseList(ctx context.Context, path string, visit func(Entry) error) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open list: %w", err)
	}
	defer f.Close()
	return parseListFile(ctx, f, filepath.Base(path), visit)
}

// listFile is what a list is read from: os.File, or a reader in memory.
type listFile interface {
	io.Reader
	io.ReaderAt
	io.Seeker
}

// parseListFile is ParseList on an open file. name gives the format by its extension.
func parseListFile(ctx context.Context, f listFile, name string, visit func(Entry) error) error {
	size, err := f.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return fmt.Errorf("read list: %w", err)
	}
	if size == 0 {
		return &ListError{Why: reason.ListEmpty, Incomplete: true}
	}
	v := &visitor{ctx: ctx, visit: visit}
	switch ext := strings.ToLower(filepath.Ext(name)); ext {
	case ".txt", ".csv", ".tsv":
		err = limited(size, maxListBytes, func() error { return parseText(f, v) })
	case ".json":
		err = limited(size, maxJSONBytes, func() error { return parseJSON(f, v) })
	case ".xlsx":
		err = limited(size, maxXLSXBytes, func() error { return parseXLSX(f, size, v) })
	default:
		return &ListError{Why: reason.ListExtension, detail: printable(ext)}
	}
	if err == nil && v.entries == 0 {
		err = &ListError{Why: reason.ListEmpty}
	}
	return err
}

// limited runs parse unless the list is larger than limit.
func limited(size, limit int64, parse func() error) error {
	if size > limit {
		return &ListError{Why: reason.ListTooBig, detail: limit >> 20}
	}
	return parse()
}

// visitor counts entries and looks at the context now and then.
type visitor struct {
	ctx     context.Context
	visit   func(Entry) error
	entries int
}

// entry hands on one line: its number and its kode_dokumen, as they stand in the list.
func (v *visitor) entry(line int, number, kode string) error {
	e := Entry{Line: line, Kode: strings.TrimFunc(kode, isBlank)}
	e.CAR, e.Why, e.detail = parseNumber(number)
	if e.Why == "" && e.Kode != "" && !validKode(e.Kode) {
		e.Why, e.detail = reason.LineKode, printable(e.Kode)
	}
	if e.Why != "" {
		e.CAR, e.Value = "", printable(number)
	}
	return v.emit(e)
}

// reject hands on a line without a number.
func (v *visitor) reject(line int, value string, why reason.Detail, detail any) error {
	return v.emit(Entry{Line: line, Value: printable(value), Why: why, detail: detail})
}

func (v *visitor) emit(e Entry) error {
	v.entries++
	if v.entries%1024 == 0 && v.ctx.Err() != nil {
		return v.ctx.Err()
	}
	return v.visit(e)
}
