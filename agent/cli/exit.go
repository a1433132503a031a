package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"kurir/agent/config"
	"kurir/agent/control"
	"kurir/agent/service"
)

// The exit codes, an interface with the user's scripts.
const (
	exitDone    = 0 // done
	exitFailed  = 1 // it failed
	exitUsage   = 2 // wrong usage or configuration
	exitNothing = 3 // nothing matches
)

// exitCode is the one place where errors become exit codes.
func exitCode(err error) int {
	var usage *usageError
	var problems config.Errors
	var done *exitError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &done):
		return done.code
	case errors.As(err, &usage), errors.As(err, &problems), errors.Is(err, control.ErrInvalid):
		return exitUsage
	case errors.Is(err, control.ErrNoMatch), errors.Is(err, service.ErrNotInstalled):
		return exitNothing
	default:
		return exitFailed
	}
}

// errReported is a failure of which everything has been said already.
var errReported = errors.New("failed as reported")

// exitError is the end of another process of this program, which has said everything already.
type exitError struct{ code int }

func (e *exitError) Error() string { return fmt.Sprintf("exit code %d", e.code) }

func (e *exitError) Is(target error) bool { return target == errReported }

// usageError is a command line or a configuration that cannot be obeyed. Without err all has been said already.
type usageError struct {
	err    error
	hint   string // how to do better; "" is the command's help
	config bool   // the configuration is to blame, not the command line
}

func (e *usageError) Error() string {
	if e.err == nil {
		return "wrong usage"
	}
	return e.err.Error()
}

func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return &usageError{err: fmt.Errorf(format, args...)} }

// complain says on standard error what went wrong, and for a wrong use how to do better.
func (a *app) complain(cmd *cobra.Command, err error) {
	var usage *usageError
	isUsage := errors.As(err, &usage)
	if errors.Is(err, errReported) || isUsage && usage.err == nil {
		return
	}
	if errors.Is(err, context.Canceled) {
		a.note(a.say("dihentikan", "stopped"))
		return
	}
	for line := range strings.Lines(a.inWords(err)) {
		a.note(a.paintErr.bad(strings.TrimRight(line, "\n")))
	}
	switch {
	case isUsage && usage.hint != "":
		a.note(usage.hint)
	case isUsage && usage.config:
		a.note(a.say(`perbaiki konfigurasi, lalu jalankan "kurir check"`, `correct the configuration, then run "kurir check"`))
	case isUsage && cmd != nil:
		a.note(fmt.Sprintf(a.say(`lihat "%s --help"`, `see "%s --help"`), cmd.CommandPath()))
	}
}

// inWords is an error in the reader's language, as far as its words are those that everyone meets.
func (a *app) inWords(err error) string {
	text := err.Error()
	for known, indonesian := range map[error]string{
		control.ErrNoMatch: "tidak ada yang cocok", control.ErrInvalid: "permintaan tidak sah",
		control.ErrNotRunning: "tidak ada agen yang berjalan",
	} {
		if errors.Is(err, known) {
			text = strings.ReplaceAll(text, known.Error(), a.say(indonesian, known.Error()))
		}
	}
	return text
}

// note writes one line to standard error.
func (a *app) note(line string) { _, _ = fmt.Fprintln(a.err, "kurir:", line) }

// The argument rules of the commands, as usage errors.

func noArgs(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("unexpected argument %q", args[0])
	}
	return nil
}

func atMostOne(_ *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usagef("unexpected argument %q", args[1])
	}
	return nil
}

func someArgs(what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usagef("%s is missing", what)
		}
		return nil
	}
}
