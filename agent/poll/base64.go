package poll

import (
	"bytes"
	"encoding/base64"
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
func decodeBase64(w io.Writer, text io.Reader) error {
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

// readString returns a reader of raw, a JSON string; of anything else there is nothing to read.
func readString(raw t2g.Blob) io.Reader {
	if !raw.IsString() {
		return bytes.NewReader(nil)
	}
	return raw.Reader()
}
