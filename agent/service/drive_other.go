//go:build !windows

package service

// MappedDrive is "": only Windows has drives that a service does not see.
func MappedDrive(string) (drive, share string) { return "", "" }
