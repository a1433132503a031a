package poll

import (
	"errors"
	"io"
	"slices"
	"strings"

	"kurir/agent/reason"
)

// Bounds of a quoted field that spans lines. A quote that is not closed within them is not one.
const (
	maxJoined      = 32
	maxJoinedBytes = maxLine
)

// maxOtherDigits is how many digits other numbers have at most that stand in an address: a tax office's of a place of business.
const maxOtherDigits = 22

// separators are those of the lists, in the order in which they win a draw.
const separators = ";\t,|"

// columns says where a row has what.
type columns struct {
	car, kode int // kode is -1 where there is no such column
	header    bool
}

// findColumns reads row as a header. Without one, the number is in the first column.
func findColumns(row []string) columns {
	c := columns{car: -1, kode: -1}
	for i, name := range row {
		switch headerName(name) {
		case "car", "aju", "nomoraju":
			if c.car < 0 {
				c.car = i
			}
		case "kodedokumen":
			if c.kode < 0 {
				c.kode = i
			}
		}
	}
	if c.car < 0 {
		return columns{car: 0, kode: -1}
	}
	c.header = true
	return c
}

// headerName is name without case, blanks, quotes, '_', '-' and '.'.
func headerName(name string) string {
	return strings.Map(func(r rune) rune {
		if isFiller(r) || r == '_' || r == '"' || r == '\'' {
			return -1
		}
		return r
	}, strings.ToLower(name))
}

// rowReader turns rows into entries; the first row with content may be a header.
type rowReader struct {
	v       *visitor
	columns columns
	begun   bool
}

// row hands on the entry in fields, if it is one. kinds are those of the cells, nil for a text.
func (rr *rowReader) row(number int, fields []string, kinds []cellKind) error {
	first, blank := firstField(fields)
	if blank && !slices.Contains(kinds, kindUncalculated) || strings.HasPrefix(first, "#") && kindOf(kinds, 0) != kindError {
		return nil
	}
	if !rr.begun {
		rr.begun = true
		if rr.columns = findColumns(fields); rr.columns.header {
			return nil
		}
	}
	car := field(fields, rr.columns.car)
	if kindOf(kinds, rr.columns.car) == kindNumber && rounded.MatchString(car) {
		return rr.v.reject(number, car, reason.LineScientific, nil)
	}
	return rr.v.entry(number, car, field(fields, rr.columns.kode))
}

func kindOf(kinds []cellKind, i int) cellKind {
	if i >= len(kinds) {
		return kindNone
	}
	return kinds[i]
}

// firstField returns the first field without blanks around it, and whether the whole row is blank.
func firstField(fields []string) (first string, blank bool) {
	for _, f := range fields {
		if strings.TrimFunc(f, isBlank) != "" {
			return strings.TrimFunc(fields[0], isBlank), false
		}
	}
	return "", true
}

func field(fields []string, i int) string {
	if i < 0 || i >= len(fields) {
		return ""
	}
	return fields[i]
}

// parseText reads a text: one number a line, or separated columns.
func parseText(r io.Reader, v *visitor) error {
	lines, err := newLineReader(r)
	if err != nil {
		return err
	}
	sample, err := lines.sample()
	if err != nil {
		return err
	}
	records := &recordReader{lines: lines, separators: findSeparators(sample)}
	rows := &rowReader{v: v}
	for {
		l, fields, err := records.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case l.tooLong():
			err = v.reject(l.number, l.text, reason.LineLong, l.length)
		case l.number == 1 && declaredSeparator(l.text) != "":
		default:
			err = rows.row(l.number, fields, nil)
		}
		if err != nil {
			return err
		}
	}
}

// declaredSeparator returns x when text is Excel's own declaration "sep=x".
func declaredSeparator(text string) string {
	s := strings.Trim(text, "\" ")
	if len(s) == 5 && strings.EqualFold(s[:4], "sep=") && strings.Contains(separators, s[4:]) {
		return s[4:]
	}
	return ""
}

// findSeparators returns the separator of the columns, or all of them when the sample does not tell: that which a
// first line declares, else that which makes a header of it, else that which leaves numbers in the first column.
func findSeparators(sample []string) string {
	if len(sample) == 0 {
		return separators
	}
	if sep := declaredSeparator(sample[0]); sep != "" {
		return sep
	}
	best, bestScore := separators, 0
	for i := range len(separators) {
		sep, score, begun := separators[i:i+1], 0, false
		for _, text := range sample {
			fields, _ := splitFields(text, sep)
			first, blank := firstField(fields)
			if blank || strings.HasPrefix(first, "#") {
				continue
			}
			if !begun && len(fields) > 1 && findColumns(fields).header {
				return sep
			}
			begun = true
			if _, why, _ := parseNumber(fields[0]); why == "" && len(fields) > 1 {
				score++
			}
		}
		if score > bestScore {
			best, bestScore = sep, score
		}
	}
	return best
}

// recordReader joins lines to records: a quoted field may span lines.
type recordReader struct {
	lines      *lineReader
	separators string
	ahead      []line // read while a quote looked for its end, and not found to belong to it
}

// next returns the next record's fields and its first line, or io.EOF.
func (r *recordReader) next() (line, []string, error) {
	l, err := r.line()
	if err != nil || l.tooLong() {
		return l, nil, err
	}
	if len(r.separators) > 1 && scientific.MatchString(stripTextMarks(l.text)) { // 5,08E+25 is one field
		return l, []string{l.text}, nil
	}
	fields, quote := splitFields(l.text, r.separators)
	if quote != quoteOpen {
		return l, fields, nil
	}
	joined := l.text
	var taken []line
	for len(taken) < maxJoined && len(joined) < maxJoinedBytes {
		more, err := r.line()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return line{}, nil, err
		}
		taken = append(taken, more)
		if more.tooLong() {
			break
		}
		joined += "\n" + more.text
		multi, quote := splitFields(joined, r.separators)
		if quote == quoteClosed && countNumbers(multi) >= r.numbersIn(l, taken) {
			return l, multi, nil
		} else if quote != quoteOpen {
			break
		}
	}
	r.ahead = append(taken, r.ahead...)
	return l, fields, nil
}

// numbersIn counts the Aju numbers that lines have as fields, each line by itself. Where a record has fewer, its quote was not
// closed where it should, and hides the numbers of other rows.
func (r *recordReader) numbersIn(first line, others []line) int {
	fields, _ := splitFields(first.text, r.separators)
	n := countNumbers(fields)
	for _, l := range others {
		fields, _ = splitFields(l.text, r.separators)
		n += countNumbers(fields)
	}
	return n
}

// countNumbers counts the fields that hold an Aju number, or what a spreadsheet has made of one.
func countNumbers(fields []string) int {
	n := 0
	for _, f := range fields {
		switch _, why, digits := parseNumber(f); {
		case why == "", why == reason.LineScientific:
			n++
		case why == reason.LineZerosLost && digits.(int) > maxOtherDigits:
			n++
		}
	}
	return n
}

func (r *recordReader) line() (line, error) {
	if len(r.ahead) > 0 {
		l := r.ahead[0]
		r.ahead = r.ahead[1:]
		return l, nil
	}
	return r.lines.next()
}

// quoteState says how the quotes of a record stand.
type quoteState uint8

const (
	quoteClosed quoteState = iota // every quote has its end, or there is none
	quoteOpen                     // the record ends within quotes
	quoteBad                      // something stands between the end of a quote and the next separator
)

// splitFields splits a record at any of separators that is not within quotes. It always returns all fields; quotes
// that have no end are dropped.
func splitFields(record, separators string) (fields []string, state quoteState) {
	for {
		value, rest, quote := oneField(record, separators)
		fields = append(fields, value)
		if quote > state {
			state = quote
		}
		if rest == "" {
			return fields, state
		}
		record = rest[1:]
	}
}

// oneField returns the first field of record, and the rest from the separator on.
func oneField(record, separators string) (value, rest string, state quoteState) {
	trimmed := strings.TrimLeft(record, " ")
	if !strings.HasPrefix(trimmed, `"`) {
		if i := strings.IndexAny(record, separators); i >= 0 {
			return record[:i], record[i:], quoteClosed
		}
		return record, "", quoteClosed
	}
	var b strings.Builder
	body := trimmed[1:]
	for {
		i := strings.IndexByte(body, '"')
		if i < 0 { // no end: the quote is dropped, and the field ends as if there were none
			value, rest, _ = oneField(strings.TrimLeft(trimmed[1:], `"`), separators)
			return value, rest, quoteOpen
		}
		b.WriteString(body[:i])
		body = body[i+1:]
		if !strings.HasPrefix(body, `"`) {
			break
		}
		b.WriteByte('"')
		body = body[1:]
	}
	tail, rest := body, ""
	if i := strings.IndexAny(body, separators); i >= 0 {
		tail, rest = body[:i], body[i:]
	}
	if t := strings.Trim(tail, " "); t != "" {
		return b.String() + t, rest, quoteBad
	}
	return b.String(), rest, quoteClosed
}
