package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// environmentFile is where a service finds the variables of its configuration: kurir.env beside kurir.yaml.
func environmentFile(path string) string {
	return strings.TrimSuffix(path, filepath.Ext(path)) + ".env"
}

// takeVariables gives this process the variables of the file at path, which systemd gives to the service, so that every
// command reads the configuration as the service does. What is set already stays. A file that is not there or that
// this account may not read has none.
func takeVariables(path string) error {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the configuration's variables: %w", err)
	}
	for line := range strings.Lines(string(data)) {
		name, value, ok := variable(line)
		if _, set := os.LookupEnv(name); !ok || set {
			continue
		}
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("%s: set %s: %w", path, name, err)
		}
	}
	return nil
}

// variable reads a line NAME=VALUE as systemd does: comments begin with # or ;, and quotes around the value are no part
// of it.
func variable(line string) (name, value string, ok bool) {
	line = strings.TrimSpace(line)
	if line == "" || line[0] == '#' || line[0] == ';' {
		return "", "", false
	}
	name, value, ok = strings.Cut(line, "=")
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	if len(value) >= 2 && (value[0] == '"' || value[0] == '\'') && value[len(value)-1] == value[0] {
		value = value[1 : len(value)-1]
	}
	return name, value, ok && name != ""
}
