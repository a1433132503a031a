package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"kurir/agent/reason"
)

// say picks the words of the language in force.
func (a *app) say(indonesian, english string) string {
	if a.lang == reason.Indonesian {
		return indonesian
	}
	return english
}

// printJSON writes v to standard output, indented.
func (a *app) printJSON(v any) error {
	e := json.NewEncoder(a.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("print JSON: %w", err)
	}
	return nil
}

// plain keeps what came from elsewhere from moving the cursor or breaking a column.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
}

// painter colours text where the reader is a terminal that wants it.
type painter bool

// painterFor colours for terminals only, and not when NO_COLOR is set or the terminal is dumb.
func painterFor(w io.Writer) painter {
	return painter(isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && colours(w))
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// screen returns how many columns and rows the terminal has; zeros for what is no terminal.
func screen(w io.Writer) (columns, rows int) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0, 0
	}
	columns, rows, err := term.GetSize(int(f.Fd()))
	if err != nil || columns <= 0 {
		return 80, 24
	}
	return columns, rows
}

func (p painter) wrap(code, s string) string {
	if !p {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (p painter) good(s string) string { return p.wrap("32", s) }
func (p painter) warn(s string) string { return p.wrap("33", s) }
func (p painter) bad(s string) string  { return p.wrap("31", s) }
func (p painter) bold(s string) string { return p.wrap("1", s) }
func (p painter) dim(s string) string  { return p.wrap("2", s) }

// state colours by what a state means to the one who looks.
func (p painter) state(state string) func(string) string {
	switch state {
	case "sent", "done", "ok":
		return p.good
	case "failed", "expired", "offline", "failing":
		return p.bad
	case "retrying", "waiting", "paused":
		return p.warn
	}
	return nil
}
