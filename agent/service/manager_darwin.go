package service

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"

	kardianos "github.com/kardianos/service"

	"kurir/install"
)

// DefaultLog is "": launchd puts what a service writes to standard error into a file.
func DefaultLog(string) string { return "" }

// LogPlace says where the system keeps why a service has failed.
func LogPlace(name string) string { return name + ".err in data_dir" }

// Permitted is ErrRights when this account may not change services, and ErrNoManager where there are none.
func (s *Service) Permitted() error {
	if os.Geteuid() != 0 {
		return ErrRights
	}
	return nil
}

// plistPath is where launchd finds the jobs of the machine, and kardianos puts them.
func (s *Service) plistPath() string { return "/Library/LaunchDaemons/" + s.name + ".plist" }

// Installed is with what the service was installed: Executable, Config and User alone; zero where there is none.
func (s *Service) Installed() Plan {
	text, err := os.ReadFile(s.plistPath())
	if err != nil {
		return Plan{}
	}
	p, err := install.ReadPlist(string(text))
	if err != nil {
		return Plan{}
	}
	return Plan{Executable: p.Executable, Config: p.Config, User: p.User}
}

// plist is what launchd is told.
func (s *Service) plist(p Plan) (string, error) {
	text, err := install.Plist(install.PlistParams{
		Name: s.name, Executable: p.Executable, Config: p.Config, User: p.User, Log: filepath.Join(p.DataDir, "kurir.err"),
	})
	if err != nil {
		return "", err
	}
	if strings.Contains(text, "{{") { // kardianos takes the text for a template
		return "", errors.New("no path of a service may hold {{")
	}
	return text, nil
}

// Status asks the service manager how the service is doing.
func (s *Service) Status() (Status, error) {
	st := Status{Service: s.name, State: NotInstalled}
	handle, err := s.handle(&kardianos.Config{Name: s.name})
	if err != nil {
		return st, err
	}
	state, err := handle.Status()
	switch {
	case errors.Is(err, kardianos.ErrNotInstalled):
		return st, nil
	case err != nil:
		return st, fmt.Errorf("ask for the service %s: %w", s.name, err)
	case state == kardianos.StatusRunning:
		st.State = Running
	default:
		st.State = Stopped
	}
	st.Boot = true
	installed := s.Installed()
	st.Config, st.User = installed.Config, installed.User
	return st, nil
}

// Prepare makes the folders that are missing, which then belong to the service's account. What exists is not touched.
func (s *Service) Prepare(p *Plan) error {
	if err := s.Permitted(); err != nil {
		return err
	}
	uid, gid, err := accountOf(p.User)
	if err != nil {
		return err
	}
	dirs := []string{p.DataDir}
	if p.LogFile != "" {
		dirs = append(dirs, filepath.Dir(p.LogFile))
	}
	for _, in := range p.Inboxes {
		dirs = append(dirs, in.Path, in.Outbox)
	}
	for _, dir := range dirs {
		if _, err := os.Stat(dir); err == nil {
			continue
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("make folder: %w", err)
		}
		if err := os.Chown(dir, uid, gid); err != nil {
			return fmt.Errorf("give folder: %w", err)
		}
		s.o.Note(fmt.Sprintf(s.o.Say("folder %s dibuat", "folder %s made"), dir))
	}
	return nil
}

// accountOf returns the numbers of an account; "" is root.
func accountOf(name string) (uid, gid int, err error) {
	if name == "" {
		return 0, 0, nil
	}
	u, err := user.Lookup(name)
	var unknown user.UnknownUserError
	if errors.As(err, &unknown) {
		return 0, 0, fmt.Errorf("%w: %s", ErrNoAccount, name)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("look for the account %s: %w", name, err)
	}
	uid, uidErr := strconv.Atoi(u.Uid)
	gid, gidErr := strconv.Atoi(u.Gid)
	return uid, gid, errors.Join(uidErr, gidErr)
}

// Install registers the service, anew when it is there already in another form, and has it started with the machine. It
// reports whether anything has changed. A service that runs goes on as the new one.
func (s *Service) Install(p Plan) (changed bool, err error) {
	if err := s.Permitted(); err != nil {
		return false, err
	}
	text, err := s.plist(p)
	if err != nil {
		return false, err
	}
	before, err := s.Status()
	if err != nil {
		return false, err
	}
	if old, err := os.ReadFile(s.plistPath()); err == nil && string(old) == text {
		return false, nil
	}
	handle, err := s.handle(&kardianos.Config{Name: s.name, Executable: p.Executable, UserName: p.User,
		Option: kardianos.KeyValue{"LaunchdConfig": text}})
	if err != nil {
		return false, err
	}
	if before.State != NotInstalled {
		if err := handle.Uninstall(); err != nil { // it is stopped on the way
			return false, s.refused("update", err)
		}
	}
	if err := handle.Install(); err != nil {
		return false, s.refused("install", err)
	}
	s.o.Note(fmt.Sprintf(s.o.Say("%s ditulis; mulai bersama komputer", "%s written; it starts with the machine"), s.plistPath()))
	if before.State == Running {
		if err := handle.Start(); err != nil {
			return true, s.refused("start", err)
		}
	}
	return true, nil
}
