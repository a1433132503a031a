package config

import (
	"cmp"
	"fmt"
	"io/fs"
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

// deniedRemedy is what to do where the configuration may be right, but this account may not read a file that it names.
const deniedRemedy = "use the account that the agent runs as, or an administrator's; if the agent says so, let its account read it"

// Is makes errors.Is find fs.ErrPermission where nothing is wrong but that this account may not read what is needed.
func (e Errors) Is(target error) bool {
	return target == fs.ErrPermission && !slices.ContainsFunc(e, func(p Problem) bool { return p.Remedy != deniedRemedy })
}

func (e Errors) sort() {
	slices.SortStableFunc(e, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
}
