package outbox

import (
	"bytes"
	"errors"
	"io"
	"os"
)

// Read returns what a file holds. It is os.ReadFile for files that others use: on Windows one that is being replaced
// or scanned can be held for a moment, which is waited out for a bounded time.
func Read(path string) (data []byte, err error) {
	err = retryBusy(func() error {
		data, err = os.ReadFile(path)
		return err
	})
	return data, err
}

// open is os.Open with the same patience.
func open(path string) (f *os.File, err error) {
	err = retryBusy(func() error {
		f, err = os.Open(path)
		return err
	})
	return f, err
}

// SameContent says whether two files have the same bytes.
func SameContent(a, b string) (bool, error) {
	fa, err := open(a)
	if err != nil {
		return false, err
	}
	defer fa.Close()
	fb, err := open(b)
	if err != nil {
		return false, err
	}
	defer fb.Close()
	infoA, err := fa.Stat()
	if err != nil {
		return false, err
	}
	infoB, err := fb.Stat()
	if err != nil {
		return false, err
	}
	if infoA.Size() != infoB.Size() {
		return false, nil
	}
	return sameBytes(fa, fb)
}

func sameBytes(a, b io.Reader) (bool, error) {
	const size = 64 << 10
	bufA, bufB := make([]byte, size), make([]byte, size)
	for {
		nA, endA, err := fill(a, bufA)
		if err != nil {
			return false, err
		}
		nB, endB, err := fill(b, bufB)
		if err != nil {
			return false, err
		}
		if endA != endB || !bytes.Equal(bufA[:nA], bufB[:nB]) {
			return false, nil
		}
		if endA {
			return true, nil
		}
	}
}

// fill reads until buf is full or, at the end of r, is not.
func fill(r io.Reader, buf []byte) (n int, end bool, err error) {
	n, err = io.ReadFull(r, buf)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return n, true, nil
	}
	return n, false, err
}
