package config

import (
	"log/slog"
	"time"
)

// Duration is a time span in YAML: a Go duration, with d for days ("90d", "1d12h").
type Duration time.Duration

// D returns it as the standard library's type.
func (d Duration) D() time.Duration { return time.Duration(d) }

// Size is a number of bytes in YAML: a plain number, or one with B, KiB, MiB or GiB.
type Size int64

// Rate is requests per second in YAML: 0 for no limit, "10/s", "600/m", "1000/h".
type Rate float64

// Secret is a string that never prints itself: not in a log, not in an error, not in JSON or YAML.
type Secret string

const hidden = "[hidden]"

// String hides the value.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return hidden
}

// GoString hides the value from %#v.
func (s Secret) GoString() string { return `"` + s.String() + `"` }

// LogValue hides the value from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText hides the value from JSON, YAML and the rest.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Reveal returns the value, for the one place that sends it.
func (s Secret) Reveal() string { return string(s) }
