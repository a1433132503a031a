package transport

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
)

// growTo is how far the memory of an answer grows that does not say how long it is. What comes after that goes through a
// file, and its whole length is known before it is read into memory: an answer with a PDF of 100 MiB would otherwise be
// copied again and again while it grows, and be there two or three times at once.
const growTo = 4 << 20

// readAnswer reads the body of resp, at most limit bytes of it. With an error it returns what had come so far.
func (c *Client) readAnswer(resp *http.Response, limit int64, w *watch) ([]byte, error) {
	body := &steppedReader{resp.Body, w}
	if n := resp.ContentLength; n > limit {
		return nil, &tooLongError{limit}
	} else if n >= 0 {
		return readInto(make([]byte, 0, n+1), body, limit) // one more, to see the end without growing
	}
	begin, err := readInto(make([]byte, 0, 512), io.LimitReader(body, min(limit, growTo)+1), limit)
	if err != nil || len(begin) <= growTo {
		return begin, err
	}
	f, err := newSpool(c.spool)
	if err != nil {
		return readInto(begin, body, limit) // there is no room for a file: the memory has to do
	}
	defer f.Close()
	return f.readRest(begin, body, limit)
}

// readInto appends what comes from body to buf, whose memory grows as needed.
func readInto(buf []byte, body io.Reader, limit int64) ([]byte, error) {
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case int64(len(buf)) > limit:
			return buf[:limit], &tooLongError{limit}
		case errors.Is(err, io.EOF):
			return buf, nil
		case err != nil:
			return buf, err
		}
	}
}

// spool is a file that nobody else sees and that is gone when it is closed.
type spool struct{ *os.File }

// spoolName is how such a file is called while it has a name: where it loses it at once, that is for a moment. A process
// that is killed in it leaves the file, which a new Client of the same folder sweeps away.
const spoolName = ".answer.*.tmp"

func newSpool(folder string) (spool, error) {
	f, err := os.CreateTemp(folder, spoolName) // readable by its owner alone
	if err != nil {
		return spool{}, err
	}
	_ = os.Remove(f.Name()) // where a file in use can be removed, it is gone even if the process dies
	return spool{f}, nil
}

// readRest reads what follows begin into the file, and then both into memory of the right size.
func (s spool) readRest(begin []byte, body io.Reader, limit int64) ([]byte, error) {
	chunk := make([]byte, 256<<10)
	size := int64(0)
	for {
		n, err := body.Read(chunk)
		m, full := s.WriteAt(chunk[:n], size)
		size += int64(m)
		if full != nil { // what did not fit goes the other way
			whole, lost := s.join(begin, size)
			if lost != nil {
				return whole, lost
			}
			return readInto(whole, io.MultiReader(bytes.NewReader(chunk[m:n]), failing{err}, body), limit)
		}
		if most := limit - int64(len(begin)); size > most {
			size, err = most, &tooLongError{limit}
		}
		if err != nil {
			whole, lost := s.join(begin, size)
			if lost == nil && !errors.Is(err, io.EOF) {
				lost = err
			}
			return whole, lost
		}
	}
}

// join returns begin and what is in the file up to size.
func (s spool) join(begin []byte, size int64) ([]byte, error) {
	whole := make([]byte, int64(len(begin))+size)
	copy(whole, begin)
	n, err := io.ReadFull(io.NewSectionReader(s, 0, size), whole[len(begin):])
	if err != nil {
		return whole[:len(begin)+n], Say("read_again", "read a long answer again: %v", err)
	}
	return whole, nil
}

// failing is a reader that has nothing but an error, if any.
type failing struct{ err error }

// Read implements io.Reader.
func (f failing) Read([]byte) (int, error) {
	if f.err == nil {
		return 0, io.EOF
	}
	return 0, f.err
}

// Close implements io.Closer.
func (s spool) Close() error {
	err := s.File.Close()
	_ = os.Remove(s.Name()) // where one in use cannot be removed
	return err
}

// steppedReader tells w of progress.
type steppedReader struct {
	r io.Reader
	w *watch
}

// Read implements io.Reader.
func (s *steppedReader) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if n > 0 {
		s.w.progress()
	}
	return n, err
}

// tooLongError is an answer that exceeds its limit.
type tooLongError struct{ limit int64 }

func (e *tooLongError) Error() string {
	return e.words().Error()
}

// Parts implements what Words.Parts does.
func (e *tooLongError) Parts() (string, []any) { return e.words().Parts() }

func (e *tooLongError) words() *Words {
	return Say("answer_long", "the answer is longer than the %d bytes allowed", e.limit)
}
