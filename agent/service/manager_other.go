//go:build !linux

package service

import (
	"fmt"
)

// managed is nil: every Windows and every macOS has its service manager.
func managed() error { return nil }

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
