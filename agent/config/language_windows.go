package config

import "golang.org/x/sys/windows"

// systemLanguage returns the display language's tag, the user's before the system's; "" when neither is known. A
// service's user is the system itself.
func systemLanguage() string {
	const names = windows.MUI_LANGUAGE_NAME
	for _, ask := range []func(uint32) ([]string, error){
		windows.GetUserPreferredUILanguages, windows.GetSystemPreferredUILanguages,
	} {
		if tags, err := ask(names); err == nil && len(tags) > 0 && tags[0] != "" {
			return tags[0]
		}
	}
	return ""
}
