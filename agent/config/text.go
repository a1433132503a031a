package config

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// toUTF8 returns data as UTF-8 without a byte order mark and with \n at the ends of lines. It takes UTF-8, and UTF-16
// with a mark or, when the first character is ASCII, without one: Windows' Notepad and PowerShell write all of these.
func toUTF8(data []byte) []byte {
	if rest, found := bytes.CutPrefix(data, []byte("\xef\xbb\xbf")); found {
		data = rest
	} else if order, rest := utf16Order(data); order != nil {
		units := make([]uint16, len(rest)/2)
		for i := range units {
			units[i] = order.Uint16(rest[2*i:])
		}
		data = []byte(string(utf16.Decode(units)))
	}
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	return bytes.ReplaceAll(data, []byte("\r"), []byte("\n"))
}

// utf16Order returns the byte order of UTF-16 and what follows the mark, or nil for other text.
func utf16Order(data []byte) (binary.ByteOrder, []byte) {
	switch {
	case len(data) < 2:
	case data[0] == 0xff && data[1] == 0xfe:
		return binary.LittleEndian, data[2:]
	case data[0] == 0xfe && data[1] == 0xff:
		return binary.BigEndian, data[2:]
	case len(data)%2 != 0:
	case data[0] != 0 && data[1] == 0:
		return binary.LittleEndian, data
	case data[0] == 0 && data[1] != 0:
		return binary.BigEndian, data
	}
	return nil, data
}

// unreadable returns the line of the first character that no YAML file holds, or 0: bytes that are not UTF-8, and
// control characters.
func unreadable(text []byte) int {
	line := 1
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case r == '\n':
			line++
		case r == utf8.RuneError && size == 1,
			r < ' ' && r != '\t', r == 0x7f, r == 0xfffe, r == 0xffff:
			return line
		}
		text = text[size:]
	}
	return 0
}
