// Package service makes kurir a service of the operating system: it installs, removes and asks the service manager
// (systemd, Windows', launchd), and runs the agent under it.
//
// An instance is one agent with one configuration; its service is called kurir, or kurir-INSTANCE. The package knows
// no configuration: what a service needs of it stands in a Plan. It touches the services of its own names alone, and
// on Linux only units that it has written. Its only caller is cli.
package service

import (
	"errors"
	"fmt"
	"regexp"

	kardianos "github.com/kardianos/service"
)

// Errors that the methods of Service return, possibly wrapped.
var (
	ErrNotInstalled = errors.New("the service is not installed")
	ErrRights       = errors.New("the rights of an administrator are needed")
	ErrNoAccount    = errors.New("there is no such account")
	ErrNoManager    = errors.New("no service manager that kurir knows")
	ErrAtWork       = errors.New("the service is at work") // and its process cannot be given something else to do
	ErrUntried      = errors.New("the service could not be asked")
)

// DefaultName is the service of the instance without a name.
const DefaultName = "kurir"

// Options say which instance is meant and how to talk about it.
type Options struct {
	Instance string                                  // "" is the one without a name
	Say      func(indonesian, english string) string // picks the language
	Note     func(line string)                       // is told of each thing that was done
}

// Service is one instance, installed or not. Its methods are not safe for concurrent use.
type Service struct {
	o       Options
	name    string
	onTrial bool // it has been registered in order to be tried
}

// Plan is what a service is made of. Paths are absolute.
type Plan struct {
	Executable      string
	Config          string
	User            string            // the account; "": the system's default
	EnvironmentFile string            // variables for the configuration; it may be missing
	Credentials     map[string]string // names and paths of the configuration and the files of its secrets
	Reads           []string          // other files that the configuration names
	Inboxes         []Inbox
	DataDir         string
	LogFile         string // "" where there is none
	Password        string // of the account. Windows alone
	Page            string // the address of the page; "" where it has none that is known. Windows alone
}

// Inbox is a folder that is emptied and the one that its files go to.
type Inbox struct{ Path, Outbox string }

// State is what a service is doing.
type State string

// The states. Starting is also what waits for its next start after a failure.
const (
	NotInstalled State = "not installed"
	Stopped      State = "stopped"
	Starting     State = "starting"
	Running      State = "running"
	Failed       State = "failed"
)

// Status is how a service is doing. Fields that the system does not tell are zero.
type Status struct {
	Service  string `json:"service"`
	State    State  `json:"state"`
	Boot     bool   `json:"boot"` // it starts with the machine
	PID      int    `json:"pid,omitempty"`
	Restarts int    `json:"restarts,omitempty"` // since it was started by hand or at boot
	Detail   string `json:"detail,omitempty"`   // why it failed
	Config   string `json:"config,omitempty"`
	User     string `json:"user,omitempty"`
}

var instancePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,47}$`)

// New returns the instance that o names. It fails for a name that no service can have.
func New(o Options) (*Service, error) {
	s := &Service{o: o, name: DefaultName}
	if o.Instance != "" && o.Instance != DefaultName {
		if !instancePattern.MatchString(o.Instance) {
			return nil, fmt.Errorf("%q is no name for a service: letters, digits, - and _, at most 48", o.Instance)
		}
		s.name = DefaultName + "-" + o.Instance
	}
	return s, nil
}

// Name is what the service manager calls it.
func (s *Service) Name() string { return s.name }

// Mine reports whether this account may act for the service.
func (s *Service) Mine() bool { return s.Permitted() == nil }

// Start starts the service and returns once it works. On a service that works already it does nothing.
func (s *Service) Start() error { return s.control("start") }

// Stop stops the service and returns once it has ended.
func (s *Service) Stop() error { return s.control("stop") }

// Restart stops the service, if it works, and starts it.
func (s *Service) Restart() error { return s.control("restart") }

// control asks the service manager for something that needs an installed service.
func (s *Service) control(verb string) error {
	if err := s.Permitted(); err != nil {
		return err
	}
	status, err := s.Status()
	if err != nil {
		return err
	}
	if status.State == NotInstalled {
		return fmt.Errorf("%s %s: %w", verb, s.name, ErrNotInstalled)
	}
	if err := s.ask(verb); err != nil {
		return s.refused(verb, err)
	}
	return nil
}

// handle is the service manager's view of a service.
func (s *Service) handle(c *kardianos.Config) (kardianos.Service, error) {
	if err := managed(); err != nil {
		return nil, err
	}
	handle, err := kardianos.New(nil, c) // Run does not come this way
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoManager, err)
	}
	return handle, nil
}

// Uninstall stops the service and removes it. Configuration, folders, journal and account stay: they are the user's. On
// Windows the service's own account goes with it, and so do its rights on what p names; without p they are left, and that
// is said. ErrNotInstalled when there is nothing to remove.
func (s *Service) Uninstall(p *Plan) error {
	if err := s.Permitted(); err != nil {
		return err
	}
	status, err := s.Status()
	if err != nil {
		return err
	}
	if status.State == NotInstalled {
		return fmt.Errorf("uninstall %s: %w", s.name, ErrNotInstalled)
	}
	if err := s.removable(); err != nil {
		return err
	}
	handle, err := s.handle(&kardianos.Config{Name: s.name})
	if err != nil {
		return err
	}
	if status.State == Running || status.State == Starting {
		if err := s.ask("stop"); err != nil {
			return s.refused("stop", err)
		}
	}
	if err := handle.Uninstall(); err != nil {
		return s.refused("uninstall", err)
	}
	return errors.Join(s.removed(), s.forget(p))
}

// Withdraw removes the service again if Try has registered it.
func (s *Service) Withdraw() error {
	if !s.onTrial {
		return nil
	}
	s.onTrial = false
	handle, err := s.handle(&kardianos.Config{Name: s.name})
	if err != nil {
		return err
	}
	if err := handle.Uninstall(); err != nil {
		return s.refused("withdraw", err)
	}
	return nil
}
