package outbox

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	nameMax      = 200 // bytes of a safe name
	extensionMax = 16  // bytes of an extension worth keeping when a name is cut
	hashDigits   = 12
)

// SafeName makes of any text the name of one file or folder that Windows and Linux take, that lies in the folder it
// is put into, and that the watcher would not leave alone:
//
//   - separators, the characters \ / : * ? " < > |, control characters and bytes that are not UTF-8 become _;
//   - so do trailing dots and spaces, and a dot or tilde at the beginning (".x" is hidden, "~x" temporary);
//   - a name reserved by Windows gets a _ behind it, before the extension: CON_.txt;
//   - a name that means "unfinished" or belongs to a desktop gets a _ behind it: x.tmp_, Thumbs.db_;
//   - over 200 bytes it is cut, and ends in a hash of the whole name and the extension where that is short;
//   - nothing at all becomes _.
//
// A name that needs no change is not changed, so SafeName(SafeName(s)) == SafeName(s). Different texts can become
// the same name: see Free.
func SafeName(s string) string {
	name := strings.Map(safeRune, strings.ToValidUTF8(s, "_"))
	if end := strings.TrimRight(name, ". "); len(end) < len(name) {
		name = end + strings.Repeat("_", len(name)-len(end))
	}
	if name == "" {
		return "_"
	}
	if name[0] == '.' || name[0] == '~' {
		name = "_" + name[1:]
	}
	if looksUnfinished(name) {
		name += "_"
	}
	if stem, rest := splitFirstDot(name); isReserved(stem) {
		name = stem + "_" + rest
	}
	if len(name) > nameMax {
		name = shorten(name, s)
	}
	return name
}

func safeRune(r rune) rune {
	if unicode.IsControl(r) || strings.ContainsRune(`\/:*?"<>|`, r) {
		return '_'
	}
	return r
}

// looksUnfinished says whether the watcher would leave a name alone for its end.
func looksUnfinished(name string) bool {
	name = strings.ToLower(name)
	switch filepath.Ext(name) {
	case ".tmp", ".part", ".partial", ".crdownload", ".filepart":
		return true
	}
	return name == "thumbs.db" || name == "desktop.ini"
}

// splitFirstDot splits where Windows does to see whether a name is reserved.
func splitFirstDot(name string) (stem, rest string) {
	if i := strings.IndexByte(name, '.'); i >= 0 {
		return name[:i], name[i:]
	}
	return name, ""
}

func isReserved(stem string) bool {
	stem = strings.ToUpper(strings.TrimRight(stem, " "))
	switch stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	digit, isPort := strings.CutPrefix(stem, "COM")
	if !isPort {
		digit, isPort = strings.CutPrefix(stem, "LPT")
	}
	return isPort && utf8.RuneCountInString(digit) == 1 && strings.Contains("0123456789¹²³", digit)
}

// shorten cuts a name that is too long. The hash is that of the text that the name was made of, so that texts with
// the same beginning stay apart.
func shorten(name, text string) string {
	sum := sha256.Sum256([]byte(text))
	stem, ext := splitExt(name)
	if len(ext) > extensionMax {
		stem, ext = name, ""
	}
	end := "-" + hex.EncodeToString(sum[:])[:hashDigits] + ext
	return cut(stem, nameMax-len(end)) + end
}

// cut returns the longest beginning of a valid text that has at most size bytes and ends with a whole character.
func cut(s string, size int) string {
	if len(s) <= size {
		return s
	}
	for size > 0 && !utf8.RuneStart(s[size]) {
		size--
	}
	return s[:size]
}

func splitExt(name string) (stem, ext string) {
	if i := strings.LastIndexByte(name, '.'); i > 0 {
		return name[:i], name[i:]
	}
	return name, ""
}

// Numbered is the nth name of a file: itself for n up to 1, then a~2.jpg, a~3.jpg. It may be a few bytes longer
// than a safe name, which every file system still takes.
func Numbered(name string, n int) string {
	stem, ext := splitExt(name)
	return NumberedFolder(stem, n) + ext
}

// NumberedFolder is the nth name of a set, a document or a list, in which a dot begins no extension: AWB1.5~2.
// What belongs to it takes its number from it: AWB1.5~2.json, AWB1.5~2.receipt.json.
func NumberedFolder(name string, n int) string {
	if n < 2 {
		return name
	}
	return name + "~" + strconv.Itoa(n)
}

// Free returns the first of the names Numbered(name, 1), Numbered(name, 2), ... that is not taken. It only asks:
// to take a name against others, use Create or Move and ask again after fs.ErrExist.
func Free(name string, taken func(string) bool) string {
	return free(name, Numbered, taken)
}

// FreeFolder is Free with the names of NumberedFolder.
func FreeFolder(name string, taken func(string) bool) string {
	return free(name, NumberedFolder, taken)
}

func free(name string, number func(string, int) string, taken func(string) bool) string {
	for n := 1; ; n++ {
		if candidate := number(name, n); !taken(candidate) {
			return candidate
		}
	}
}
