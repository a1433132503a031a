package poll

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"testing"

	"github.com/xuri/excelize/v2"
)

// workbook returns a workbook with rows on its first sheet.
func workbook(t *testing.T, opts excelize.Options, rows ...[]any) []byte {
	t.Helper()
	f := excelize.NewFile()
	for i, row := range rows {
		if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.NewSheet("Other"); err != nil {
		t.Fatal(err)
	}
	if err := f.SetCellStr("Other", "A1", "not the first sheet"); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.Write(&b, opts); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestParseListXLSX(t *testing.T) {
	content := workbook(t, excelize.Options{},
		[]any{"No", "Nomor Aju", "kode_dokumen"}, []any{}, []any{1, car1, 30}, []any{2, 5.08e25, "30"}, []any{"# no"}, []any{3, car2})
	got, err := parseBytes(t, "a.xlsx", content)
	if want := "3 " + car1 + " 30\n4 !scientific\n6 " + car2; err != nil || brief(got) != want {
		t.Errorf("got %s, %v\nwant %s", brief(got), err, want)
	}
	got, err = parseBytes(t, "a.xlsx", workbook(t, excelize.Options{}, []any{car1}, []any{508000000002}))
	if want := "1 " + car1 + "\n2 !zeros_lost"; err != nil || brief(got) != want {
		t.Errorf("no header: got %s, %v\nwant %s", brief(got), err, want)
	}
}

// bomb returns a small workbook that unpacks to more than is allowed.
func bomb(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	part, err := w.Create("xl/worksheets/sheet1.xml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(part, zeros{}, maxUnpacked+1); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
