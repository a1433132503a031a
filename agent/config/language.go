package config

import (
	"os"
	"strings"
)

// Lang returns the language of reasons, commands and dashboard, "id" or "en". "auto" takes the first of LC_ALL,
// LC_MESSAGES and LANG that is set, on Windows without these the user's or else the system's display language; what is
// not Indonesian is English.
func (c *Config) Lang() string {
	if c.Language == "id" || c.Language == "en" {
		return c.Language
	}
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if locale := os.Getenv(name); locale != "" {
			return languageOf(locale)
		}
	}
	return languageOf(systemLanguage())
}

// languageOf returns "id" for "id", "id_ID.UTF-8", "id-ID" and the like, else "en".
func languageOf(locale string) string {
	first, _, _ := strings.Cut(strings.NewReplacer("-", "_", ".", "_", "@", "_").Replace(locale), "_")
	switch strings.ToLower(first) {
	case "id", "ind", "in", "indonesian":
		return "id"
	}
	return "en"
}
