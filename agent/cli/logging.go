package cli

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"gopkg.in/natefinch/lumberjack.v2"

	"kurir/agent/config"
	"kurir/agent/logbook"
)

// logBook is the log of a running agent.
type logBook struct {
	*slog.Logger
	lines *logbook.Ring // the last lines; those of level info too when the file has only worse ones
	close func()        // writes what is held back and closes the file; it may be called once all logging has ended
}

// newLogger makes the log that the configuration asks for, to a file that is renewed at its size or else to w. That the file
// cannot be renewed is said once in it, to w and among the last lines.
func newLogger(c config.Log, w io.Writer) logBook {
	lines := logbook.NewRing(logbook.Lines)
	seen := lines.Handler(min(logLevel(c.Level), slog.LevelInfo))
	closeFile := func() {}
	handler := lineHandler(c, w)
	if c.File != "" {
		const mib = 1 << 20
		file := &logFile{file: lumberjack.Logger{
			Filename: c.File, MaxSize: int((c.MaxSize + mib - 1) / mib), MaxBackups: c.Keep, LocalTime: true,
		}}
		said := slog.New(logbook.Both(logbook.Both(lineHandler(c, w), lineHandler(c, appender(file.append))), seen))
		file.warn = func(err error) {
			said.Warn("log file not renewed: it grows beyond max_size", "path", c.File, "error", err)
		}
		handler, closeFile = lineHandler(c, file), func() { _ = file.Close() } // every line is in the file already
	}
	limiter := logbook.Limit(logbook.Both(handler, seen))
	return logBook{Logger: slog.New(limiter), lines: lines, close: func() { limiter.Close(); closeFile() }}
}

// lineHandler writes lines in the configured form.
func lineHandler(c config.Log, w io.Writer) slog.Handler {
	o := &slog.HandlerOptions{Level: logLevel(c.Level)}
	if _, ok := w.(journald); ok {
		o.ReplaceAttr = leaveTime
	}
	if c.Format == "json" {
		return slog.NewJSONHandler(w, o)
	}
	return slog.NewTextHandler(w, o)
}

// appender makes a writer of what appends lines.
type appender func(line []byte) (int, error)

func (a appender) Write(line []byte) (int, error) { return a(line) }

// logLevel is Info for a name that it does not know; the configuration refuses such names.
func logLevel(name string) slog.Level {
	var level slog.Level
	if err := level.UnmarshalText([]byte(name)); err != nil {
		return slog.LevelInfo
	}
	return level
}

// canLog says at start what lumberjack would say at the first line only: that the file cannot be written.
func canLog(c config.Log) error {
	if c.File == "" {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(c.File), 0o750); err != nil {
		return err
	}
	f, err := os.OpenFile(c.File, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}
