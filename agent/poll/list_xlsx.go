package poll

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/xuri/excelize/v2"

	"kurir/agent/reason"
)

// Limits of a workbook once it is unpacked. A sheet of a million numbers has about 100 MB.
const (
	maxUnpacked   = 256 << 20
	maxInMemory   = 8 << 20 // a part that is larger is unpacked to the folder of temporary files
	maxSheetWidth = 256     // columns that are looked at
)

// oleMagic begins the container of old and of encrypted workbooks.
var oleMagic = []byte{0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1}

// parseXLSX reads the first sheet of a workbook, row by row.
func parseXLSX(r listFile, size int64, v *visitor) (err error) {
	if err := checkWorkbook(r, size); err != nil {
		return err
	}
	defer func() {
		if p := recover(); p != nil { // the library meets what no Excel has written
			err = &ListError{Why: reason.ListWorkbook, detail: printable(fmt.Sprint(p))}
		}
	}()
	book, err := excelize.OpenReader(r, excelize.Options{
		UnzipSizeLimit: maxUnpacked, UnzipXMLSizeLimit: maxInMemory, RawCellValue: true,
	})
	if err != nil {
		return &ListError{Why: reason.ListWorkbook, detail: printable(err.Error()), err: err}
	}
	defer book.Close()
	sheets := book.GetSheetList()
	if len(sheets) == 0 {
		return &ListError{Why: reason.ListNoSheet}
	}
	return readSheet(book, sheets[0], v)
}

func readSheet(book *excelize.File, sheet string, v *visitor) error {
	rows, err := book.Rows(sheet)
	if err != nil {
		return &ListError{Why: reason.ListWorkbook, detail: printable(err.Error()), err: err}
	}
	defer rows.Close()
	reader := &rowReader{v: v, sheet: true}
	for number := 1; rows.Next(); number++ {
		fields, err := rows.Columns()
		if err != nil {
			return &ListError{Why: reason.ListWorkbook, detail: printable(err.Error()), err: err}
		}
		if err := v.ctx.Err(); err != nil {
			return err
		}
		if err := reader.row(number, fields[:min(len(fields), maxSheetWidth)]); err != nil {
			return err
		}
	}
	if err := rows.Error(); err != nil {
		return &ListError{Why: reason.ListWorkbook, detail: printable(err.Error()), err: err}
	}
	return nil
}

// checkWorkbook looks at the file before it is unpacked: what is not a workbook, is locked, or unpacks to too much.
func checkWorkbook(r io.ReaderAt, size int64) error {
	head := make([]byte, min(size, 64<<10))
	if _, err := r.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read list: %w", err)
	}
	if bytes.HasPrefix(head, oleMagic) {
		return oldWorkbook(r, size)
	}
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return &ListError{Why: reason.ListWorkbook, detail: printable(err.Error()), err: err, Incomplete: bytes.HasPrefix(head, []byte("PK"))}
	}
	var unpacked uint64
	for _, part := range archive.File {
		if unpacked += part.UncompressedSize64; part.UncompressedSize64 > maxUnpacked || unpacked > maxUnpacked {
			return &ListError{Why: reason.ListBomb}
		}
	}
	return nil
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
