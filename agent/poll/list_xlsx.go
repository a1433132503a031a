package poll

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"

	"kurir/agent/reason"
)

// maxUnpacked bounds a workbook once it is unpacked. A sheet of a million numbers has about 100 MB.
const maxUnpacked = 256 << 20

// oleMagic begins the container of old and of encrypted workbooks.
var oleMagic = []byte{0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1}

// parseXLSX reads the first sheet of a workbook, row by row.
func parseXLSX(r listFile, size int64, v *visitor) error {
	archive, err := checkWorkbook(r, size)
	if err != nil {
		return err
	}
	b, err := openBook(v.ctx, archive)
	if err != nil {
		return err
	}
	sheet, shared, err := b.firstSheet()
	if err != nil {
		return err
	}
	texts, err := b.sharedStrings(shared)
	if err != nil {
		return err
	}
	reader := &sheetReader{book: b, rows: &rowReader{v: v}, shared: texts}
	return b.walk(sheet, reader.visit)
}

// checkWorkbook opens the archive that a workbook is, and refuses what is none, is locked, or unpacks to too much.
func checkWorkbook(r io.ReaderAt, size int64) (*zip.Reader, error) {
	head := make([]byte, min(size, 64<<10))
	if _, err := r.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read list: %w", err)
	}
	if bytes.HasPrefix(head, oleMagic) {
		return nil, oldWorkbook(r, size)
	}
	archive, err := zip.NewReader(r, size)
	if err != nil {
		cut := bytes.HasPrefix(head, []byte("PK"))
		return nil, &ListError{Why: reason.ListWorkbook, detail: printable(err.Error()), err: err, Incomplete: cut}
	}
	var unpacked uint64
	for _, part := range archive.File {
		if unpacked += part.UncompressedSize64; part.UncompressedSize64 > maxUnpacked || unpacked > maxUnpacked {
			return nil, &ListError{Why: reason.ListBomb}
		}
	}
	return archive, nil
}

// oldWorkbook tells an encrypted workbook from one in the format before 2007: both lie in the same kind of container.
func oldWorkbook(r io.ReaderAt, size int64) error {
	name := []byte("E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00")
	buf := make([]byte, 64<<10)
	for off := int64(0); off < size; off += int64(len(buf) - len(name)) {
		n, err := r.ReadAt(buf, off)
		if bytes.Contains(buf[:n], name) {
			return &ListError{Why: reason.ListEncrypted}
		}
		if err != nil {
			break
		}
	}
	return &ListError{Why: reason.ListOldExcel}
}
