package poll

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"kurir/agent/reason"
)

// Parts of a workbook as a program writes them that uses no library.
const (
	rootRels = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" ` +
		`Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`
	bookRels = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet2.xml"/>` +
		`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="/xl/worksheets/sheet1.xml"/>` +
		`<Relationship Id="rId3" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/></Relationships>`
	bookXML = `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">` +
		`<sheets><sheet name="A" sheetId="1" r:id="rId1"/><sheet name="B" sheetId="2" r:id="rId2"/></sheets></workbook>`
	sharedXML = `<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" count="3"><si><t>car</t></si><si><t>` + car1 + `</t></si>` +
		`<si><r><t>` + "300000A1B2C32025" + `</t></r><r><rPr/><t xml:space="preserve">1130000001</t></r><rPh sb="0" eb="1"><t>kana</t></rPh></si></sst>`
	sheetXML = `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cols/><sheetData>` +
		`<row r="1"><c r="A1" t="s"><v>0</v></c></row>` +
		`<row r="2"><c r="A2" t="s"><v>1</v></c></row>` +
		`<row r="4"><c r="A4" t="s"><v>2</v></c></row>` +
		`<row r="5"><c r="A5" t="inlineStr"><is><t>` + car3 + `</t></is></c></row>` +
		`</sheetData><controls><anchor><row>7</row></anchor></controls></worksheet>`
)

// rawBook returns the workbook of these parts, with others in their place or beside them: "" leaves one out.
func rawBook(t *testing.T, edits map[string]string) []byte {
	t.Helper()
	parts := map[string]string{
		"_rels/.rels": rootRels, "xl/_rels/workbook.xml.rels": bookRels, "xl/workbook.xml": bookXML,
		"xl/sharedStrings.xml": sharedXML, "xl/worksheets/sheet1.xml": sheetXML, "xl/worksheets/sheet2.xml": "<worksheet/>",
	}
	for name, content := range edits {
		parts[name] = content
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, content := range parts {
		if content == "" {
			continue
		}
		part, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sheetWith is the sheet with something else in place of a piece of it.
func sheetWith(old, replacement string) map[string]string {
	return map[string]string{"xl/worksheets/sheet1.xml": strings.Replace(sheetXML, old, replacement, 1)}
}

const rawWant = "2 " + car1 + "\n4 " + car2 + "\n5 " + car3

// Workbooks that are valid, in all the ways of writing one, are read.
func TestParseListBooks(t *testing.T) {
	utf16 := func(text, encoding string) string { return string(encodings(text)[encoding]) }
	wide := `<?xml version="1.0" encoding="UTF-16"?>` + sheetXML
	prefixed := strings.Replace(regexp.MustCompile(`<(/?)([a-z])`).ReplaceAllString(sheetXML, "<${1}x:$2"), "xmlns=", "xmlns:x=", 1)
	tests := map[string]struct {
		edits map[string]string
		want  string
	}{
		"plain":               {nil, rawWant},
		"declared":            {sheetWith("<worksheet", `<?xml version="1.0" encoding="utf-8" standalone="yes"?>`+"\r\n<worksheet"), rawWant},
		"byte order mark":     {sheetWith("<worksheet", "\ufeff<worksheet"), rawWant},
		"document type":       {sheetWith("<worksheet", "<!DOCTYPE worksheet><worksheet"), rawWant},
		"Latin-1":             {sheetWith("<worksheet", `<?xml version="1.0" encoding="ISO-8859-1"?><!-- `+"\xe9"+` --><worksheet`), rawWant},
		"UTF-16LE":            {map[string]string{"xl/worksheets/sheet1.xml": utf16(wide, "UTF-16LE with BOM")}, rawWant},
		"UTF-16BE, no mark":   {map[string]string{"xl/worksheets/sheet1.xml": utf16(wide, "UTF-16BE without BOM")}, rawWant},
		"prefix":              {map[string]string{"xl/worksheets/sheet1.xml": prefixed}, rawWant},
		"names of a prefix":   {sheetWith(`<row r="2">`, `<row xmlns:r="http://r" r="2">`), rawWant},
		"other case":          {map[string]string{"xl/sharedStrings.xml": "", "xl/SharedStrings.xml": sharedXML}, rawWant},
		"other sheet broken":  {map[string]string{"xl/worksheets/sheet2.xml": "<worksheet><&"}, rawWant},
		"no relation":         {map[string]string{"xl/_rels/workbook.xml.rels": strings.Replace(bookRels, "/sharedStrings", "/other", 1)}, rawWant},
		"no places":           {sheetWith(sheetXML, strings.NewReplacer(` r="1"`, "", ` r="2"`, "", ` r="5"`, "", ` r="A2"`, "", ` r="A5"`, "").Replace(sheetXML)), rawWant},
		"columns in disorder": {sheetWith(`<c r="A2" t="s"><v>1</v></c>`, `<c r="B2"><v>7</v></c><c r="A2" t="s"><v>1</v></c>`), rawWant},
		"far column":          {sheetWith(`</row><row r="4">`, `<c r="XFD2" t="s"><v>0</v></c></row><row r="4">`), rawWant},
		"escape":              {sheetWith(`<is><t>`+car3, `<is><t>`+car3+`_x000D_`), rawWant},
		"an error cell":       {sheetWith(`<c r="A5" t="inlineStr">`, `<c r="A5" t="e"><v>#N/A</v></c></row><row r="6"><c r="A6" t="inlineStr">`), "2 " + car1 + "\n4 " + car2 + "\n5 !character\n6 " + car3},
		"not calculated":      {sheetWith(`<c r="A5" t="inlineStr">`, `<c r="A5"><f>A4</f><v/></c></row><row r="6"><c r="A6" t="inlineStr">`), "2 " + car1 + "\n4 " + car2 + "\n5 !empty\n6 " + car3},
		"calculated":          {sheetWith(`<c r="A5" t="inlineStr">`, `<c r="A5" t="str"><f>A4</f><v></v></c></row><row r="6"><c r="A6" t="inlineStr">`), "2 " + car1 + "\n4 " + car2 + "\n6 " + car3},
		"a rounded number":    {sheetWith(`<c r="A5" t="inlineStr">`, `<c r="A5"><v>12345678901234567000000000</v></c></row><row r="6"><c r="A6" t="inlineStr">`), "2 " + car1 + "\n4 " + car2 + "\n5 !scientific\n6 " + car3},
		"the same as text":    {sheetWith(car3, "12345678901234567000000000"), "2 " + car1 + "\n4 " + car2 + "\n5 12345678901234567000000000"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := parseBytes(t, "a.xlsx", rawBook(t, tt.edits))
			if err != nil || brief(got) != tt.want {
				t.Errorf("got %s, %v\nwant %s", brief(got), err, tt.want)
			}
		})
	}
}

// A workbook with a damage in any place that is read is refused as a whole: no number is lost behind it.
func TestParseListDamagedBooks(t *testing.T) {
	shared := func(old, replacement string) map[string]string {
		return map[string]string{"xl/sharedStrings.xml": strings.Replace(sharedXML, old, replacement, 1)}
	}
	before := func(piece, more string) map[string]string { return sheetWith(piece, more+piece) }
	cut := func(content, at string) string { return content[:strings.Index(content, at)] }
	tests := map[string]map[string]string{
		"ampersand":              before(`<row r="4">`, `<row r="3"><c r="A3" t="str"><v>PT A & B</v></c></row>`),
		"control character":      before(`<row r="4">`, "\x01"),
		"no UTF-8":               before(`<row r="4">`, "\xe9"),
		"wrong end":              sheetWith("</row>", "</roww>"),
		"breaks off":             {"xl/worksheets/sheet1.xml": cut(sheetXML, `<row r="4">`)},
		"breaks off in a cell":   {"xl/worksheets/sheet1.xml": cut(sheetXML, "<v>2")},
		"broken behind the data": sheetWith("</controls>", "</control>"),
		"no such string":         sheetWith("<v>2</v>", "<v>3</v>"),
		"negative string":        sheetWith("<v>2</v>", "<v>-1</v>"),
		"string by no number":    sheetWith("<v>2</v>", "<v>2x</v>"),
		"no strings":             {"xl/sharedStrings.xml": ""},
		"strings: ampersand":     shared("kana", "k&na"),
		"strings break off":      {"xl/sharedStrings.xml": cut(sharedXML, "<rPh")},
		"rows in disorder":       sheetWith(`<row r="4">`, `<row r="2">`),
		"row of no number":       sheetWith(`<row r="4">`, `<row r="x">`),
		"row too far":            sheetWith(`<row r="4">`, `<row r="1048577">`),
		"row in a row":           before("</row>", `<row r="2"/>`),
		"row in a cell":          sheetWith("<v>2</v>", `<v>2</v><row r="5"/>`),
		"cell without a row":     before(`<row r="4">`, `<c t="inlineStr"><is><t>`+car3+`</t></is></c>`),
		"cell twice":             sheetWith(`<c r="A4"`, `<c r="A4"><v>1</v></c><c r="A4"`),
		"cell of no name":        sheetWith(`<c r="A4"`, `<c r="?4"`),
		"too deep":               before("</worksheet>", strings.Repeat("<a>", 300)+strings.Repeat("</a>", 300)),
		"tag too long":           before("</worksheet>", "<a b='"+strings.Repeat("x", 3<<20)+"'/>"),
		"no sheet":               {"xl/worksheets/sheet1.xml": ""},
		"sheet of no relation":   {"xl/workbook.xml": strings.Replace(bookXML, `"rId1"`, `"rId9"`, 1)},
		"workbook: ampersand":    {"xl/workbook.xml": strings.Replace(bookXML, `"B"`, `"A&B"`, 1)},
		"no workbook":            {"xl/workbook.xml": ""},
		"relations break off":    {"xl/_rels/workbook.xml.rels": cut(bookRels, "</Relationships>")},
		"no relations":           {"_rels/.rels": ""},
		"relation of no book":    {"_rels/.rels": strings.Replace(rootRels, "/officeDocument\"", "/other\"", 1)},
		"the sheet twice":        {`xl\worksheets\sheet1.xml`: sheetXML},
	}
	for name, edits := range tests {
		t.Run(name, func(t *testing.T) { refusedBook(t, rawBook(t, edits)) })
	}
	for piece, want := range map[string]string{`<row r="4">`: "row 2: invalid character entity &", "<v>2": "row 4: invalid", "<controls>": "sheet1.xml: invalid"} {
		_, err := parseBytes(t, "a.xlsx", rawBook(t, before(piece, "&")))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("before %s: %v, want %s", piece, err, want)
		}
	}
	t.Run("wrong sum", func(t *testing.T) {
		refusedBook(t, bytes.Replace(rawBook(t, nil), []byte("<t>"+car1), []byte("<t>"+car3), 1))
	})
}

func refusedBook(t *testing.T, content []byte) {
	t.Helper()
	got, err := parseBytes(t, "a.xlsx", content)
	var invalid *ListError
	if !errors.As(err, &invalid) || invalid.Why != reason.ListWorkbook || invalid.Incomplete {
		t.Errorf("got %s, %v", brief(got), err)
	}
}

// A large workbook is read without temporary files: where they lie, the disk may be full.
func TestParseListBookWithoutTemporaryFiles(t *testing.T) {
	const total = 250_000
	var sheet, shared strings.Builder
	for i := range total {
		fmt.Fprintf(&shared, "<si><t>%s</t></si>", number(i))
		fmt.Fprintf(&sheet, `<row><c t="s"><v>%d</v></c></row>`, i)
	}
	content := rawBook(t, map[string]string{
		"xl/sharedStrings.xml":     `<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">` + shared.String() + "</sst>",
		"xl/worksheets/sheet1.xml": "<worksheet><sheetData>" + sheet.String() + "</sheetData></worksheet>",
	})
	temporary := t.TempDir()
	for _, name := range []string{"TMPDIR", "TMP", "TEMP"} {
		t.Setenv(name, temporary)
	}
	n := 0
	err := parseListFile(context.Background(), bytes.NewReader(content), "a.xlsx", func(e Entry) error {
		if e.CAR != number(n) {
			return fmt.Errorf("entry %d is %+v", n, e)
		}
		if n++; n%(total/5) == 0 && len(files(t, temporary)) != 0 {
			return fmt.Errorf("files %v", files(t, temporary))
		}
		return nil
	})
	if err != nil || n != total {
		t.Errorf("%d entries, %v", n, err)
	}
}

// A disk that fails, and the end of the context, are no faults of the workbook.
func TestParseListBookUnread(t *testing.T) {
	content := workbook(t, excelize.Options{}, []any{car1})
	err := parseListFile(context.Background(), failingFile{bytes.NewReader(content), int64(len(content) / 2)}, "a.xlsx", func(Entry) error { return nil })
	var invalid *ListError
	if !errors.Is(err, fs.ErrPermission) || errors.As(err, &invalid) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err = parseListFile(ctx, bytes.NewReader(content), "a.xlsx", func(Entry) error { return nil })
	if !errors.Is(err, context.Canceled) || errors.As(err, &invalid) {
		t.Errorf("cancelled: got %v", err)
	}
}

// failingFile cannot be read before an offset, other than its beginning.
type failingFile struct {
	*bytes.Reader
	until int64
}

// ReadAt implements io.ReaderAt.
func (f failingFile) ReadAt(b []byte, off int64) (int, error) {
	if off > 0 && off < f.until {
		return 0, &fs.PathError{Op: "read", Path: "a.xlsx", Err: fs.ErrPermission}
	}
	return f.Reader.ReadAt(b, off)
}
