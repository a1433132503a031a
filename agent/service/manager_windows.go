package service

import (
	"path/filepath"

	kardianos "github.com/kardianos/service"
	"golang.org/x/sys/windows"
)

// byManager reports whether Windows' service manager has to be answered.
func byManager() bool { return !kardianos.Interactive() }

// DefaultLog is where a service logs that was given no file: it has no standard error that anyone could read.
func DefaultLog(dataDir string) string {
	if kardianos.Interactive() {
		return ""
	}
	return filepath.Join(dataDir, "kurir.log")
}

// Permitted is ErrRights when this account may not change services, and ErrNoManager where there are none.
func (s *Service) Permitted() error {
	if !windows.GetCurrentProcessToken().IsElevated() {
		return ErrRights
	}
	return nil
}

// Installed is what was given when the service was installed; zero where there is none.
func (s *Service) Installed() Plan { return Plan{} }

// config is what Windows' service manager is told.
func (s *Service) config(p Plan) *kardianos.Config {
	return &kardianos.Config{
		Name: s.name, DisplayName: s.name, Description: "Carries X-ray photos to Bea Cukai and answers about Aju numbers back from T2G",
		Executable: p.Executable, UserName: p.User, Arguments: []string{"run", "--config", p.Config, "--service", s.name},
		Option: kardianos.KeyValue{
			"DelayedAutoStart": true,
			"OnFailure":        "restart", "OnFailureDelayDuration": "5s", "OnFailureResetPeriod": 3600,
		},
	}
}
