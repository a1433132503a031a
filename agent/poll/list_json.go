package poll

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"kurir/agent/reason"
)

// parseJSON reads an array of strings, or of objects with the keys of a header. The place of an element counts from 1.
func parseJSON(r io.Reader, v *visitor) error {
	br, err := decodedReader(r)
	if err != nil {
		return err
	}
	dec := json.NewDecoder(br)
	open, err := dec.Token()
	if err != nil {
		return jsonError(err)
	}
	if open != json.Delim('[') {
		return &ListError{Why: reason.ListNotArray}
	}
	for place := 1; dec.More(); place++ {
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return jsonError(err)
		}
		if err := parseElement(place, raw, v); err != nil {
			return err
		}
	}
	if _, err := dec.Token(); err != nil {
		return jsonError(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return &ListError{Why: reason.ListJSONMore}
	}
	return nil
}

// parseElement hands on one element of the array.
func parseElement(place int, raw json.RawMessage, v *visitor) error {
	if len(raw) > maxLine {
		return v.reject(place, string(raw[:4*maxValue]), reason.LineLong, len(raw))
	}
	switch raw[0] {
	case '"':
		return v.entry(place, jsonText(raw), "")
	case '{':
		car, kode, found := jsonFields(raw)
		if found {
			return v.entry(place, car, kode)
		}
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return v.entry(place, string(raw), "")
	}
	return v.reject(place, string(raw), reason.LineNotText, nil)
}

// jsonFields returns the number and the kode_dokumen of an object.
func jsonFields(raw json.RawMessage) (car, kode string, found bool) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return "", "", false
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		switch headerName(name) {
		case "car", "aju", "nomoraju":
			if car == "" {
				car, found = jsonText(fields[name]), true
			}
		case "kodedokumen":
			kode = jsonText(fields[name])
		}
	}
	return car, kode, found
}

// jsonText returns a string's content, "" for null, and anything else as it stands there.
func jsonText(raw json.RawMessage) string {
	var s *string
	if json.Unmarshal(raw, &s) == nil {
		if s == nil {
			return ""
		}
		return *s
	}
	return string(raw)
}

// jsonError makes a *ListError of what is wrong with the JSON, and leaves errors of reading alone.
func jsonError(err error) error {
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &ListError{Why: reason.ListJSONCut, Incomplete: true, err: err}
	case errors.As(err, &syntax):
		detail := fmt.Sprintf("%v (byte %d)", syntax, syntax.Offset)
		return &ListError{Why: reason.ListJSON, detail: detail, err: err}
	}
	return fmt.Errorf("read list: %w", err)
}
