package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Find returns the installed service that runs with this configuration, nil when there is none.
func Find(config string, o Options) *Service {
	for _, folder := range unitFolders {
		paths, err := filepath.Glob(filepath.Join(folder, DefaultName+"*.service"))
		if err != nil {
			continue // only a bad pattern fails
		}
		for _, path := range paths {
			if u, err := readUnit(path); err == nil && u.plan.Config == config {
				return &Service{o: o, name: strings.TrimSuffix(filepath.Base(path), ".service")}
			}
		}
	}
	return nil
}

// Try runs this program with other arguments in the sandbox that the service has, or would have with this plan: as its
// account, with its credentials, and with the folders alone that it may write to. It returns the program's exit code. handled
// is false where the system cannot do this, and nothing was run.
func (s *Service) Try(ctx context.Context, p *Plan, stdout, stderr io.Writer, args ...string) (code int, handled bool, err error) {
	if !s.Mine() {
		return 0, false, nil
	}
	u := installedUnit{}
	if p != nil {
		if u.text, err = s.unitText(*p); err != nil {
			return 0, true, err
		}
		u.plan = *p
	} else if u, err = s.installedUnit(); err != nil {
		return 0, true, err
	}
	run := append([]string{"--quiet", "--wait", "--pipe", "--collect", "--property=RuntimeMaxSec=300"}, properties(u.text)...)
	for _, name := range []string{"LANG", "LC_ALL", "LC_MESSAGES", "LANGUAGE", "NO_COLOR"} {
		if value := os.Getenv(name); value != "" {
			run = append(run, "--setenv="+name+"="+value)
		}
	}
	run = append(append(run, "--", u.plan.Executable), args...)
	cmd := exec.CommandContext(ctx, "systemd-run", run...) //nolint:gosec // its arguments are a unit of ours, and this program's own
	cmd.Stdout, cmd.Stderr = stdout, stderr
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0, true, nil
	case errors.As(err, &exit) && exit.ExitCode() >= 0:
		return exit.ExitCode(), true, s.unstarted(exit.ExitCode(), u.plan)
	default:
		return 0, true, fmt.Errorf("try the service: %w", err)
	}
}

// The codes with which systemd ends a process that it could not start.
const (
	exitExec        = 203
	exitUser        = 217
	exitNamespace   = 226
	exitCredentials = 243
)

// unstarted explains why the program could not be started in its sandbox.
func (s *Service) unstarted(code int, p Plan) error {
	switch code {
	case exitExec:
		return fmt.Errorf(s.o.Say("akun %s tidak dapat menjalankan %s; salin programnya ke /usr/local/bin",
			"the account %s cannot run %s; copy the program to /usr/local/bin"), p.User, p.Executable)
	case exitUser:
		return fmt.Errorf(s.o.Say("tidak ada akun %s", "there is no account %s"), p.User)
	case exitNamespace, exitCredentials:
		return fmt.Errorf(s.o.Say("systemd tidak dapat menyiapkan layanan (kode %d); lihat journalctl -n 20",
			"systemd cannot set the service up (code %d); see journalctl -n 20"), code)
	}
	return nil
}

// ofStart are the settings of a unit that are about starting and watching a service, not about its surroundings.
var ofStart = map[string]bool{
	"Type": true, "NotifyAccess": true, "ExecStart": true, "Restart": true, "RestartSec": true, "WatchdogSec": true,
	"TimeoutStartSec": true, "TimeoutStopSec": true,
}

// properties are a unit's surroundings as arguments of systemd-run, which takes no specifiers.
func properties(unit string) []string {
	var args []string
	section := ""
	for line := range strings.Lines(unit) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			section = line
		}
		key, value, ok := strings.Cut(line, "=")
		if section != "[Service]" || !ok || strings.HasPrefix(line, "#") || ofStart[key] {
			continue
		}
		args = append(args, "--property="+key+"="+strings.ReplaceAll(value, "%%", "%"))
	}
	return args
}
