package config

import (
	"bytes"
	"errors"
	"io"
	"sort"
	"strings"

	"gopkg.in/yaml.v3"
)

// parseYAML returns the only document of text, or nil when it holds nothing but comments.
func parseYAML(text []byte) (*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var document, second yaml.Node
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	if err := decoder.Decode(&second); err == nil {
		return nil, errSecondDocument
	} else if !errors.Is(err, io.EOF) {
		return nil, err
	}
	if len(document.Content) == 0 {
		return nil, nil
	}
	return document.Content[0], nil
}

var errSecondDocument = errors.New("second document")

// syntaxFaults says in plain words what the YAML library means. Its own words are not passed on: they are terse, and
// some repeat a part of the text, which may be a password.
var syntaxFaults = []struct {
	part string
	fault
}{
	{errSecondDocument.Error(), fault{
		"a second document begins (---)", "keep one document in the file"}},
	{"unknown anchor", fault{
		"a value begins with *, which YAML takes for a reference", "put the value in single quotes"}},
	{"unknown escape", fault{
		`a backslash in double quotes begins an unknown escape`,
		`write Windows paths without quotes or in single quotes, such as 'C:\kurir'`}},
	{"did not find expected hexdecimal", fault{
		`a backslash in double quotes begins an unknown escape`,
		`write Windows paths without quotes or in single quotes, such as 'C:\kurir'`}},
	{"unexpected end of stream", fault{
		"a quotation mark is not closed", "close it, or double a single quotation mark that belongs to the value"}},
	{"expected ',' or", fault{
		"a bracket or brace is not closed, or a comma is missing",
		"close it, and put values that hold { } [ ] or , in quotes"}},
	{"mapping values are not allowed", fault{
		"a colon stands where none is expected", "check the indentation, and put values that hold \": \" in quotes"}},
	{"could not find expected ':'", fault{
		"a colon is missing behind a key", "write key: value, with a space behind the colon, and check the indentation"}},
	{"cannot start any token", fault{
		"a value begins with a character that YAML keeps for itself", "put the value in quotes"}},
}

// syntaxProblem returns the line of a YAML error and what is wrong there.
func syntaxProblem(text []byte, err error) (int, fault) {
	line := syntaxLine(text, err)
	if tab := tabLine(text, line); tab > 0 {
		return tab, fault{"a tab stands in the indentation", "indent with spaces"}
	}
	for _, f := range syntaxFaults {
		if strings.Contains(err.Error(), f.part) {
			return line, f.fault
		}
	}
	return line, fault{"this is not YAML",
		`check the indentation, and put values that begin with { [ * & ! % @ or hold ": " in quotes`}
}

// syntaxLine returns where the error is: the last line of the shortest beginning of text that has the same error. The
// library's own number is often that of the section around it, or one off.
func syntaxLine(text []byte, err error) int {
	lines := bytes.SplitAfter(text, []byte("\n"))
	end := 0
	shortest := sort.Search(len(lines), func(i int) bool {
		end = 0
		for _, line := range lines[:i+1] {
			end += len(line)
		}
		_, e := parseYAML(text[:end])
		return e != nil && e.Error() == err.Error()
	})
	return min(shortest+1, countLines(text))
}

// tabLine returns the first line up to the given one, or the one behind it, that is indented with a tab; 0 when there
// is none.
func tabLine(text []byte, upTo int) int {
	n := 0
	for line := range bytes.Lines(text) {
		if n++; n > upTo+1 {
			break
		}
		content := bytes.TrimLeft(line, " \t")
		if bytes.ContainsRune(line[:len(line)-len(content)], '\t') && len(bytes.TrimSpace(content)) > 0 {
			return n
		}
	}
	return 0
}

// countLines is at least 1. A line feed at the end begins no further line.
func countLines(text []byte) int {
	return max(1, bytes.Count(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))+1)
}
