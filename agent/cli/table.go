package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"
)

const (
	gap       = 2  // between columns
	leastLast = 36 // what the last column must have room for; where it has not, it goes below its row
	leastID   = 18 // what the first column keeps
	belowMost = 2  // lines below a row
)

// cells measures text as terminals show it; what is ambiguous takes one cell.
var cells = func() *runewidth.Condition {
	c := runewidth.NewCondition()
	c.EastAsianWidth = false
	return c
}()

// style colours a cell of a table by its column and its text; nil is no colour.
type style func(col int, text string) func(string) string

// table writes rows in columns to standard output, the first of them their headings. On a terminal it fits the width;
// elsewhere nothing is cut, so that programs can rely on it.
func (a *app) table(rows [][]string) error { return a.lines(a.columns(rows[0], rows[1:], nil)) }

// lines writes lines to standard output.
func (a *app) lines(lines []string) error {
	for _, line := range lines {
		if _, err := fmt.Fprintln(a.out, line); err != nil {
			return fmt.Errorf("print: %w", err)
		}
	}
	return nil
}

// columns lays rows out in columns, one line each, below a head; nil for none. On a terminal that is too narrow the last
// column is cut, or stands below its row where too little of it would be left. paint may be nil.
func (a *app) columns(head []string, rows [][]string, paint style) []string {
	widths, below := a.widths(append([][]string{head}, rows...))
	var out []string
	if head != nil {
		out = append(out, row(head[:min(len(head), len(widths))], widths, func(int, string) func(string) string { return a.paint.bold }))
	}
	for _, r := range rows {
		out = append(out, row(r[:min(len(r), len(widths))], widths, paint))
		if below && len(r) > len(widths) && r[len(widths)] != "" {
			rest := a.wrapped("    ", r[len(widths)])
			if len(rest) > belowMost {
				rest = append(rest[:belowMost-1:belowMost-1], cells.Truncate(strings.Join(rest[belowMost-1:], " "), a.width, "…"))
			}
			out = append(out, rest...)
		}
	}
	return out
}

// row is one row of a table.
func row(texts []string, widths []int, paint style) string {
	var b strings.Builder
	blank := 0 // cells that the next text must be kept away from the one before
	for c, text := range texts {
		text = cells.Truncate(plain(text), widths[c], "…")
		wide := cells.StringWidth(text)
		if text != "" {
			b.WriteString(strings.Repeat(" ", blank))
			blank = 0
			if paint != nil {
				if colour := paint(c, texts[c]); colour != nil {
					text = colour(text)
				}
			}
		}
		blank += widths[c] - wide + gap
		b.WriteString(text)
	}
	return b.String()
}

// widths are those of the columns: what they need, or, where the terminal is too narrow, less. below: the last column is
// not among them, it goes below.
func (a *app) widths(rows [][]string) (widths []int, below bool) {
	total := -gap
	for _, row := range rows {
		for c, text := range row {
			if c == len(widths) {
				widths = append(widths, 0)
				total += gap
			}
			if w := cells.StringWidth(plain(text)); w > widths[c] {
				total += w - widths[c]
				widths[c] = w
			}
		}
	}
	if a.width <= 0 || total <= a.width || len(widths) < 2 {
		return widths, false
	}
	last := len(widths) - 1
	room := widths[last] - (total - a.width)
	if room >= leastLast {
		widths[last] = room
		return widths, false
	}
	total -= widths[last] + gap
	if widths = widths[:last]; total > a.width {
		widths[0] = max(min(leastID, widths[0]), widths[0]-(total-a.width))
	}
	return widths, true
}

// wrapped breaks text into lines that fit the terminal behind an indent; elsewhere it is one line.
func (a *app) wrapped(indent, text string) []string {
	text = plain(text)
	room := a.width - cells.StringWidth(indent)
	if a.width <= 0 || room < 20 {
		return []string{indent + text}
	}
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && cells.StringWidth(line)+1+cells.StringWidth(word) > room {
			lines, line = append(lines, indent+line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, indent+line)
}

// clock shows a time in the configured zone, "" for none: the whole date where programs may read it, on a terminal no
// more than a person needs.
func (a *app) clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	t, now := t.In(a.zone), a.now().In(a.zone)
	switch {
	case a.width <= 0:
		return t.Format(time.DateTime)
	case t.Format(time.DateOnly) == now.Format(time.DateOnly):
		return t.Format(time.TimeOnly)
	}
	return t.Format("2006-01-02 15:04")
}

// span shows how long something lasts, in its two largest units.
func (a *app) span(d time.Duration) string {
	d = d.Round(time.Second)
	day, hour, minute, second := a.say("hari", "d"), a.say("jam", "h"), a.say("menit", "min"), a.say("detik", "s")
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d %s", int(d.Hours()/24), day)
	case d >= time.Hour && d%time.Hour < time.Minute:
		return fmt.Sprintf("%d %s", int(d.Hours()), hour)
	case d >= time.Hour:
		return fmt.Sprintf("%d %s %d %s", int(d.Hours()), hour, int(d.Minutes())%60, minute)
	case d >= time.Minute:
		return fmt.Sprintf("%d %s", int(d.Minutes()), minute)
	}
	return fmt.Sprintf("%d %s", max(0, int(d.Seconds())), second)
}
