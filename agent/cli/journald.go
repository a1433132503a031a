package cli

import (
	"bytes"
	"io"
	"log/slog"
)

// journald is systemd's journal behind standard error: it has its own time for every line, and takes a line's priority
// from a number in angle brackets before it.
type journald struct{ w io.Writer }

// Write takes one line of a slog handler, which begins with its level since leaveTime leaves the time away.
func (j journald) Write(line []byte) (int, error) {
	priority := "<6>"
	for word, p := range map[string]string{"ERROR": "<3>", "WARN": "<4>", "DEBUG": "<7>"} {
		if bytes.HasPrefix(line, []byte("level="+word)) || bytes.HasPrefix(line, []byte(`{"level":"`+word)) {
			priority = p
		}
	}
	if _, err := j.w.Write(append([]byte(priority), line...)); err != nil {
		return 0, err
	}
	return len(line), nil
}

// leaveTime drops the time of a line.
func leaveTime(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}
