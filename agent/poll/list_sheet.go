package poll

import (
	"encoding/xml"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"kurir/agent/reason"
)

const (
	maxSheetRow   = 1 << 20
	maxSheetWidth = 256       // columns that are looked at
	maxStrings    = 128 << 20 // bytes that shared strings may take in memory
)

// cellKind is what a cell holds, as its attribute t says.
type cellKind string

const (
	kindNone         cellKind = "" // there is no cell
	kindNumber       cellKind = "n"
	kindShared       cellKind = "s"
	kindError        cellKind = "e"
	kindUncalculated cellKind = "f" // ours: a formula whose result no one has stored
)

// sharedStrings are the texts that cells refer to by their place.
type sharedStrings struct {
	text []byte
	ends []uint32 // of each text
}

// at returns the text at place i.
func (s *sharedStrings) at(i int) (text string, ok bool) {
	if i < 0 || i >= len(s.ends) {
		return "", false
	}
	begin := uint32(0)
	if i > 0 {
		begin = s.ends[i-1]
	}
	return unescaped(string(s.text[begin:s.ends[i]])), true
}

// sharedStrings reads the strings that sheets share; a book may have none.
func (b *book) sharedStrings(name string) (*sharedStrings, error) {
	s := &sharedStrings{}
	if b.parts[strings.ToLower(name)] == nil {
		return s, nil
	}
	var text richText
	return s, b.walk(name, func(t xml.Token) error {
		switch e := t.(type) {
		case xml.CharData:
			s.text = append(s.text, text.of(e)...)
		case xml.EndElement:
			if text.end(e); e.Name.Local == "si" {
				s.ends = append(s.ends, uint32(len(s.text)))
			}
		case xml.StartElement:
			text.start(e)
		}
		if len(s.text)+4*len(s.ends) > maxStrings {
			return &ListError{Why: reason.ListBomb}
		}
		return nil
	})
}

// richText tells which texts belong to a string: those of its runs, and not those that say how to pronounce it.
type richText struct{ inText, inPhonetic bool }

func (r *richText) start(e xml.StartElement) {
	switch e.Name.Local {
	case "t", "v":
		r.inText = true
	case "rPh":
		r.inPhonetic = true
	}
}

func (r *richText) end(e xml.EndElement) {
	switch e.Name.Local {
	case "t", "v":
		r.inText = false
	case "rPh":
		r.inPhonetic = false
	}
}

func (r *richText) of(text xml.CharData) xml.CharData {
	if !r.inText || r.inPhonetic {
		return nil
	}
	return text
}

// escape stands in a workbook for a character that XML does not hold.
var escape = regexp.MustCompile(`_x[0-9A-Fa-f]{4}_`)

func unescaped(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	return escape.ReplaceAllStringFunc(s, func(e string) string {
		code, _ := strconv.ParseUint(e[2:6], 16, 16) // four hexadecimal digits
		return string(rune(code))
	})
}

// sheetReader turns the XML of a sheet into rows. What stands where it must not is an error: it would be lost.
type sheetReader struct {
	book   *book
	rows   *rowReader
	shared *sharedStrings

	within string // the innermost of sheetData, row and c that is open, "" for none
	number int    // of the row that was begun last
	column int    // of the cell that was begun last in it
	fields []string
	kinds  []cellKind // of the fields

	kind    cellKind // of the cell that is open
	formula bool
	rich    richText
	text    strings.Builder
}

// outer is the element that holds another.
var outer = map[string]string{"sheetData": "", "row": "sheetData", "c": "row"}

func (s *sheetReader) visit(t xml.Token) error {
	switch e := t.(type) {
	case xml.StartElement:
		return s.start(e)
	case xml.EndElement:
		return s.end(e)
	case xml.CharData:
		if s.within == "c" {
			s.text.Write(s.rich.of(e))
		}
	}
	return nil
}

func (s *sheetReader) start(e xml.StartElement) error {
	name := e.Name.Local
	if s.within == "" && name != "sheetData" {
		return nil // rows of other kinds are behind the data
	}
	if around, known := outer[name]; known && around != s.within {
		return s.damaged("<%s> stands where it must not", name)
	}
	switch name {
	case "sheetData":
		s.within = name
	case "row":
		s.within = name
		return s.startRow(e)
	case "c":
		s.within = name
		return s.startCell(e)
	case "f":
		s.formula = true
	default:
		s.rich.start(e)
	}
	return nil
}

func (s *sheetReader) end(e xml.EndElement) error {
	name := e.Name.Local
	around, known := outer[name]
	if !known || s.within != name {
		s.rich.end(e)
		return nil
	}
	s.within = around
	switch name {
	case "sheetData":
		s.book.row = 0
	case "row":
		return s.rows.row(s.number, s.fields, s.kinds)
	case "c":
		return s.endCell()
	}
	return nil
}

func (s *sheetReader) startRow(e xml.StartElement) error {
	number := s.number + 1
	if r := attribute(e, "r"); r != "" {
		n, err := strconv.Atoi(r)
		if err != nil || n < number || n > maxSheetRow {
			return s.damaged("row %q comes next", r)
		}
		number = n
	}
	s.number, s.book.row, s.column = number, number, 0
	clear(s.fields) // strings of the row before are not held
	s.fields, s.kinds = s.fields[:0], s.kinds[:0]
	return nil
}

func (s *sheetReader) startCell(e xml.StartElement) error {
	s.column++
	if r := attribute(e, "r"); r != "" {
		if s.column = columnOf(r); s.column == 0 {
			return s.damaged("cell %q", r)
		}
	}
	if s.kind = cellKind(attribute(e, "t")); s.kind == kindNone {
		s.kind = kindNumber
	}
	s.formula, s.rich = false, richText{}
	s.text.Reset()
	return nil
}

// columnOf returns the column of a cell from 1, 0 for what is no cell.
func columnOf(cell string) (column int) {
	letters := strings.TrimRight(cell, "0123456789")
	for _, c := range strings.ToUpper(letters) {
		if c < 'A' || c > 'Z' || column > maxSheetRow {
			return 0
		}
		column = column*26 + int(c-'A') + 1
	}
	return column
}

func (s *sheetReader) endCell() error {
	value := s.text.String()
	switch {
	case s.kind == kindShared && value != "":
		place, err := strconv.Atoi(strings.TrimSpace(value))
		text, ok := s.shared.at(place)
		if err != nil || !ok {
			return s.damaged("there is no shared string %q", value)
		}
		value = text
	case s.kind == kindNumber && value == "" && s.formula:
		s.kind = kindUncalculated
	case s.kind != kindNumber:
		value = unescaped(value)
	}
	if s.column > maxSheetWidth {
		return nil
	}
	for len(s.fields) < s.column {
		s.fields, s.kinds = append(s.fields, ""), append(s.kinds, kindNone)
	}
	if s.kinds[s.column-1] != kindNone {
		return s.damaged("column %d is there twice", s.column)
	}
	s.fields[s.column-1], s.kinds[s.column-1] = value, s.kind
	return nil
}

// damaged is the error of a sheet that is well-formed and yet cannot be right.
func (s *sheetReader) damaged(format string, args ...any) error {
	return damaged(fmt.Sprintf("row %d", s.number), fmt.Errorf(format, args...))
}
