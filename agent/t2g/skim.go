package t2g

import (
	"bytes"
	"iter"
)

// The functions here find their way in JSON without copying it: an answer may hold a PDF of 100 MiB, which decoding
// into structs would copy at every level. They are for JSON that json.Valid has accepted, and only for that.

// kind tells JSON values apart by their first byte.
type kind byte

const (
	kindNone   kind = 0 // nothing, or null
	kindObject kind = '{'
	kindArray  kind = '['
	kindString kind = '"'
	kindOther  kind = '0' // a number or a boolean
)

func kindOf(value []byte) kind {
	if len(value) == 0 {
		return kindNone
	}
	switch value[0] {
	case '{', '[', '"':
		return kind(value[0])
	case 'n':
		return kindNone
	}
	return kindOther
}

// fields yields the keys, decoded, and values of an object in order; nothing for any other value.
func fields(value []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		if kindOf(value) != kindObject {
			return
		}
		for rest := next(value[1:]); len(rest) > 0 && rest[0] == '"'; {
			n := valueLen(rest)
			key := rest[:n]
			rest = next(rest[n:]) // the colon is skipped like a comma
			n = valueLen(rest)
			if !yield(Blob(key).String(), rest[:n:n]) {
				return
			}
			rest = next(rest[n:])
		}
	}
}

// elements yields the elements of an array in order; any other value but null as its own only element.
func elements(value []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		switch kindOf(value) {
		case kindNone:
			return
		case kindArray:
		default:
			yield(value)
			return
		}
		for rest := next(value[1:]); len(rest) > 0 && rest[0] != ']'; {
			n := valueLen(rest)
			if !yield(rest[:n:n]) {
				return
			}
			rest = next(rest[n:])
		}
	}
}

// next skips space and separators.
func next(b []byte) []byte { return bytes.TrimLeft(b, " \t\r\n,:") }

// valueLen returns how long the value at the beginning of b is.
func valueLen(b []byte) int {
	depth := 0
	for i := 0; i < len(b); {
		switch b[i] {
		case '"':
			i += stringLen(b[i:])
		case '{', '[':
			depth++
			i++
			continue
		case '}', ']':
			depth--
			i++
		default:
			if depth == 0 {
				return i + scalarLen(b[i:])
			}
			i++
			continue
		}
		if depth == 0 {
			return i
		}
	}
	return len(b)
}

// stringLen returns how long the string at the beginning of b is, quotes included.
func stringLen(b []byte) int {
	for i := 1; i < len(b); {
		q := bytes.IndexByte(b[i:], '"')
		if q < 0 {
			break
		}
		i += q + 1
		escapes := 0
		for b[i-2-escapes] == '\\' { // ends at the opening quote at the latest
			escapes++
		}
		if escapes%2 == 0 {
			return i
		}
	}
	return len(b)
}

// scalarLen returns how long the number or name at the beginning of b is.
func scalarLen(b []byte) int {
	if n := bytes.IndexAny(b, ",]} \t\r\n"); n >= 0 {
		return n
	}
	return len(b)
}
