package config

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"unicode"
)

// absolute returns path as an absolute, clean path; a relative one starts from base. On Windows a path that begins
// with one backslash is on base's drive.
func absolute(base, path string) string {
	switch {
	case filepath.IsAbs(path):
		return filepath.Clean(path)
	case path != "" && os.IsPathSeparator(path[0]):
		return filepath.Clean(filepath.VolumeName(base) + path)
	}
	return filepath.Join(base, path)
}

// resolve makes the path at key absolute. An empty one stays empty.
func (r *reading) resolve(key string, path *string) {
	if *path == "" {
		return
	}
	if f := impossiblePath(*path, runtime.GOOS); f != nil {
		r.wrongValue(key, f.message, f.remedy)
		r.broken[key] = true
		return
	}
	*path = absolute(r.base, *path)
}

var (
	drivePattern   = regexp.MustCompile(`^[A-Za-z]:`)
	percentPattern = regexp.MustCompile(`%([A-Za-z_][A-Za-z0-9_()]*)%`)
)

// impossiblePath returns why a path cannot be meant as it is written on an operating system, or nil.
func impossiblePath(path, goos string) *fault {
	drive := drivePattern.MatchString(path)
	switch {
	case strings.ContainsFunc(path, unicode.IsControl):
		return &fault{"holds a control character", `write Windows paths without quotes or in single quotes, such as 'C:\kurir'`}
	case strings.TrimSpace(path) != path:
		return &fault{"begins or ends with a space", "remove it"}
	case path == "~" || strings.HasPrefix(path, "~/") || strings.HasPrefix(path, `~\`):
		return &fault{"begins with ~, which means another folder for a service", "write the whole path"}
	case goos == "windows" && percentPattern.MatchString(path):
		return &fault{"holds a variable in percent signs", "write it as ${NAME}"}
	case goos == "windows" && drive && (len(path) == 2 || path[2] != '\\' && path[2] != '/'):
		return &fault{"is relative to the current folder of a drive", `write a backslash behind the colon, such as C:\kurir`}
	case goos != "windows" && (drive && len(path) > 2 && strings.ContainsRune(`\/`, rune(path[2])) || strings.HasPrefix(path, `\\`)):
		return &fault{"is a Windows path, and this is not Windows", "write the path that it has on this computer"}
	}
	return nil
}

// folder is one of the folders that must not lie in one another.
type folder struct {
	key   string
	inbox bool   // false: files are written there
	path  string // with symbolic links followed as far as it exists
}

// validateFolders refuses inboxes, outboxes and data_dir that lie in one another. An outbox may serve several inboxes.
func (r *reading) validateFolders(c *Config) {
	var all []folder
	add := func(key, path string, inbox bool) {
		if path == "" || r.broken[key] {
			return
		}
		f := folder{key, inbox, realPath(path)}
		served := func(a folder) bool { return !inbox && !a.inbox && a.key != "data_dir" && same(a.path, f.path) }
		if !slices.ContainsFunc(all, served) {
			all = append(all, f)
		}
	}
	add("data_dir", c.DataDir, false)
	for i, in := range c.Inboxes {
		key := element("inboxes", i)
		add(key+".path", in.Path, true)
		add(key+".outbox", in.Outbox, false)
	}
	for i, b := range all {
		for _, a := range all[:i] {
			if where := r.overlap(a, b); where != "" {
				r.wrongValue(b.key, where, "give each a folder of its own, side by side")
				break
			}
		}
	}
	if c.Log.File == "" || r.broken["log.file"] {
		return
	}
	file := realPath(c.Log.File)
	for _, f := range all {
		if f.inbox && within(file, f.path) {
			r.wrongValue("log.file", "lies in "+f.key, "write the log elsewhere, such as in data_dir")
			return
		}
	}
}

// overlap says how b lies to a when that is refused, or returns "".
func (r *reading) overlap(a, b folder) string {
	other := a.key
	if !r.given(a.key) {
		other = fmt.Sprintf("%s (%s, the default)", a.key, a.path)
	}
	switch {
	case same(a.path, b.path):
		return "is the same folder as " + other
	case within(b.path, a.path):
		return "lies in " + other
	case within(a.path, b.path):
		return "holds " + other
	}
	return ""
}

// realPath follows the symbolic links of the part of path that exists.
func realPath(path string) string {
	rest := ""
	for dir := path; ; {
		if real, err := filepath.EvalSymlinks(dir); err == nil {
			return filepath.Join(real, rest)
		}
		up := filepath.Dir(dir)
		if up == dir {
			return path
		}
		rest = filepath.Join(filepath.Base(dir), rest)
		dir = up
	}
}

func same(a, b string) bool { return within(a, b) && within(b, a) }

// within reports whether path is dir or lies in it. Windows and macOS do not tell capital letters from small ones.
func within(path, dir string) bool {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		path, dir = strings.ToLower(path), strings.ToLower(dir)
	}
	inside, err := filepath.Rel(dir, path)
	return err == nil && inside != ".." && !strings.HasPrefix(inside, ".."+string(filepath.Separator))
}
