package poll

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

// FuzzListFormats writes the same values in every format and reads them back: nothing is dropped and nothing added, each
// value is accepted or rejected on its own line, and all formats agree which.
func FuzzListFormats(f *testing.F) {
	for _, s := range []string{
		car1 + "\n" + car2, "x\n" + car1, "'" + car1 + "\n=\"" + car2 + "\"", "5,08E+25\n" + car1[1:], "0508 01.0000-001\n\u0660", car1 + "\nnull\n\x01",
		"\u200b", "\u200b#x\n" + car1, "12345678901234567000000000\n\u2060" + car2 + "\u200d", car1[1:] + "_x0030_", car1 + "\n#N/A\n1e5",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		values := strings.Split(s, "\n")
		if !utf8.ValidString(s) || len(values) > 50 || slices.ContainsFunc(values, unfit) {
			return
		}
		want, lines := accepted(t, ".json", asJSON(t, values))
		if lines != len(values) {
			t.Fatalf("JSON: %d entries and rejections for %d values", lines, len(values))
		}
		for ext, content := range map[string][]byte{
			".txt": []byte(strings.Join(values, "\r\n")), ".csv": asCSV(t, ';', values), ".tsv": asCSV(t, '\t', values), ".xlsx": asXLSX(t, values),
		} {
			got, n := accepted(t, ext, content)
			if n != len(values) {
				t.Errorf("%s: %d entries and rejections for %d values: %q", ext, n, len(values), content)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: accepted %q, in JSON %q", ext, got, want)
			}
		}
	})
}

// unfit are values that a format cannot hold as one, or skips as blank or as a comment: then the formats need not agree.
func unfit(v string) bool {
	trimmed := strings.TrimFunc(v, isBlank)
	return trimmed == "" || strings.HasPrefix(trimmed, "#") || len(v) > 1000 || escape.MatchString(v) || strings.ContainsAny(v, "\r\x00\ufeff;\t,|\"\v\f\u0085\u2028\u2029") ||
		strings.HasPrefix(strings.ToLower(trimmed), "sep=") || findColumns([]string{v}).header || strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r == 0xFFFE || r == 0xFFFF })
}

// accepted reads a list and returns the numbers in it, and how many lines it has spoken of.
func accepted(t *testing.T, ext string, content []byte) (cars []string, lines int) {
	t.Helper()
	seen := map[int]bool{}
	err := parseListFile(context.Background(), bytes.NewReader(content), "list"+ext, func(e Entry) error {
		if seen[e.Line] {
			t.Errorf("%s: line %d comes twice", ext, e.Line)
		}
		if seen[e.Line] = true; e.Why == "" {
			cars = append(cars, e.CAR)
		}
		lines++
		return nil
	})
	if err != nil {
		t.Errorf("%s: %v in %q", ext, err, content)
	}
	return cars, lines
}

func asJSON(t *testing.T, values []string) []byte {
	t.Helper()
	b, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func asCSV(t *testing.T, comma rune, values []string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Comma = comma
	for _, v := range values {
		if err := w.Write([]string{v, "30"}); err != nil {
			t.Fatal(err)
		}
	}
	w.Flush()
	return b.Bytes()
}

func asXLSX(t *testing.T, values []string) []byte {
	t.Helper()
	x := excelize.NewFile()
	defer x.Close()
	for i, v := range values {
		cell, err := excelize.CoordinatesToCellName(1, i+1)
		if err != nil {
			t.Fatal(err)
		}
		if err := x.SetCellStr("Sheet1", cell, v); err != nil {
			t.Fatal(err)
		}
	}
	b, err := x.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
