package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"strings"
	"unicode/utf8"
)

// jsonObject reads text as one JSON object. Its errors are sentences for people.
func jsonObject(text []byte) (map[string]json.RawMessage, error) {
	if !utf8.Valid(text) {
		return nil, errors.New("the JSON is not UTF-8")
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, fmt.Errorf("there is no JSON object: %w", err)
	}
	if fields == nil {
		return nil, errors.New("there is no JSON object but null")
	}
	return fields, nil
}

// stringField returns the required field name, which must be a string with something in it. Letter case counts.
func stringField(fields map[string]json.RawMessage, name string) (string, error) {
	raw, ok := fields[name]
	if !ok {
		for other := range fields {
			if strings.EqualFold(other, name) {
				return "", fmt.Errorf("the field %s is missing; there is %q, but letter case counts", name, other)
			}
		}
		return "", fmt.Errorf("the field %s is missing", name)
	}
	var value *string
	if err := json.Unmarshal(raw, &value); err != nil || value == nil {
		return "", fmt.Errorf("the field %s must be a string, not %.40s", name, raw)
	}
	if strings.TrimSpace(*value) == "" {
		return "", fmt.Errorf("the field %s is empty", name)
	}
	return *value, nil
}

// wrongType says what is wrong with the Content-Type of something that must be JSON; "" when nothing is.
func wrongType(header string) string {
	if header == "" {
		return "no Content-Type; it must be application/json"
	}
	if t, _, err := mime.ParseMediaType(header); err != nil || t != "application/json" {
		return fmt.Sprintf("the Content-Type %q; it must be application/json", header)
	}
	return ""
}
