//go:build !linux

package service

import (
	"context"
	"fmt"
	"io"
)

// managed is nil: every Windows and every macOS has its service manager.
func managed() error { return nil }

// Find returns the installed service that runs with this configuration: nil, because this system does not tell.
func Find(string, Options) *Service { return nil }

// Try would run this program as the service sees the system. It cannot here: handled is false.
func (s *Service) Try(context.Context, *Plan, io.Writer, io.Writer, ...string) (code int, handled bool, err error) {
	return 0, false, nil
}

// Outdated is false: what a service was installed for is not looked at.
func (s *Service) Outdated(Plan) bool { return false }

func (s *Service) refused(verb string, err error) error {
	return fmt.Errorf("%s %s: %w", verb, s.name, err)
}

func (s *Service) removable() error { return nil }

func (s *Service) removed() error {
	s.o.Note(fmt.Sprintf(s.o.Say("layanan %s dihapus", "the service %s is removed"), s.name))
	return nil
}
