package config

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
)

// maxFile is the largest configuration file that is read.
const maxFile = 1 << 20

// Load reads the configuration file at path. What is wrong in it is returned as Errors, all at once; a file that
// cannot be read is another error. Files that the configuration names with ${file:PATH} are read too.
func Load(path string) (*Config, error) {
	f, err := os.Open(source(path))
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	return Parse(data, path)
}

// Parse is Load for a file whose content is at hand. path is its name in messages, and its folder is where relative
// paths start from; "" stands for a kurir.yaml in the working directory and leaves Config.Path empty. The only error
// that is not Errors is that of a working directory that is gone.
func Parse(data []byte, path string) (*Config, error) {
	name := path
	if name == "" {
		name = fileName
	}
	full, err := filepath.Abs(name)
	if err != nil {
		return nil, fmt.Errorf("find the folder of the configuration: %w", err)
	}
	r := newReading(name, filepath.Dir(full))
	r.file = full
	c := Default()
	if path != "" {
		c.Path = full
	}
	if root := r.tree(data); root != nil {
		r.survey(root, "", root.Line)
		r.substitute()
		r.decode(root, "", reflect.ValueOf(c).Elem())
		r.derive(c)
		r.validate(c)
	}
	c.Secrets = slices.Compact(slices.Sorted(slices.Values(r.secrets)))
	if err := r.errors(); err != nil {
		return nil, err
	}
	return c, nil
}
