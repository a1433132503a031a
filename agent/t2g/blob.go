package t2g

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Blob is a JSON value left where it is in an answer, most often a very long string: quotes and escapes included, and
// sharing memory with the answer. nil is a field that is missing or null.
type Blob []byte

// IsString reports whether the value is a string, rather than a number, a boolean, an object or an array.
func (b Blob) IsString() bool { return kindOf(b) == kindString }

// Len returns an upper bound of the decoded length, in bytes.
func (b Blob) Len() int { return len(b) }

// String returns the decoded string, as a copy: for short ones. Any other value is returned as it is written.
func (b Blob) String() string {
	var s string
	if b.IsString() && json.Unmarshal(b, &s) == nil {
		return s
	}
	return string(b)
}

// Reader returns a reader of the decoded string that copies no more than what is read. Any other value is read as it
// is written.
func (b Blob) Reader() io.Reader { return b.ReaderAfter(0) }

// ReaderAfter is Reader without the first skip bytes inside the quotes, as they are written; they must not end within an
// escape.
func (b Blob) ReaderAfter(skip int) io.Reader {
	if !b.IsString() || len(b) < skip+2 {
		return bytes.NewReader(b)
	}
	return &unquoter{rest: b[1+skip : len(b)-1]}
}

// unquoter decodes the inside of a JSON string.
type unquoter struct {
	rest    []byte
	pending []byte // decoded from an escape, not yet read
	buf     [utf8.UTFMax]byte
}

var errEscape = errors.New("broken escape in a JSON string")

// Read implements io.Reader.
func (u *unquoter) Read(p []byte) (n int, err error) {
	for n < len(p) {
		switch {
		case len(u.pending) > 0:
			m := copy(p[n:], u.pending)
			u.pending = u.pending[m:]
			n += m
		case len(u.rest) == 0:
			if n == 0 {
				return 0, io.EOF
			}
			return n, nil
		case u.rest[0] == '\\':
			if err := u.escape(); err != nil {
				return n, err
			}
		default:
			n += u.plain(p[n:])
		}
	}
	return n, nil
}

// plain copies what stands before the next escape, as far as there is room; what is behind is not looked at yet.
func (u *unquoter) plain(p []byte) int {
	part := u.rest[:min(len(p), len(u.rest))]
	if i := bytes.IndexByte(part, '\\'); i >= 0 {
		part = part[:i]
	}
	u.rest = u.rest[len(part):]
	return copy(p, part)
}

// escapes are the escapes of one character.
var escapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escape decodes the escape at the beginning of rest.
func (u *unquoter) escape() error {
	if len(u.rest) < 2 {
		return errEscape
	}
	if c := escapes[u.rest[1]]; c != 0 {
		u.pending = append(u.buf[:0], c)
		u.rest = u.rest[2:]
		return nil
	}
	r, ok := hexRune(u.rest)
	if !ok {
		return errEscape
	}
	u.rest = u.rest[6:]
	if utf16.IsSurrogate(r) {
		low, _ := hexRune(u.rest)
		if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
			u.rest = u.rest[6:]
		}
	}
	u.pending = utf8.AppendRune(u.buf[:0], r)
	return nil
}

// hexRune reads \uXXXX.
func hexRune(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	v, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	return rune(v), err == nil
}
