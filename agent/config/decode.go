package config

import (
	"math"
	"reflect"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// maxList is longer than any list of a configuration is.
const maxList = 1000

// decode writes n into v, which holds the defaults. A section replaces what it names and leaves the rest, and so does
// a table of free keys; a list replaces the whole. A section, table or list without any content changes nothing.
func (r *reading) decode(n *yaml.Node, key string, v reflect.Value) {
	if r.broken[key] {
		return
	}
	want, remedy := expected(v.Type())
	if isNull(n) {
		if want == yaml.ScalarNode {
			r.breaks(key, fault{"has no value", `write one behind the colon, or "" for an empty text`})
		}
		return
	}
	if n.Kind != want {
		r.breaks(key, fault{"is " + kindNames[n.Kind] + " where " + kindNames[want] + " belongs", remedy})
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		v.Elem().Set(initial(v.Type().Elem(), n))
		r.decode(n, key, v.Elem())
	case reflect.Struct:
		r.decodeStruct(n, key, v)
	case reflect.Map:
		r.decodeMap(n, key, v)
	case reflect.Slice:
		if len(n.Content) > maxList {
			r.breaks(key, fault{"is a list of more than 1000", "name the configuration file, not another one"})
			return
		}
		list := reflect.Zero(v.Type())
		for i, e := range n.Content {
			value := reflect.New(v.Type().Elem()).Elem()
			value.Set(initial(value.Type(), e))
			r.decode(e, element(key, i), value)
			list = reflect.Append(list, value)
		}
		v.Set(list)
	default:
		if f := setScalar(v, n.Value); f != nil {
			r.breaks(key, fault{r.quoted(key) + f.message, f.remedy})
		}
	}
}

var kindNames = map[yaml.Kind]string{
	yaml.ScalarNode:   "a single value",
	yaml.SequenceNode: "a list",
	yaml.MappingNode:  "a section",
}

// expected is what a field of type t looks like in YAML.
func expected(t reflect.Type) (want yaml.Kind, remedy string) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Struct, reflect.Map:
		return yaml.MappingNode, "write its keys on lines of their own below it, indented by two spaces"
	case reflect.Slice:
		return yaml.SequenceNode, `write [first, second], or one element a line behind "- "`
	default:
		return yaml.ScalarNode, "write the value behind the colon, in quotes when it begins with { or ["
	}
}

func (r *reading) decodeStruct(n *yaml.Node, key string, v reflect.Value) {
	fields := fieldsOf(v.Type())
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := n.Content[i].Value
		f, known := fields.find(name)
		if !known {
			r.unknownKey(key, name, fields)
			continue
		}
		r.decode(n.Content[i+1], under(key, name), v.FieldByIndex(f.index))
	}
}

func (r *reading) decodeMap(n *yaml.Node, key string, v reflect.Value) {
	if v.IsNil() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := n.Content[i].Value
		at, value := under(key, keyName(name)), reflect.New(v.Type().Elem()).Elem()
		if strings.Contains(name, ":") {
			r.breaks(at, fault{"holds a colon", "put a space behind the colon"})
			continue
		}
		r.decode(n.Content[i+1], at, value)
		v.SetMapIndex(reflect.ValueOf(name), value)
	}
}

// initial is what an element of a list or a section that may be absent holds before it is decoded.
func initial(t reflect.Type, n *yaml.Node) reflect.Value {
	switch t {
	case reflect.TypeFor[Beacukai]():
		return reflect.ValueOf(*DefaultBeacukai())
	case reflect.TypeFor[T2G]():
		return reflect.ValueOf(*DefaultT2G())
	case reflect.TypeFor[Inbox]():
		return reflect.ValueOf(DefaultInbox(kindOf(n)))
	}
	return reflect.Zero(t)
}

// kindOf is the value of the key kind of an inbox, which decides its defaults; "" when there is none.
func kindOf(n *yaml.Node) string {
	if n.Kind != yaml.MappingNode {
		return ""
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == "kind" {
			return n.Content[i+1].Value
		}
	}
	return ""
}

// setScalar writes the text of a single value into v. Texts are taken as they are written: 050100 and "050100" are the
// same office.
func setScalar(v reflect.Value, text string) *fault {
	if v.Kind() == reflect.String {
		v.SetString(text)
		return nil
	}
	var f *fault
	text = strings.TrimSpace(text)
	switch p := v.Addr().Interface().(type) {
	case *Duration:
		*p, f = parseDuration(text)
	case *Size:
		*p, f = parseSize(text)
	case *Rate:
		*p, f = parseRate(text)
	case *int:
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return &fault{"is not a whole number", "write one in digits, such as 8"}
		}
		*p = int(n)
	case *float64:
		n, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsInf(n, 0) || math.IsNaN(n) {
			return &fault{"is not a number", "write one in digits, such as 2 or 1.5"}
		}
		*p = n
	default:
		panic("config: the schema holds a type that cannot be decoded: " + v.Type().String())
	}
	return f
}
