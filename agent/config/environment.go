package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// EnvironmentFile is where the variables of the configuration at path may stand, one NAME=VALUE a line: kurir.env beside
// kurir.yaml. A service has no session to set them in.
func EnvironmentFile(path string) string {
	return strings.TrimSuffix(path, filepath.Ext(path)) + ".env"
}

// lookup returns a variable of the environment, or else of the environment file. Only the configuration sees what stands
// there: this process and those that it starts are not given any of it.
func (r *reading) lookup(name string) (string, bool) {
	if value, ok := os.LookupEnv(name); ok {
		return value, true
	}
	if r.variables == nil {
		r.variables = map[string]string{}
		// A file that is not there, or that this account may not read, has no variables for it.
		data, err := os.ReadFile(source(EnvironmentFile(r.file)))
		if err == nil && len(data) <= maxFile {
			r.variables = variablesOf(toUTF8(data))
		}
		r.sealed = errors.Is(err, fs.ErrPermission)
	}
	value, ok := r.variables[name]
	return value, ok
}

// variablesOf reads lines NAME=VALUE as systemd does: comments begin with # or ;, and quotes around a value are no part
// of it.
func variablesOf(text []byte) map[string]string {
	found := map[string]string{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if len(value) >= 2 && (value[0] == '"' || value[0] == '\'') && value[len(value)-1] == value[0] {
			value = value[1 : len(value)-1]
		}
		if ok && name != "" {
			found[name] = value
		}
	}
	return found
}
