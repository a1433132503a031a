package cli

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"gopkg.in/natefinch/lumberjack.v2"

	"kurir/agent/config"
)

// unrenewable is where a log can be written but not be renamed, not even by root, and release what ends that.
func unrenewable(t *testing.T) (path string, release func()) {
	t.Helper()
	dir := t.TempDir()
	if runtime.GOOS != "windows" { // with the time in it, the old file's name is too long
		path = filepath.Join(dir, strings.Repeat("k", 240)+".log")
		return path, func() {
			if err := os.Rename(path, filepath.Join(dir, "old.log")); err != nil {
				t.Error(err)
			}
		}
	}
	path = filepath.Join(dir, "kurir.log")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) // as a viewer does
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return path, func() { _ = f.Close() }
}

// TestLogThatCannotBeRenewed writes three times what the log may hold: every line is in it, and once that it grows.
func TestLogThatCannotBeRenewed(t *testing.T) {
	path, _ := unrenewable(t)
	c := config.Log{Level: "info", Format: "text", File: path, MaxSize: 1 << 20, Keep: 2}
	if err := canLog(c); err != nil {
		t.Fatal(err)
	}
	var other bytes.Buffer
	log := newLogger(c, &other)
	filler := strings.Repeat("x", 64<<10)
	for n := range 3 * 16 {
		log.Info("line", "n", n, "error", filler)
	}
	log.close()
	b, err := os.ReadFile(path)
	if lines := bytes.Count(b, []byte("msg=line ")); err != nil || lines != 3*16 {
		t.Errorf("%d lines are in the file, %v", lines, err)
	}
	const said = `level=WARN msg="log file not renewed: it grows beyond max_size"`
	if n := bytes.Count(b, []byte(said)); n != 1 {
		t.Errorf("the file says so %d times", n)
	}
	if n := strings.Count(other.String(), said); n != 1 || strings.Count(other.String(), "\n") != 1 {
		t.Errorf("besides the file is said %q", &other)
	}
	warned := log.lines.Since(0, slog.LevelWarn, 10)
	if len(warned) != 1 || warned[0].Attrs["path"] != path || warned[0].Attrs["error"] == "" {
		t.Errorf("the page has %+v", warned)
	}
}

// TestLogIsRenewedAgain ends what keeps the log from being renewed, and begins it again.
func TestLogIsRenewedAgain(t *testing.T) {
	path, release := unrenewable(t)
	warned := 0
	f := &logFile{file: lumberjack.Logger{Filename: path, MaxSize: 1}, warn: func(error) { warned++ }}
	defer f.Close()
	write := func() {
		t.Helper()
		if n, err := f.Write(bytes.Repeat([]byte("x"), 600<<10)); n != 600<<10 || err != nil {
			t.Fatalf("%d bytes, %v", n, err)
		}
	}
	size := func() int64 {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	for range 3 {
		write()
	}
	f.renews = time.Now() // a minute has passed
	write()
	if warned != 1 || size() != 4*600<<10 {
		t.Errorf("%d warnings, %d bytes", warned, size())
	}
	release()
	f.renews = time.Now()
	write()
	if warned != 1 || size() != 600<<10 || f.stuck {
		t.Errorf("once it can be renewed: %d warnings, %d bytes, stuck %t", warned, size(), f.stuck)
	}
	if runtime.GOOS == "windows" {
		return // the file would have to be taken hold of again
	}
	write()
	if warned != 2 || size() != 2*600<<10 {
		t.Errorf("when it cannot again: %d warnings, %d bytes", warned, size())
	}
}
