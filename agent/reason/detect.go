package reason

import "strings"

// Detect returns the catalogue's language for a language tag or locale name, such as "id", "id-ID", "id_ID.UTF-8" or
// Windows' "Indonesian_Indonesia.1252": Indonesian for these, English for everything else.
func Detect(lang string) Language {
	first := strings.FieldsFunc(strings.ToLower(lang), func(r rune) bool { return strings.ContainsRune("-_.@", r) })
	if len(first) == 0 {
		return English
	}
	switch first[0] {
	case "id", "ind", "in", "indonesian": // "in" is the code before 1989, which Java programs still use
		return Indonesian
	}
	return English
}
