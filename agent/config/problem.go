package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing that is wrong in a configuration file. It never holds a secret, nor the value of a variable.
type Problem struct {
	File    string // as the user named it
	Line    int    // from 1; where a key is missing, the line of the section that it belongs in
	Key     string // "inboxes[1].retry.first"; "" for the file as a whole
	Inbox   string // the name of the inbox that Key lies in; "" elsewhere
	Message string // what is wrong
	Remedy  string // what to write instead
}

// String is "FILE:LINE: key: message; remedy", with the inbox's name in brackets behind the key.
func (p Problem) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d: ", p.File, p.Line)
	if p.Key != "" {
		b.WriteString(p.Key)
		if p.Inbox != "" {
			fmt.Fprintf(&b, " (%s)", p.Inbox)
		}
		b.WriteString(": ")
	}
	b.WriteString(p.Message)
	if p.Remedy != "" {
		b.WriteString("; " + p.Remedy)
	}
	return b.String()
}

// Errors is everything that is wrong in a configuration file, in the order of its lines.
type Errors []Problem

// Error prints one problem a line.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, p := range e {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

func (e Errors) sort() {
	slices.SortStableFunc(e, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
}
