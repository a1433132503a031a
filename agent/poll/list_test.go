package poll

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"

	"kurir/agent/reason"
)

const (
	car1 = "05080000000220240228000822"
	car2 = "300000A1B2C320251130000001"
	car3 = "00002000000020260101000003"
)

// parseBytes parses content as a list of that name.
func parseBytes(t *testing.T, name string, content []byte) ([]Entry, error) {
	t.Helper()
	var got []Entry
	err := parseListFile(context.Background(), bytes.NewReader(content), name, func(e Entry) error {
		got = append(got, e)
		return nil
	})
	return got, err
}

// brief writes entries as "line car kode" or "line !why".
func brief(entries []Entry) string {
	var b strings.Builder
	for _, e := range entries {
		switch {
		case e.Why != "":
			fmt.Fprintf(&b, "%d !%s\n", e.Line, e.Why)
		default:
			fmt.Fprintf(&b, "%d %s %s\n", e.Line, e.CAR, e.Kode)
		}
	}
	return strings.TrimSpace(strings.ReplaceAll(b.String(), " \n", "\n"))
}

func TestParseListText(t *testing.T) {
	tests := map[string]struct{ name, content, want string }{
		"one a line":        {"a.txt", car1 + "\n" + car2 + "\n", "1 " + car1 + "\n2 " + car2},
		"no end of line":    {"a.txt", car1, "1 " + car1},
		"CR LF and CR":      {"a.txt", car1 + "\r\n" + car2 + "\r" + car3, "1 " + car1 + "\n2 " + car2 + "\n3 " + car3},
		"blanks, comments":  {"a.txt", "\n# from the ERP\n  \n" + car1 + "\n #\n", "4 " + car1},
		"separators inside": {"a.txt", "050800-000002-20240228-000822\n0508 0000.0002 2024\u00a00228\u2013000822\n", "1 " + car1 + "\n2 " + car1},
		"the end by DOS":    {"a.txt", car1 + "\r\n" + car2 + "\x1a", "1 " + car1 + "\n2 " + car2},
		"and on its own":    {"a.csv", "car;kode_dokumen\r\n" + car1 + ";30\r\n\x1a", "2 " + car1 + " 30"},
		"case is kept":      {"a.txt", strings.ToLower(car2), "1 " + strings.ToLower(car2)},
		"text marks":        {"a.txt", "'" + car1 + "\n=\"" + car2 + "\"\n\u2019" + car3, "1 " + car1 + "\n2 " + car2 + "\n3 " + car3},
		"header comma":      {"a.csv", "no,Nomor Aju,KODE_DOKUMEN\n1," + car1 + ",20\n2," + car2 + ",\n", "2 " + car1 + " 20\n3 " + car2},
		"header semicolon":  {"a.csv", "\"CAR\";kode_dokumen\n\"" + car1 + "\";\"30\"\n", "2 " + car1 + " 30"},
		"header bar":        {"a.csv", "kode_dokumen|aju\n30|" + car1 + "\n", "2 " + car1 + " 30"},
		"header tab":        {"a.tsv", "nomor_aju\tnama\n" + car1 + "\tPT A, B; C\n", "2 " + car1},
		"header after rest": {"a.csv", "# list\n\ncar\n" + car1 + "\n", "4 " + car1},
		"no header":         {"a.csv", car1 + ";20\n" + car2 + ";30\n", "1 " + car1 + "\n2 " + car2},
		"no header, comma":  {"a.csv", car1 + ",a;b\n" + car2 + ",c;d\n", "1 " + car1 + "\n2 " + car2},
		"declared":          {"a.csv", "sep=|\ncar|x\n" + car1 + "|1;2\n", "3 " + car1},
		"quoted separator":  {"a.csv", "nama,car\n\"PT A, Tbk\"," + car1 + "\n", "2 " + car1},
		"quoted quotes":     {"a.csv", "nama,car\n\"PT \"\"A\"\", Tbk\"," + car1 + "\n", "2 " + car1},
		"quoted lines":      {"a.csv", "nama,car\n\"PT A\nJakarta\"," + car1 + "\nB," + car2, "2 " + car1 + "\n4 " + car2},
		"quote without end": {"a.csv", "nama,car\n\"PT A," + car1 + "\nB," + car2 + "\n", "2 " + car1 + "\n3 " + car2},
		"quote, then more":  {"a.csv", "nama,car\n\"PT A," + car1 + "\n\"B\" x," + car2 + "\n", "2 " + car1 + "\n3 " + car2},
		"open quote hides":  {"a.csv", "car;nama\n" + car1 + ";\"PT ABC\n" + car2 + ";PT DEF\n" + car3 + ";TV 24\"\n", "2 " + car1 + "\n3 " + car2 + "\n4 " + car3},
		"hides, no header":  {"a.csv", car1 + ";\"PT ABC\n" + car2 + ";TV 24\"\n" + car3 + ";x\n", "1 " + car1 + "\n2 " + car2 + "\n3 " + car3},
		"hides, car behind": {"a.csv", "nama,car\n\"PT ABC," + car1 + "\nPT DEF," + car2 + "\nTV 24\"," + car3 + "\n", "2 " + car1 + "\n3 " + car2 + "\n4 " + car3},
		"hides a bad one":   {"a.csv", "car;nama\n" + car1 + ";\"PT ABC\n5,08E+25;PT DEF\n" + car2[:25] + ";x\n" + car3[1:] + ";TV 24\"\n", "2 " + car1 + "\n3 !scientific\n4 !length\n5 !zeros_lost"},
		"address of lines":  {"a.csv", "car;alamat;kode_dokumen\n" + car1 + ";\"Jl. Raya 24\nJakarta 12190\nNITKU\n0012345678901234000000\";20\n" + car2 + ";x;30\n", "2 " + car1 + " 20\n6 " + car2 + " 30"},
		"rows of blanks":    {"a.csv", "car;x\n;;\n" + car1 + ";1\n;\n", "3 " + car1},
		"twice":             {"a.txt", car1 + "\n" + car1, "1 " + car1 + "\n2 " + car1},
		"one bad":           {"a.txt", car1 + "\nx\n" + car2, "1 " + car1 + "\n2 !length\n3 " + car2},
		"bad kode":          {"a.csv", "car,kode_dokumen\n" + car1 + ",../30\n" + car2 + ",30", "2 !kode_dokumen\n3 " + car2 + " 30"},
		"number missing":    {"a.csv", "car,kode_dokumen\n,30\n" + car2 + ",30", "2 !empty\n3 " + car2 + " 30"},
		"upper case name":   {"A.CSV", "car\n" + car1, "2 " + car1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for encoding, content := range encodings(tt.content) {
				got, err := parseBytes(t, tt.name, content)
				if err != nil {
					t.Fatalf("%s: %v", encoding, err)
				}
				if brief(got) != tt.want {
					t.Errorf("%s:\n got %s\nwant %s", encoding, brief(got), tt.want)
				}
			}
		})
	}
}

// encodings returns text in every encoding that a list may have.
func encodings(text string) map[string][]byte {
	units := utf16.Encode([]rune(text))
	le := make([]byte, 0, 2*len(units))
	be := make([]byte, 0, 2*len(units))
	for _, u := range units {
		le = binary.LittleEndian.AppendUint16(le, u)
		be = binary.BigEndian.AppendUint16(be, u)
	}
	return map[string][]byte{
		"UTF-8":                []byte(text),
		"UTF-8 with BOM":       append([]byte("\xef\xbb\xbf"), text...),
		"UTF-16LE with BOM":    append([]byte{0xff, 0xfe}, le...),
		"UTF-16BE with BOM":    append([]byte{0xfe, 0xff}, be...),
		"UTF-16LE without BOM": le,
		"UTF-16BE without BOM": be,
	}
}

func TestParseListWindows1252(t *testing.T) {
	got, err := parseBytes(t, "a.csv", []byte("nama;car\nCaf\xe9 \x96 Bali;0508\x96000000\xa00220240228000822\n"))
	if err != nil || brief(got) != "2 "+car1 {
		t.Fatalf("got %q, %v", brief(got), err)
	}
}

func TestParseListJSON(t *testing.T) {
	tests := map[string]struct{ content, want string }{
		"strings":    {`["` + car1 + `", "0508-x"]`, "1 " + car1 + "\n2 !length"},
		"objects":    {`[{"Nomor_Aju":"` + car1 + `","KODE_DOKUMEN":30,"x":[1]},{"car":"` + car2 + `","kode_dokumen":null}]`, "1 " + car1 + " 30\n2 " + car2},
		"mixed":      {`["` + car1 + `",{"aju":"` + car2 + `"},{"x":1},null,[],true,5080000000022024022800082,5.08E+25,""]`, "1 " + car1 + "\n2 " + car2 + "\n3 !not_text\n4 !not_text\n5 !not_text\n6 !not_text\n7 !zeros_lost\n8 !scientific\n9 !empty"},
		"no number":  {`[{"car":null},{"car":""}]`, "1 !empty\n2 !empty"},
		"white":      {" \n[\n \"" + car1 + "\"\n]\n", "1 " + car1},
		"long place": {`["` + strings.Repeat("1", 10<<20) + `","` + car1 + `"]`, "1 !long_line\n2 " + car1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := parseBytes(t, "a.json", []byte(tt.content))
			if err != nil || brief(got) != tt.want {
				t.Errorf("got %s, %v\nwant %s", brief(got), err, tt.want)
			}
		})
	}
	got, err := parseBytes(t, "a.json", encodings(`["` + car1 + `"]`)["UTF-16LE with BOM"])
	if err != nil || brief(got) != "1 "+car1 {
		t.Errorf("UTF-16: got %s, %v", brief(got), err)
	}
}

func TestParseListInvalid(t *testing.T) {
	book := workbook(t, excelize.Options{}, []any{car1})
	tests := map[string]struct {
		name       string
		content    []byte
		why        reason.Detail
		incomplete bool
	}{
		"empty":             {"a.txt", nil, reason.ListEmpty, true},
		"only blanks":       {"a.txt", []byte("\n \n# x\n"), reason.ListEmpty, false},
		"only a header":     {"a.csv", []byte("car;kode_dokumen\n"), reason.ListEmpty, false},
		"binary":            {"a.txt", append([]byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00"), bytes.Repeat([]byte{1, 0, 7}, 999)...), reason.ListBinary, false},
		"binary, no zero":   {"a.csv", bytes.Repeat([]byte{1, 2, 3, 0x90}, 999), reason.ListBinary, false},
		"workbook as csv":   {"a.csv", book, reason.ListBinary, false},
		"csv as workbook":   {"a.xlsx", []byte(car1), reason.ListWorkbook, false},
		"workbook cut off":  {"a.xlsx", book[:len(book)/2], reason.ListWorkbook, true},
		"encrypted":         {"a.xlsx", workbook(t, excelize.Options{Password: "rahasia"}, []any{car1}), reason.ListEncrypted, false},
		"old Excel":         {"a.xlsx", append(bytes.Clone(oleMagic), make([]byte, 4096)...), reason.ListOldExcel, false},
		"bomb":              {"a.xlsx", bomb(t), reason.ListBomb, false},
		"json cut off":      {"a.json", []byte(`["` + car1 + `", "05`), reason.ListJSONCut, true},
		"json open":         {"a.json", []byte(`["` + car1 + `"`), reason.ListJSONCut, true},
		"json broken":       {"a.json", []byte(`["` + car1 + `" "x"]`), reason.ListJSON, false},
		"json behind":       {"a.json", []byte(`["` + car1 + `"] x`), reason.ListJSONMore, false},
		"json object":       {"a.json", []byte(`{"car":"` + car1 + `"}`), reason.ListNotArray, false},
		"unknown extension": {"a.pdf", []byte("%PDF"), reason.ListExtension, false},
		"no extension":      {"list", []byte(car1), reason.ListExtension, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := parseBytes(t, tt.name, tt.content)
			var invalid *ListError
			if !errors.As(err, &invalid) {
				t.Fatalf("got %v, want a ListError", err)
			}
			if invalid.Why != tt.why || invalid.Incomplete != tt.incomplete {
				t.Errorf("got %s (incomplete %v), want %s", invalid.Why, invalid.Incomplete, tt.why)
			}
			for _, lang := range []reason.Language{reason.English, reason.Indonesian} {
				if text := invalid.Reason(lang); text == "" || strings.Contains(text, "%!") {
					t.Errorf("words in %s: %q", lang, text)
				}
			}
		})
	}
}

func FuzzParseList(f *testing.F) {
	for _, s := range []string{car1, "car;kode_dokumen\n" + car1 + ";30\n", "sep=|\n\"a\nb\"|" + car1, "\"" + car1, "\xff\xfe0\x005\x00", `["` + car1 + `",{"car":"x"}]`, "PK\x03\x04"} {
		for _, ext := range []string{".txt", ".csv", ".json", ".xlsx"} {
			f.Add([]byte(s), ext)
		}
	}
	f.Add([]byte(sheetXML), ".sheet")
	f.Fuzz(func(t *testing.T, content []byte, ext string) {
		if ext == ".sheet" { // the XML of one, in a workbook
			content, ext = rawBook(t, map[string]string{"xl/worksheets/sheet1.xml": string(content)}), ".xlsx"
		}
		last := 0
		err := parseListFile(context.Background(), bytes.NewReader(content), "a"+ext, func(e Entry) error {
			switch {
			case e.Line < last, e.Line == 0:
				t.Fatalf("line %d after %d", e.Line, last)
			case e.Why == "" && !validCAR(e.CAR):
				t.Fatalf("accepted %q", e.CAR)
			case e.Why == "" && e.Kode != "" && !validKode(e.Kode):
				t.Fatalf("accepted the code %q", e.Kode)
			case e.Why != "" && (e.CAR != "" || e.Reason(reason.English) == "" || strings.Contains(e.Reason(reason.Indonesian), "%!")):
				t.Fatalf("rejection %+v", e)
			case len([]rune(e.Value)) > maxValue+3:
				t.Fatalf("value of %d characters", len(e.Value))
			}
			last = e.Line
			return nil
		})
		var invalid *ListError
		if err != nil && !errors.As(err, &invalid) {
			t.Fatalf("neither entries nor a ListError: %v", err)
		}
	})
}

// The lists of testdata, as ERPs and people write them.
func TestParseListSamples(t *testing.T) {
	tests := map[string]string{
		"plain.txt":        "2 " + car1 + "\n4 " + car1 + "\n5 " + car2,
		"semicolon.csv":    "2 " + car1 + " 30\n3 " + car3 + " 20\n4 !scientific",
		"comma-bom.csv":    "2 " + car1 + " 30\n3 !zeros_lost",
		"utf16.tsv":        "2 " + car2 + " 30",
		"windows-1252.csv": "2 " + car1 + "\n3 " + car1,
		"strings.json":     "1 " + car1 + "\n2 " + car2 + "\n3 !length",
		"objects.json":     "1 " + car1 + " 30\n2 " + car3,
		"workbook.xlsx":    "3 " + car1 + " 30\n4 " + car2 + " 20\n5 !scientific",
	}
	for name, want := range tests {
		var got []Entry
		err := ParseList(context.Background(), filepath.Join("..", "..", "testdata", "lists", name), func(e Entry) error {
			got = append(got, e)
			return nil
		})
		if err != nil || brief(got) != want {
			t.Errorf("%s: got %s, %v\nwant %s", name, brief(got), err, want)
		}
	}
}
