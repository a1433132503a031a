//go:build !windows

package service

// UsersDrive finds nothing: only Windows has drives that a service does not see.
func UsersDrive(string) (d Drive, found bool) { return Drive{}, false }
