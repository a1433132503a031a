//go:build !windows

package check

// mappedDrive is "": only Windows has drives that a service does not see.
func mappedDrive(string) (drive, share string) { return "", "" }
