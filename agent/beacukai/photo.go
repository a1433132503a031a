package beacukai

import (
	"errors"
	"io"
	"os"

	"kurir/agent/transport"
)

// errChanged is a photo that is no longer the one that was announced.
var errChanged error = transport.Say("file_changed", "the file has changed since it was taken up")

// photo is an image being streamed.
type photo struct {
	image Image
	file  *os.File
	left  int64
}

// openPhoto opens the file without following a symbolic link and checks that it is the one announced.
func openPhoto(image Image) (*photo, error) {
	before, err := os.Lstat(image.Path)
	if err != nil {
		return nil, err
	}
	if !before.Mode().IsRegular() {
		return nil, transport.Say("file_irregular", "%s: not a regular file", image.Path)
	}
	file, err := openFile(image.Path)
	if err != nil {
		return nil, err
	}
	p := &photo{image: image, file: file, left: image.Size}
	opened, err := p.check()
	if err == nil && !os.SameFile(before, opened) {
		err = transport.Say("because", "%v: %v", image.Path, errChanged)
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return p, nil
}

// check compares the open file with what was announced.
func (p *photo) check() (os.FileInfo, error) {
	fi, err := p.file.Stat()
	switch {
	case err != nil:
		return nil, err
	case !fi.Mode().IsRegular():
		return nil, transport.Say("file_irregular", "%s: not a regular file", p.image.Path)
	case fi.Size() != p.image.Size:
		return nil, transport.Say("file_size", "%s: %v: %d bytes instead of %d", p.image.Path, errChanged, fi.Size(), p.image.Size)
	case !p.image.ModTime.IsZero() && !fi.ModTime().Equal(p.image.ModTime):
		return nil, transport.Say("file_written", "%s: %v: written at %v", p.image.Path, errChanged, fi.ModTime())
	}
	return fi, nil
}

// read reads on; io.EOF after the announced size.
func (p *photo) read(b []byte) (int, error) {
	if p.left == 0 {
		return 0, io.EOF
	}
	if int64(len(b)) > p.left {
		b = b[:p.left]
	}
	n, err := p.file.Read(b)
	p.left -= int64(n)
	if err == io.EOF && p.left > 0 {
		return n, transport.Say("file_short", "%s: %v: it ends %d bytes too early", p.image.Path, errChanged, p.left)
	}
	if err == io.EOF {
		err = nil // the next call says so
	}
	return n, err
}

// finish checks the file once more and closes it.
func (p *photo) finish() error {
	_, err := p.check()
	return errors.Join(err, p.close())
}

func (p *photo) close() error { return p.file.Close() }
