package service

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	kardianos "github.com/kardianos/service"

	"kurir/install"
)

// unitFolder is where kardianos, like every administrator, puts units. Packages put theirs elsewhere.
const unitFolder = "/etc/systemd/system"

var unitFolders = []string{unitFolder, "/usr/lib/systemd/system", "/lib/systemd/system"}

// askWithin bounds a question to systemd.
const askWithin = 30 * time.Second

// DefaultLog is "": what a service writes to standard error is in systemd's journal.
func DefaultLog(string) string { return "" }

// LogPlace says where the system keeps why a service has failed.
func LogPlace(name string) string { return "journalctl -u " + name + " -n 20" }

// managed refuses machines without a running systemd.
func managed() error {
	if kardianos.Platform() != "linux-systemd" {
		return fmt.Errorf("%w: systemd does not run here", ErrNoManager)
	}
	if _, err := os.Stat("/run/systemd/system"); err != nil {
		return fmt.Errorf("%w: systemd does not run here", ErrNoManager)
	}
	return nil
}

// Permitted is ErrRights when this account may not change services, and ErrNoManager where there are none.
func (s *Service) Permitted() error {
	if err := managed(); err != nil {
		return err
	}
	if os.Geteuid() != 0 {
		return ErrRights
	}
	return nil
}

func (s *Service) unit() string     { return s.name + ".service" }
func (s *Service) unitPath() string { return filepath.Join(unitFolder, s.unit()) }

// Status asks systemd how the service is doing.
func (s *Service) Status() (Status, error) {
	st := Status{Service: s.name, State: NotInstalled}
	if err := managed(); err != nil {
		return st, err
	}
	said, err := s.properties("LoadState", "ActiveState", "SubState", "MainPID", "NRestarts", "Result", "ExecMainStatus",
		"UnitFileState")
	if err != nil {
		return st, err
	}
	if said["LoadState"] == "not-found" {
		return st, nil
	}
	st.Boot = strings.HasPrefix(said["UnitFileState"], "enabled")
	st.PID, _ = strconv.Atoi(said["MainPID"])
	st.Restarts, _ = strconv.Atoi(said["NRestarts"])
	st.State = stateOf(said["ActiveState"])
	if said["Result"] != "success" {
		st.Detail = said["Result"]
		if code := said["ExecMainStatus"]; code != "0" && said["Result"] == "exit-code" {
			st.Detail += " " + code
		}
	}
	if st.State != Running {
		st.PID = 0
	}
	if u, err := s.installedUnit(); err == nil {
		st.Config, st.User = u.plan.Config, u.plan.User
	}
	return st, nil
}

// stateOf translates systemd's word. A unit between a failure and its next start is "activating".
func stateOf(active string) State {
	switch active {
	case "active", "reloading":
		return Running
	case "activating":
		return Starting
	case "failed":
		return Failed
	default: // inactive, deactivating
		return Stopped
	}
}

// properties are what systemd says of the unit.
func (s *Service) properties(names ...string) (map[string]string, error) {
	out, err := systemctl("show", "--property="+strings.Join(names, ","), s.unit())
	if err != nil {
		return nil, err
	}
	said := map[string]string{}
	for line := range strings.Lines(out) {
		if key, value, ok := strings.Cut(strings.TrimRight(line, "\n"), "="); ok {
			said[key] = value
		}
	}
	return said, nil
}

// systemctl returns what it prints, and what it complains of as an error.
func systemctl(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), askWithin)
	defer cancel()
	var complaint strings.Builder
	cmd := exec.CommandContext(ctx, "systemctl", args...)
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("systemctl %s: %w: %s", args[0], err, strings.TrimSpace(complaint.String()))
	}
	return string(out), nil
}

// refused explains why systemd did not do what it was asked to, which only its own log knows.
func (s *Service) refused(verb string, err error) error {
	status, asked := s.Status()
	if asked != nil || status.Detail == "" {
		return fmt.Errorf("%s %s: %w", verb, s.name, err)
	}
	return fmt.Errorf("%s %s: %w (%s); its last words: journalctl -u %s -n 20", verb, s.name, err, status.Detail, s.name)
}

// installedUnit is a unit of ours, and what it says about itself.
type installedUnit struct {
	path, text string
	plan       Plan // Executable, Config and User alone
}

// errForeign is a unit of the service's name that kurir has not written.
var errForeign = errors.New("it was not made by kurir")

// installedUnit reads the service's unit, wherever it is: fs.ErrNotExist when there is none.
func (s *Service) installedUnit() (installedUnit, error) {
	var u installedUnit
	err := fs.ErrNotExist
	for _, folder := range unitFolders {
		if u, err = readUnit(filepath.Join(folder, s.unit())); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return u, err
}

// readUnit reads a unit that kurir has written: errForeign for another.
func readUnit(path string) (installedUnit, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return installedUnit{}, fmt.Errorf("read the unit: %w", err)
	}
	u := installedUnit{path: path, text: string(data)}
	if !strings.HasPrefix(u.text, install.UnitMarker) {
		return installedUnit{}, fmt.Errorf("%s: %w", path, errForeign)
	}
	for line := range strings.Lines(u.text) {
		key, value, _ := strings.Cut(strings.TrimRight(line, "\n"), "=")
		switch key {
		case "User":
			u.plan.User = value
		case "Config":
			u.plan.Config = value
		case "Executable":
			u.plan.Executable = value
		}
	}
	return u, nil
}

// removable refuses to remove what kurir has not written, and what a package owns.
func (s *Service) removable() error {
	_, err := readUnit(s.unitPath())
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New(s.o.Say("unit ini milik paket; hapus paketnya", "this unit belongs to a package; remove the package"))
	}
	return err
}

// removed takes back what systemd still remembers of the unit.
func (s *Service) removed() error {
	_, _ = systemctl("reset-failed", s.unit()) // it refuses when nothing had failed
	s.o.Note(fmt.Sprintf(s.o.Say("%s dihapus", "%s is removed"), s.unitPath()))
	return nil
}
