package config

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// reading is one configuration file on its way to a Config: tree, survey, substitute, decode, derive and validate are
// called in this order. Keys are paths such as "inboxes[1].retry.first"; that of the whole file is "".
type reading struct {
	name      string            // of the file, as the user named it
	base      string            // the folder that relative paths start from, absolute
	lines     int               // how many the file has
	line      map[string]int    // where each key of the file stands
	raw       map[string]string // the single values of the file as they are written there
	scalars   []scalar          // the same, in order
	broken    map[string]bool   // the keys whose value could not be taken: nothing more is said of them
	file      string            // absolute
	variables map[string]string // of the environment file; nil until one is needed
	sealed    bool              // this account may not read the environment file
	secrets   []string          // the files that secrets are read from
	problems  Errors
}

type scalar struct {
	key  string
	node *yaml.Node
}

func newReading(name, base string) *reading {
	return &reading{
		name: name, base: base, lines: 1,
		line: map[string]int{}, raw: map[string]string{}, broken: map[string]bool{},
	}
}

// tree returns the file's root, or nil after a problem that leaves nothing to look at.
func (r *reading) tree(data []byte) *yaml.Node {
	if len(data) > maxFile {
		r.add("", 1, "the file is larger than 1 MiB", "name the configuration file, not another one")
		return nil
	}
	text := toUTF8(data)
	r.lines = countLines(text)
	if line := unreadable(text); line > 0 {
		r.add("", line, "this is not text", "save the file as plain text in UTF-8")
		return nil
	}
	root, err := parseYAML(text)
	if err != nil {
		line, f := syntaxProblem(text, err)
		r.add("", line, f.message, f.remedy)
		return nil
	}
	if root == nil || isNull(root) {
		r.add("", 1, "the file holds no settings", `write at least one inbox, or let "kurir init" make a commented file`)
		return nil
	}
	return root
}

// add records a problem at a line of the file.
func (r *reading) add(key string, line int, message, remedy string) {
	line = min(max(line, 1), r.lines)
	r.problems = append(r.problems, Problem{File: r.name, Line: line, Key: key, Message: message, Remedy: remedy})
}

// breaks records that the value of key cannot be taken.
func (r *reading) breaks(key string, f fault) {
	r.add(key, r.lineOf(key), f.message, f.remedy)
	r.broken[key] = true
}

// wrong records that the value of key is impossible, unless it could not be taken anyway.
func (r *reading) wrong(key, message, remedy string) {
	for k := key; ; k = parent(k) {
		if r.broken[k] {
			return
		}
		if k == "" {
			break
		}
	}
	r.add(key, r.lineOf(key), message, remedy)
}

// wrongValue is wrong with the value as it is written in the file before the message. It is not for secrets, nor for
// URLs, which may hold some.
func (r *reading) wrongValue(key, message, remedy string) {
	r.wrong(key, r.quoted(key)+message, remedy)
}

// quoted is the value of key as written in the file, cut to a length for messages, with a space behind it; "" for a
// default.
func (r *reading) quoted(key string) string {
	const most = 60
	raw, ok := r.raw[key]
	if !ok {
		return ""
	}
	if runes := []rune(raw); len(runes) > most {
		raw = string(runes[:most]) + "…"
	}
	return strconv.Quote(raw) + " "
}

func (r *reading) given(key string) bool {
	_, ok := r.line[key]
	return ok
}

// lineOf is the line of key, or of the nearest section around it that is in the file.
func (r *reading) lineOf(key string) int {
	for {
		if line, ok := r.line[key]; ok {
			return line
		}
		if key == "" {
			return 1
		}
		key = parent(key)
	}
}

// maxProblems is more than anyone corrects in one go.
const maxProblems = 200

// errors returns the problems in the order of lines, or nil. Of very many it returns the first, and says so.
func (r *reading) errors() error {
	if len(r.problems) == 0 {
		return nil
	}
	for i, p := range r.problems {
		if inbox := inboxKey.FindString(p.Key); inbox != "" && namePattern.MatchString(r.raw[inbox+".name"]) {
			r.problems[i].Inbox = r.raw[inbox+".name"]
		}
	}
	r.problems.sort()
	if more := len(r.problems) - maxProblems; more > 0 {
		r.problems = r.problems[:maxProblems]
		r.add("", r.lines, fmt.Sprintf("there are %d more problems", more), "correct these first")
	}
	return r.problems
}

var inboxKey = regexp.MustCompile(`^inboxes\[\d+\]`)

// parent is the key of the section or list that key lies in.
func parent(key string) string {
	return key[:max(0, strings.LastIndexAny(key, ".["))]
}

// under is the key of name in the section key.
func under(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}

// element is the key of the i-th element of the list key.
func element(key string, i int) string { return key + "[" + strconv.Itoa(i) + "]" }
