//go:build !windows

package config

// systemLanguage is unknown where the environment does not say it.
func systemLanguage() string { return "" }
