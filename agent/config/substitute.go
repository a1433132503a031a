package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// maxSecretFile is the largest file that ${file:PATH} takes.
const maxSecretFile = 64 << 10

// substitute replaces ${NAME} by the environment variable and ${file:PATH} by the trimmed content of the file in every
// value of the file, and $${ by ${. It works on values after YAML has been read: what a variable holds is never read
// as YAML, and not looked through for further variables. Any other $ stays as it is.
func (r *reading) substitute() {
	for _, s := range r.scalars {
		if s.node.ShortTag() != "!!str" {
			continue
		}
		value, f := r.expand(s.node.Value)
		if f != nil {
			r.breaks(s.key, *f)
			continue
		}
		s.node.Value = value
	}
}

func (r *reading) expand(text string) (string, *fault) {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "${")
		if !found {
			b.WriteString(text)
			return b.String(), nil
		}
		if literal, escaped := strings.CutSuffix(before, "$"); escaped {
			b.WriteString(literal + "${")
			text = after
			continue
		}
		name, rest, closed := strings.Cut(after, "}")
		if !closed {
			return "", &fault{"${ is not closed", "close it with }, or write $${ for the characters ${ themselves"}
		}
		value, f := r.variable(name)
		if f != nil {
			return "", f
		}
		b.WriteString(before + value)
		text = rest
	}
}

var variablePattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*(\([A-Za-z0-9]+\))?$`) // Windows has ProgramFiles(x86)

// variable returns what stands for ${name}.
func (r *reading) variable(name string) (string, *fault) {
	if path, isFile := strings.CutPrefix(name, "file:"); isFile {
		return r.secretFile(strings.TrimSpace(path))
	}
	if !variablePattern.MatchString(name) {
		return "", &fault{"what stands in ${...} is no name of a variable",
			"write ${NAME} or ${file:PATH}, or $${ for the characters ${ themselves"}
	}
	value, ok := r.lookup(name)
	if ok {
		return value, nil
	}
	unset, beside := fmt.Sprintf("the environment variable %s is not set", name), filepath.Base(EnvironmentFile(r.file))
	if r.sealed {
		return "", &fault{fmt.Sprintf("%s, and %s beside this file may not be read by this account", unset, beside), deniedRemedy}
	}
	return "", &fault{unset, fmt.Sprintf("write %s=... into %s beside this file, or take a file: ${file:PATH}", name, beside)}
}

// secretFile returns the content of the file that ${file:path} names.
func (r *reading) secretFile(path string) (string, *fault) {
	failed := func(what string) (string, *fault) {
		return "", &fault{fmt.Sprintf("the file %q %s", path, what), "make a readable text file there, or correct the path"}
	}
	if path == "" {
		return failed("has no name")
	}
	full := absolute(r.base, path)
	r.secrets = append(r.secrets, full)
	full = source(full)
	if info, err := os.Stat(full); err == nil && !info.Mode().IsRegular() {
		return failed("is not a regular file")
	}
	f, err := os.Open(full)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return failed("does not exist")
	case errors.Is(err, fs.ErrPermission):
		return "", &fault{fmt.Sprintf("the file %q may not be read by this account", path), deniedRemedy}
	case err != nil:
		return failed("cannot be opened")
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSecretFile+1))
	if err != nil {
		return failed("cannot be read")
	}
	if len(data) > maxSecretFile {
		return failed("is larger than 64 KiB")
	}
	text := toUTF8(data)
	if unreadable(text) > 0 {
		return failed("is not text")
	}
	return strings.TrimSpace(string(text)), nil
}
