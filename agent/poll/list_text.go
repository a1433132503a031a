package poll

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"kurir/agent/reason"
)

// sampleBytes is how much of a text is looked at to find out what it is.
const sampleBytes = 64 << 10

// line is one line of a text without its end.
type line struct {
	number int
	text   string // UTF-8; of a line that is too long only the beginning
	length int    // bytes, of the whole line
}

func (l line) tooLong() bool { return l.length > maxLine }

// lineReader reads a text line by line, whatever its encoding: lines end in LF, CR LF or CR.
type lineReader struct {
	r      *bufio.Reader
	buf    []byte
	number int
}

// newLineReader finds out r's encoding. It returns a *ListError when r is no text.
func newLineReader(r io.Reader) (*lineReader, error) {
	br, err := decodedReader(r)
	if err != nil {
		return nil, err
	}
	return &lineReader{r: br, buf: make([]byte, 0, 512)}, nil
}

// decodedReader returns r without byte order mark, as UTF-8 if it was UTF-16, else as it is.
func decodedReader(r io.Reader) (*bufio.Reader, error) {
	br := bufio.NewReaderSize(r, sampleBytes)
	sample, err := br.Peek(sampleBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(sample, []byte{0xef, 0xbb, 0xbf}):
		_, err = br.Discard(3)
		sample = sample[3:]
	case bytes.HasPrefix(sample, []byte{0xff, 0xfe}), looksUTF16(sample, 1):
		return fromUTF16(br, unicode.LittleEndian)
	case bytes.HasPrefix(sample, []byte{0xfe, 0xff}), looksUTF16(sample, 0):
		return fromUTF16(br, unicode.BigEndian)
	default:
		err = nil
	}
	if err == nil && looksBinary(sample) {
		err = &ListError{Why: reason.ListBinary}
	}
	return br, err
}

// fromUTF16 returns r as UTF-8, without its mark.
func fromUTF16(r io.Reader, e unicode.Endianness) (*bufio.Reader, error) {
	dec := unicode.UTF16(e, unicode.UseBOM).NewDecoder() // the mark decides; e where there is none
	br := bufio.NewReaderSize(transform.NewReader(r, dec), sampleBytes)
	sample, err := br.Peek(sampleBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if looksBinary(sample) {
		return nil, &ListError{Why: reason.ListBinary}
	}
	return br, nil
}

// looksUTF16 reports whether sample is UTF-16 without a mark: of ASCII text every second byte is zero, the first or
// the second of each pair.
func looksUTF16(sample []byte, zeroAt int) bool {
	zeros, others := 0, 0
	for i := 0; i+1 < len(sample); i += 2 {
		if sample[i+zeroAt] == 0 {
			zeros++
		}
		if sample[i+1-zeroAt] == 0 {
			others++
		}
	}
	return others == 0 && zeros > 0 && zeros*2 > len(sample)/2
}

// looksBinary reports whether sample holds what no text holds: zero bytes, or many control characters.
func looksBinary(sample []byte) bool {
	controls := 0
	for _, c := range sample {
		switch {
		case c == 0:
			return true
		case c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != 0x1a:
			controls++
		}
	}
	return controls > 4 && controls*20 > len(sample)
}

// sample returns the complete lines at the beginning, without consuming them.
func (lr *lineReader) sample() ([]string, error) {
	peek, err := lr.r.Peek(sampleBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	whole := err != nil
	inner := &lineReader{r: bufio.NewReader(bytes.NewReader(peek))}
	var lines []string
	for {
		l, err := inner.next()
		if err != nil {
			return lines, nil //nolint:nilerr // the end of the sample
		}
		if whole || inner.r.Buffered() > 0 || len(lines) == 0 {
			lines = append(lines, l.text)
		}
	}
}

// next returns the next line, or io.EOF behind the last. Bytes that are no UTF-8 are read as Windows-1252.
func (lr *lineReader) next() (line, error) {
	lr.buf = lr.buf[:0]
	length := 0
	for {
		c, err := lr.r.ReadByte()
		if err != nil {
			if length > 0 && errors.Is(err, io.EOF) {
				return lr.line(length), nil
			}
			return line{}, err
		}
		if c == '\n' || c == '\r' {
			if c == '\r' {
				lr.skipLF()
			}
			return lr.line(length), nil
		}
		length++
		if length <= maxLine {
			lr.buf = append(lr.buf, c)
		}
	}
}

func (lr *lineReader) skipLF() {
	if b, err := lr.r.Peek(1); err == nil && b[0] == '\n' {
		_, _ = lr.r.Discard(1) // the byte just seen
	}
}

func (lr *lineReader) line(length int) line {
	lr.number++
	text := string(lr.buf)
	if length > maxLine {
		text = string(lr.buf[:4*maxValue])
	}
	if !utf8.ValidString(text) && length <= maxLine {
		if s, err := charmap.Windows1252.NewDecoder().String(text); err == nil {
			text = s
		}
	}
	return line{number: lr.number, text: text, length: length}
}
