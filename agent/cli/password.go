package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// password is that of --password, or for "-" what is typed, unseen on a terminal.
func (a *app) password(f *serviceFlags) (string, error) {
	if f.password != "-" {
		return f.password, nil
	}
	fd := int(os.Stdin.Fd())
	if term.IsTerminal(fd) {
		_, _ = fmt.Fprintf(a.err, a.say("kata sandi untuk %s: ", "password of %s: "), f.user)
		typed, err := term.ReadPassword(fd)
		_, _ = fmt.Fprintln(a.err)
		return string(typed), err
	}
	line, err := bufio.NewReader(io.LimitReader(os.Stdin, 1<<10)).ReadString('\n')
	if line = strings.TrimRight(strings.TrimPrefix(line, "\ufeff"), "\r\n"); line == "" {
		return "", usagef("%s", a.say("tidak ada kata sandi di masukan standar", "there is no password on standard input"))
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return line, err
}
