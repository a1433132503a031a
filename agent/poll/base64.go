package poll

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"

	"kurir/agent/t2g"
)

var errNotBase64 = errors.New("not base64")

// What the bytes of a base64 text mean besides themselves.
const (
	b64Skip = 0xff // white space
	b64Pad  = 0xfe // the padding: nothing but padding and white space follows
	b64Bad  = 0xfd
)

// b64 maps every byte to the standard alphabet, the URL alphabet included, or to one of the marks above.
var b64 = func() (t [256]byte) {
	for i := range t {
		t[i] = b64Bad
	}
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		t[c] = c
	}
	t['-'], t['_'] = '+', '/'
	t[' '], t['\t'], t['\r'], t['\n'] = b64Skip, b64Skip, b64Skip, b64Skip
	t['='] = b64Pad
	return t
}()

// decodeBase64 writes to w what text, in base64, holds. It is lenient: white space anywhere, both alphabets, padding
// or none. It streams: its memory does not depend on the length.
func decodeBase64(w io.Writer, text *jsonString) error {
	const chunk = 32 << 10
	var in [chunk]byte
	var clean [chunk + 4]byte
	var out [chunk]byte
	kept, padded := 0, false
	for {
		n, err := text.Read(in[:])
		for _, c := range in[:n] {
			switch m := b64[c]; m {
			case b64Skip:
			case b64Pad:
				padded = true
			case b64Bad:
				return errNotBase64
			default:
				if padded {
					return errNotBase64
				}
				clean[kept] = m
				kept++
			}
		}
		whole := kept &^ 3
		if errors.Is(err, io.EOF) {
			whole = kept
		} else if err != nil {
			return err
		}
		m, decodeErr := base64.RawStdEncoding.Decode(out[:], clean[:whole])
		if decodeErr != nil {
			return errNotBase64
		}
		if _, err := w.Write(out[:m]); err != nil {
			return err
		}
		kept = copy(clean[:], clean[whole:kept])
		if err != nil {
			return nil //nolint:nilerr // the end of the text
		}
	}
}

// jsonString reads the content of a JSON string without ever holding it in memory unescaped.
type jsonString struct {
	rest    []byte
	pending []byte // unescaped, and not read yet
}

// readString returns a reader of raw, a JSON string with its quotes; of anything else there is nothing to read.
func readString(raw t2g.Blob) *jsonString {
	if !raw.IsString() || len(raw) < 2 {
		return &jsonString{}
	}
	return &jsonString{rest: raw[1 : len(raw)-1]}
}

// Read implements io.Reader.
func (s *jsonString) Read(p []byte) (n int, err error) {
	for n < len(p) {
		switch {
		case len(s.pending) > 0:
			m := copy(p[n:], s.pending)
			s.pending = s.pending[m:]
			n += m
		case len(s.rest) == 0:
			if n == 0 {
				return 0, io.EOF
			}
			return n, nil
		case s.rest[0] == '\\':
			s.unescape()
		default:
			n += s.plain(p[n:])
		}
	}
	return n, nil
}

// plain copies what stands before the next escape, as far as there is room: what is behind is not looked at yet.
func (s *jsonString) plain(p []byte) int {
	part := s.rest[:min(len(p), len(s.rest))]
	if i := bytes.IndexByte(part, '\\'); i >= 0 {
		part = part[:i]
	}
	s.rest = s.rest[len(part):]
	return copy(p, part)
}

// unescape reads one escaped character, or a pair of escaped surrogates.
func (s *jsonString) unescape() {
	size := 2
	if len(s.rest) > 1 && s.rest[1] == 'u' {
		size = 6
		if len(s.rest) >= 12 && s.rest[6] == '\\' && s.rest[7] == 'u' {
			size = 12
		}
	}
	size = min(size, len(s.rest))
	var text string
	quoted := append(append([]byte{'"'}, s.rest[:size]...), '"')
	if json.Unmarshal(quoted, &text) == nil { // it is part of valid JSON
		s.pending = []byte(text)
	}
	s.rest = s.rest[size:]
}
