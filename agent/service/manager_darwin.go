package service

import (
	"os"
	"path/filepath"

	kardianos "github.com/kardianos/service"
)

// byManager is false: launchd wants nothing but signals.
func byManager() bool { return false }

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
