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
	"kurir/agent/reason"
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
type sidecarError struct{ problems []reason.Phrase }

func badSidecar(p reason.Phrase) error { return &sidecarError{[]reason.Phrase{p}} }

// Error is the problems in English.
func (e *sidecarError) Error() string { return e.in(reason.English) }

// in is the problems in words.
func (e *sidecarError) in(lang reason.Language) string {
	words := make([]string, len(e.problems))
	for i, p := range e.problems {
		words[i] = p.In(lang)
	}
	return strings.Join(words, "; ")
}

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
		return sidecar{}, badSidecar(reason.SidecarTooBig.With())
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
		return sidecar{}, badSidecar(reason.SidecarNoText.With())
	}
	if len(bytes.Trim(text, " \t\r\n\x00")) == 0 {
		return sidecar{}, errBrokenOff
	}
	obj, err := readObject(text)
	if err != nil {
		return sidecar{}, err
	}
	var s sidecar
	var problems []reason.Phrase
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
		if problem != nil {
			problems = append(problems, *problem)
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
		return badSidecar(onLine(line, reason.SidecarSyntax.With(strings.TrimPrefix(err.Error(), "json: "))))
	}
	tok, err := dec.Token()
	if err != nil {
		return object{}, fail(err)
	}
	if tok != json.Delim('{') {
		return object{}, badSidecar(onLine(1, reason.SidecarNoObject.With()))
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
		return object{}, badSidecar(onLine(line, reason.SidecarMore.With()))
	}
	return obj, nil
}

// field returns one of the four fields: under the scanner's own name, else under the published one, else the default.
func (o object) field(name, scanners, def string) (value string, problem *reason.Phrase) {
	for _, key := range []string{scanners, name} {
		if key == "" {
			continue
		}
		m, ok := o.members[strings.ToLower(key)]
		if !ok || string(m.value) == "null" {
			continue
		}
		if m.differs {
			return "", o.at(m, reason.FieldTwice.With(m.key))
		}
		var v string
		if err := json.Unmarshal(m.value, &v); err != nil {
			return "", o.at(m, reason.FieldNoText.With(m.key, excerpt(m.value)))
		}
		if v = strings.TrimSpace(v); v == "" {
			continue
		}
		if problem := checkField(name, m.key, v); problem != nil {
			return "", o.at(m, *problem)
		}
		return v, nil
	}
	if def = strings.TrimSpace(def); def != "" {
		if problem := checkField(name, name, def); problem != nil {
			return "", ptr(reason.DefaultWrong.With(name, *problem))
		}
		return def, nil
	}
	if scanners != "" && !strings.EqualFold(scanners, name) {
		return "", ptr(reason.FieldMissing2.With(name, scanners))
	}
	return "", ptr(reason.FieldMissing.With(name))
}

// checkField returns what is wrong with the value of a field, which stands under key; nil for nothing.
func checkField(name, key, v string) *reason.Phrase {
	switch {
	case len(v) > maxField:
		return ptr(reason.FieldLong.With(key, maxField))
	case strings.ContainsFunc(v, unicode.IsControl):
		return ptr(reason.FieldControl.With(key))
	}
	if name == "tanggalBlAwb" {
		if t, err := time.Parse(time.DateOnly, v); err != nil || t.Year() < 1900 {
			return ptr(reason.FieldNoDate.With(key, v))
		}
	}
	return nil
}

// at says on which line a member is wrong.
func (o object) at(m member, p reason.Phrase) *reason.Phrase { return ptr(onLine(o.line(m.offset), p)) }

func onLine(line int, p reason.Phrase) reason.Phrase { return reason.OnLine.With(line, p) }

var driveLetter = regexp.MustCompile(`^[A-Za-z]:`)

// images returns the optional list of file names.
func (o object) images() (names []string, problems []reason.Phrase) {
	m, ok := o.members["images"]
	if !ok || string(m.value) == "null" {
		return nil, nil
	}
	var raw []string
	if err := json.Unmarshal(m.value, &raw); err != nil {
		return nil, []reason.Phrase{*o.at(m, reason.ImagesNoList.With())}
	}
	if m.differs {
		return nil, []reason.Phrase{*o.at(m, reason.FieldTwice.With(m.key))}
	}
	seen := map[string]bool{}
	for _, n := range raw {
		p := path.Clean(norm.NFC.String(strings.ReplaceAll(n, `\`, "/")))
		outside := driveLetter.MatchString(p) || !filepath.IsLocal(p) || p == "."
		if outside || strings.TrimSpace(n) == "" || strings.ContainsFunc(n, unicode.IsControl) {
			problems = append(problems, *o.at(m, reason.ImagesOutside.With(excerpt([]byte(n)))))
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
