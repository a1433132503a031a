package service

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	kardianos "github.com/kardianos/service"
)

// DefaultLog is "": launchd puts what a service writes to standard error into a file.
func DefaultLog(string) string { return "" }

// Permitted is ErrRights when this account may not change services, and ErrNoManager where there are none.
func (s *Service) Permitted() error {
	if os.Geteuid() != 0 {
		return ErrRights
	}
	return nil
}

// Installed is what was given when the service was installed; zero where there is none.
func (s *Service) Installed() Plan { return Plan{} }

// config is what launchd is told.
func (s *Service) config(p Plan) *kardianos.Config {
	return &kardianos.Config{
		Name: s.name, Executable: p.Executable, UserName: p.User, Arguments: []string{"run", "--config", p.Config},
		WorkingDirectory: filepath.Dir(p.Config),
		Option:           kardianos.KeyValue{"KeepAlive": true, "RunAtLoad": true, "LogDirectory": p.DataDir},
	}
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
	return st, nil
}

// Prepare makes the folders that are missing. What exists is not touched.
func (s *Service) Prepare(p *Plan) error {
	if err := s.Permitted(); err != nil {
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
		s.o.Note(fmt.Sprintf(s.o.Say("folder %s dibuat", "folder %s made"), dir))
	}
	return nil
}

// Install registers the service, anew when it is there already, and has it started with the machine. It reports whether
// anything has changed.
func (s *Service) Install(p Plan) (changed bool, err error) {
	if err := s.Permitted(); err != nil {
		return false, err
	}
	before, err := s.Status()
	if err != nil {
		return false, err
	}
	handle, err := s.handle(s.config(p))
	if err != nil {
		return false, err
	}
	if before.State == Running {
		if err := handle.Stop(); err != nil {
			return false, s.refused("stop", err)
		}
	}
	if before.State != NotInstalled {
		if err := handle.Uninstall(); err != nil {
			return false, s.refused("update", err)
		}
	}
	if err := handle.Install(); err != nil {
		return false, s.refused("install", err)
	}
	s.o.Note(fmt.Sprintf(s.o.Say("layanan %s didaftarkan; mulai bersama komputer", "the service %s is registered; it starts with the machine"),
		s.name))
	if before.State == Running {
		if err := handle.Start(); err != nil {
			return true, s.refused("start", err)
		}
	}
	return true, nil
}
