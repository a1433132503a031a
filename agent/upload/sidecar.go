package upload

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	xunicode "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/unicode/norm"

	"kurir/agent/beacukai"
	"kurir/watcher"
)

const (
	maxSidecar = 1 << 20 // bytes
	maxField   = 200     // bytes of one field
)

// sidecar is what a set's JSON file says.
type sidecar struct {
	decl   beacukai.Declaration
	images []string // the list that makes the set complete: relative, slash-separated, NFC; nil without one
}

// errBrokenOff is a sidecar that is empty or ends in the middle: its writer may not be done.
var errBrokenOff = errors.New("the file is empty or breaks off in the middle")

// sidecarError is a sidecar that will not get better by waiting.
type sidecarError struct{ problems []string }

func (e *sidecarError) Error() string { return strings.Join(e.problems, "; ") }

// readSidecar reads the sidecar at path, of a set in an inbox with these defaults and field names; want is the file as it
// was seen at rest. It returns errBrokenOff, errChanged, a *sidecarError, or an error of the file system.
func readSidecar(path string, want watcher.File, in Inbox) (sidecar, error) {
	f, err := openRegular(path)
	if err != nil {
		return sidecar{}, err
	}
	defer f.Close()
	if err := unchanged(f, want); err != nil {
		return sidecar{}, err
	}
	b, err := io.ReadAll(io.LimitReader(f, maxSidecar+1))
	if err != nil {
		return sidecar{}, fmt.Errorf("read sidecar: %w", err)
	}
	if len(b) > maxSidecar {
		return sidecar{}, &sidecarError{[]string{"the file is larger than 1 MiB, which no sidecar is"}}
	}
	if err := unchanged(f, want); err != nil {
		return sidecar{}, err
	}
	return parseSidecar(b, in)
}

// parseSidecar understands the bytes of a sidecar. It is pure.
func parseSidecar(b []byte, in Inbox) (sidecar, error) {
	text, err := toUTF8(b)
	if errors.Is(err, errBrokenOff) {
		return sidecar{}, err
	}
	if err != nil {
		return sidecar{}, &sidecarError{[]string{"the file is neither UTF-8 nor UTF-16 text"}}
	}
	if len(bytes.Trim(text, " \t\r\n\x00")) == 0 {
		return sidecar{}, errBrokenOff
	}
	obj, err := readObject(text)
	if err != nil {
		return sidecar{}, err
	}
	var s sidecar
	var problems []string
	for _, f := range []struct {
		name string
		to   *string
	}{
		{"nomorAju", &s.decl.NomorAju},
		{"nomorBlAwb", &s.decl.NomorBlAwb},
		{"tanggalBlAwb", &s.decl.TanggalBlAwb},
		{"kodeKantor", &s.decl.KodeKantor},
	} {
		v, problem := obj.field(f.name, in.Fields[f.name], in.Defaults[f.name])
		*f.to = v
		if problem != "" {
			problems = append(problems, problem)
		}
	}
	images, more := obj.images()
	s.images = images
	if problems = append(problems, more...); len(problems) > 0 {
		return sidecar{}, &sidecarError{problems}
	}
	return s, nil
}

// toUTF8 decodes UTF-8 with or without BOM, and UTF-16 with a BOM or recognisable by its zeros.
func toUTF8(b []byte) ([]byte, error) {
	var enc encoding.Encoding
	switch {
	case bytes.HasPrefix(b, []byte{0xEF, 0xBB, 0xBF}):
		b = b[3:]
	case bytes.HasPrefix(b, []byte{0xFF, 0xFE}), len(b) > 3 && b[0] != 0 && b[1] == 0 && b[3] == 0:
		enc = xunicode.UTF16(xunicode.LittleEndian, xunicode.UseBOM)
	case bytes.HasPrefix(b, []byte{0xFE, 0xFF}), len(b) > 3 && b[0] == 0 && b[1] != 0 && b[2] == 0:
		enc = xunicode.UTF16(xunicode.BigEndian, xunicode.UseBOM)
	}
	if enc != nil && len(b)%2 == 1 {
		return nil, errBrokenOff
	}
	if enc != nil {
		var err error
		if b, err = enc.NewDecoder().Bytes(b); err != nil {
			return nil, err
		}
	}
	if utf8.Valid(b) {
		return b, nil
	}
	for cut := 1; cut < utf8.UTFMax && cut < len(b); cut++ { // the end may lie within a letter
		if utf8.Valid(b[:len(b)-cut]) {
			return nil, errBrokenOff
		}
	}
	return nil, errors.New("not UTF-8")
}

// object is the top level of a sidecar.
type object struct {
	text    []byte
	members map[string]member // by lower-case key
}

type member struct {
	key     string
	value   json.RawMessage
	offset  int64 // behind the key
	differs bool  // the key stands twice with different values
}

// line is the line of a place in the text, from 1.
func (o object) line(offset int64) int {
	return 1 + bytes.Count(o.text[:min(int(offset), len(o.text))], []byte("\n"))
}

// readObject reads exactly one JSON object.
func readObject(text []byte) (object, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	obj := object{text, map[string]member{}}
	fail := func(err error) error {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return errBrokenOff
		}
		line := obj.line(dec.InputOffset())
		if syn, ok := errors.AsType[*json.SyntaxError](err); ok {
			line = obj.line(syn.Offset)
		}
		return &sidecarError{[]string{fmt.Sprintf("line %d: not valid JSON: %s", line, strings.TrimPrefix(err.Error(), "json: "))}}
	}
	tok, err := dec.Token()
	if err != nil {
		return object{}, fail(err)
	}
	if tok != json.Delim('{') {
		return object{}, &sidecarError{[]string{"line 1: a JSON object in braces { } is expected"}}
	}
	for dec.More() {
		tok, err := dec.Token()
		if err != nil {
			return object{}, fail(err)
		}
		m := member{offset: dec.InputOffset()}
		m.key, _ = tok.(string)
		if err := dec.Decode(&m.value); err != nil {
			return object{}, fail(err)
		}
		k := strings.ToLower(m.key)
		if old, twice := obj.members[k]; twice {
			m.differs = old.differs || !bytes.Equal(old.value, m.value)
		}
		obj.members[k] = m
	}
	if _, err := dec.Token(); err != nil {
		return object{}, fail(err)
	}
	if rest := bytes.TrimLeft(text[dec.InputOffset():], " \t\r\n\x00"); len(rest) > 0 {
		line := obj.line(int64(len(text) - len(rest)))
		return object{}, &sidecarError{[]string{fmt.Sprintf("line %d: there is more text behind the JSON object", line)}}
	}
	return obj, nil
}

// field returns one of the four fields: under the scanner's own name, else under the published one, else the default.
func (o object) field(name, scanners, def string) (value, problem string) {
	for _, key := range []string{scanners, name} {
		if key == "" {
			continue
		}
		m, ok := o.members[strings.ToLower(key)]
		if !ok || string(m.value) == "null" {
			continue
		}
		if m.differs {
			return "", fmt.Sprintf("line %d: %s stands twice with different values", o.line(m.offset), m.key)
		}
		var v string
		if err := json.Unmarshal(m.value, &v); err != nil {
			return "", fmt.Sprintf("line %d: %s must be text in quotes, not %s", o.line(m.offset), m.key, excerpt(m.value))
		}
		if v = strings.TrimSpace(v); v == "" {
			continue
		}
		if problem := checkField(name, v); problem != "" {
			return "", fmt.Sprintf("line %d: %s %s", o.line(m.offset), m.key, problem)
		}
		return v, ""
	}
	if def = strings.TrimSpace(def); def != "" {
		if problem := checkField(name, def); problem != "" {
			return "", fmt.Sprintf("the default of %s in the configuration %s", name, problem)
		}
		return def, ""
	}
	missing := name + " is missing"
	if scanners != "" && !strings.EqualFold(scanners, name) {
		missing = fmt.Sprintf("%s is missing (it is read from %q or %q)", name, scanners, name)
	}
	return "", missing
}

func checkField(name, v string) string {
	switch {
	case len(v) > maxField:
		return fmt.Sprintf("is longer than %d characters", maxField)
	case strings.ContainsFunc(v, unicode.IsControl):
		return "holds control characters"
	}
	if name == "tanggalBlAwb" {
		if t, err := time.Parse(time.DateOnly, v); err != nil || t.Year() < 1900 {
			return fmt.Sprintf("is %q, which is no date as yyyy-MM-dd (such as 2025-09-30)", v)
		}
	}
	return ""
}

var driveLetter = regexp.MustCompile(`^[A-Za-z]:`)

// images returns the optional list of file names.
func (o object) images() (names, problems []string) {
	m, ok := o.members["images"]
	if !ok || string(m.value) == "null" {
		return nil, nil
	}
	var raw []string
	if err := json.Unmarshal(m.value, &raw); err != nil {
		return nil, []string{fmt.Sprintf("line %d: images must be a list of file names", o.line(m.offset))}
	}
	if m.differs {
		return nil, []string{fmt.Sprintf("line %d: images stands twice with different values", o.line(m.offset))}
	}
	seen := map[string]bool{}
	for _, n := range raw {
		p := path.Clean(norm.NFC.String(strings.ReplaceAll(n, `\`, "/")))
		outside := driveLetter.MatchString(p) || !filepath.IsLocal(p) || p == "."
		if outside || strings.TrimSpace(n) == "" || strings.ContainsFunc(n, unicode.IsControl) {
			problems = append(problems, fmt.Sprintf("line %d: images names %s, which is no file name inside the set",
				o.line(m.offset), excerpt([]byte(n))))
			continue
		}
		if !seen[p] {
			seen[p] = true
			names = append(names, p)
		}
	}
	return names, problems
}

// excerpt shows the beginning of something a stranger wrote.
func excerpt(b []byte) string {
	s := string(b)
	if len(s) > 60 {
		s = strings.ToValidUTF8(s[:60], "") + "…"
	}
	return fmt.Sprintf("%q", s)
}
