package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Find returns the installed service that runs with this configuration, nil when there is none.
func Find(config string, o Options) *Service {
	paths, err := filepath.Glob("/Library/LaunchDaemons/" + DefaultName + "*.plist")
	if err != nil {
		return nil
	}
	for _, path := range paths {
		s := &Service{o: o, name: strings.TrimSuffix(filepath.Base(path), ".plist")}
		if s.Installed().Config == config {
			return s
		}
	}
	return nil
}

// Try runs this program with other arguments as the service's account, with its groups and without the environment of who
// asks: launchd gives a service nothing else of its own. It returns the program's exit code. handled is false where this
// account may not do that, and nothing was run.
func (s *Service) Try(ctx context.Context, p *Plan, stdout, stderr io.Writer, args ...string) (code int, handled bool, err error) {
	if !s.Mine() {
		return 0, false, nil
	}
	as := s.Installed()
	if p != nil {
		as = *p
	}
	cmd := exec.CommandContext(ctx, as.Executable, args...) //nolint:gosec // this program
	cmd.Dir, cmd.Stdout, cmd.Stderr = "/", stdout, stderr
	cmd.Env = []string{"PATH=/usr/bin:/bin:/usr/sbin:/sbin"}
	for _, name := range []string{"LANG", "LC_ALL", "LC_MESSAGES", "NO_COLOR"} {
		if value := os.Getenv(name); value != "" {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	if cmd.SysProcAttr, err = attributesOf(as.User); err != nil {
		return 0, true, err
	}
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0, true, nil
	case errors.As(err, &exit) && exit.ExitCode() >= 0:
		return exit.ExitCode(), true, nil
	default:
		return 0, true, fmt.Errorf("try the service: %w", err)
	}
}

// attributesOf has a process run as an account; "" is this one.
func attributesOf(name string) (*syscall.SysProcAttr, error) {
	if name == "" {
		return &syscall.SysProcAttr{}, nil
	}
	uid, gid, err := accountOf(name)
	if err != nil {
		return nil, err
	}
	account, err := user.Lookup(name)
	if err != nil {
		return nil, fmt.Errorf("look for the account %s: %w", name, err)
	}
	ids, err := account.GroupIds()
	if err != nil {
		return nil, fmt.Errorf("look for the groups of %s: %w", name, err)
	}
	credential := &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	for _, id := range ids {
		if n, err := strconv.ParseUint(id, 10, 32); err == nil {
			credential.Groups = append(credential.Groups, uint32(n))
		}
	}
	return &syscall.SysProcAttr{Credential: credential}, nil
}
