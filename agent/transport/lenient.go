package transport

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// The types here read what the APIs send instead of what they document: numbers for strings, strings for numbers,
// null for anything. None of them ever fails to decode valid JSON.

// Text is a string that may be given as a number or a boolean. null, an object and an array are "".
type Text string

// UnmarshalJSON implements json.Unmarshaler.
func (t *Text) UnmarshalJSON(b []byte) error {
	*t = ""
	switch {
	case len(b) == 0 || b[0] == '{' || b[0] == '[' || bytes.Equal(b, []byte("null")):
	case b[0] == '"':
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*t = Text(s)
	default:
		*t = Text(b)
	}
	return nil
}

// Int is a whole number that may be given as a string. Present is false for whatever else.
type Int struct {
	Value   int
	Present bool
}

// UnmarshalJSON implements json.Unmarshaler.
func (i *Int) UnmarshalJSON(b []byte) error {
	*i = Int{}
	var text Text
	if err := json.Unmarshal(b, &text); err != nil {
		return err
	}
	s := strings.TrimSpace(string(text))
	if n, err := strconv.Atoi(s); err == nil {
		*i = Int{n, true}
	} else if f, err := strconv.ParseFloat(s, 64); err == nil && f == float64(int32(f)) {
		*i = Int{int(f), true} // 200.0, 2e2
	}
	return nil
}

// Flag is a boolean that may be given as a string or a number. Present is false for whatever else.
type Flag struct {
	Value   bool
	Present bool
}

// UnmarshalJSON implements json.Unmarshaler.
func (f *Flag) UnmarshalJSON(b []byte) error {
	*f = Flag{}
	var text Text
	if err := json.Unmarshal(b, &text); err != nil {
		return err
	}
	switch strings.ToLower(strings.TrimSpace(string(text))) {
	case "true", "1", "yes", "ok":
		*f = Flag{true, true}
	case "false", "0", "no":
		*f = Flag{false, true}
	}
	return nil
}
