//go:build !windows

package service

import (
	"fmt"

	kardianos "github.com/kardianos/service"
)

// ask has the service manager do something and returns once it is done.
func (s *Service) ask(verb string) error {
	handle, err := s.handle(&kardianos.Config{Name: s.name})
	if err != nil {
		return err
	}
	switch verb {
	case "start":
		return handle.Start()
	case "stop":
		return handle.Stop()
	case "restart":
		return handle.Restart()
	}
	return fmt.Errorf("%s is nothing that a service does", verb)
}

// forget does nothing: the account stays.
func (s *Service) forget(*Plan) error { return nil }
