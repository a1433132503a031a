package poll

import (
	"regexp"
	"strings"
	"unicode"

	"kurir/agent/reason"
)

// carLength is how many letters or digits an Aju number has.
const carLength = 26

// maxValue bounds how much of a rejected value is kept, in characters.
const maxValue = 60

// scientific is what a spreadsheet makes of a long number: 5.08E+25, 5,08E+25.
var scientific = regexp.MustCompile(`^[+-]?[0-9](?:[.,][0-9]+)?[eE]\+?[0-9]{1,3}$`)

// rounded is a number that a workbook has kept as a number: 17 digits at most are its own, the others zeros.
var rounded = regexp.MustCompile(`^[1-9][0-9]{15,}0{9}$`)

// parseNumber returns the Aju number in s, as it is spelt there but without spaces, dots, dashes, and the marks by
// which spreadsheets say "this is text" (a leading apostrophe, ="..."). why is "" when s holds a number.
func parseNumber(s string) (car string, why reason.Detail, detail any) {
	s = stripTextMarks(s)
	if s == "" {
		return "", reason.LineEmpty, nil
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case isFiller(r):
		case isASCIIAlnum(r):
			b.WriteRune(r)
		case unicode.IsDigit(r):
			return "", reason.LineDigits, string(r)
		default:
			if scientific.MatchString(s) {
				return "", reason.LineScientific, nil
			}
			return "", reason.LineCharacter, printable(string(r))
		}
	}
	car = b.String()
	switch {
	case scientific.MatchString(s) && (len(car) != carLength || strings.Contains(s, ".")):
		return "", reason.LineScientific, nil
	case car == "":
		return "", reason.LineEmpty, nil
	case len(car) < carLength && strings.Trim(car, "0123456789") == "":
		return "", reason.LineZerosLost, len(car)
	case len(car) != carLength:
		return "", reason.LineLength, len(car)
	}
	return car, "", nil
}

// stripTextMarks removes what a spreadsheet puts around a number to keep it a text: '0508..., ="0508...".
func stripTextMarks(s string) string {
	s = strings.TrimFunc(s, isBlank)
	if inner, ok := strings.CutPrefix(s, `="`); ok {
		s = strings.TrimSuffix(inner, `"`)
	}
	s = strings.TrimLeft(s, "'`\u2018\u2019\u00b4")
	return strings.TrimFunc(s, isBlank)
}

// isFiller reports the characters that people put into a number to read it better.
func isFiller(r rune) bool {
	return r == '.' || r == '-' || isBlank(r) || r >= 0x2010 && r <= 0x2015 || r == 0x2212
}

// isBlank is white space, including the kinds without width that copying from pages and mails brings along, and the mark with
// which programs of DOS end a text.
func isBlank(r rune) bool {
	return unicode.IsSpace(r) || r == 0x1a || r == 0x200b || r == 0x200c || r == 0x200d || r == 0x2060 || r == 0xfeff
}

func isASCIIAlnum(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
}

// identity is what makes two spellings the same number: letters are compared without case. The document keeps the
// spelling that came first, for T2G and in the names of folders.
func identity(car string) string { return strings.ToUpper(car) }

// validCAR reports whether car is an Aju number as parseNumber returns it.
func validCAR(car string) bool {
	got, why, _ := parseNumber(car)
	return why == "" && got == car
}

// validKode reports whether kode can be a document code: up to 16 ASCII letters, digits, '-' or '_'.
func validKode(kode string) bool {
	if kode == "" || len(kode) > 16 {
		return false
	}
	return strings.IndexFunc(kode, func(r rune) bool { return !isASCIIAlnum(r) && r != '-' && r != '_' }) < 0
}

// printable bounds s to maxValue characters and replaces what does not print, so that it can stand in a table.
func printable(s string) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n == maxValue {
			b.WriteString("...")
			break
		}
		if !unicode.IsPrint(r) {
			r = unicode.ReplacementChar
		}
		b.WriteRune(r)
		n++
	}
	return b.String()
}
