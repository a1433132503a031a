package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// field is one key of a section.
type field struct {
	name  string
	index []int // for reflect.Value.FieldByIndex
}

type fieldList []field

// fieldsOf returns the keys of a struct, those of inlined ones included, in the order of the schema.
func fieldsOf(t reflect.Type) fieldList {
	var list fieldList
	for i := range t.NumField() {
		f := t.Field(i)
		name, option, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case option == "inline":
			for _, inner := range fieldsOf(f.Type) {
				list = append(list, field{inner.name, append([]int{i}, inner.index...)})
			}
		case name != "" && name != "-":
			list = append(list, field{name, []int{i}})
		}
	}
	return list
}

func (l fieldList) find(name string) (field, bool) {
	i := slices.IndexFunc(l, func(f field) bool { return f.name == name })
	if i < 0 {
		return field{}, false
	}
	return l[i], true
}

// sections calls visit with every section of the schema below t and the key that it has in a file; lists have [].
func sections(t reflect.Type, key string, visit func(key string, fields fieldList)) {
	fields := fieldsOf(t)
	visit(key, fields)
	for _, f := range fields {
		inner, at := t.FieldByIndex(f.index).Type, under(key, f.name)
		if inner.Kind() == reflect.Slice {
			inner, at = inner.Elem(), at+"[]"
		}
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct {
			sections(inner, at, visit)
		}
	}
}

// homes returns the sections that have a key of the given name.
func homes(name string) []string {
	var found []string
	sections(reflect.TypeFor[Config](), "", func(key string, fields fieldList) {
		if _, ok := fields.find(name); !ok {
			return
		}
		if key == "" {
			key = "the top of the file, without indentation"
		}
		found = append(found, key)
	})
	return found
}

// unknownKey reports a key that the section at key does not have, and says which one may be meant. When that is all
// but certain, the one that is meant is not reported as missing too.
func (r *reading) unknownKey(key, name string, fields fieldList) {
	near, distance := nearest(name, fields)
	remedy := fmt.Sprintf("did you mean %q?", near)
	switch where := homes(name); {
	case distance <= 1+len(name)/4:
		if !r.given(under(key, near)) {
			r.broken[under(key, near)] = true
		}
	case len(where) > 0:
		remedy = "it belongs in " + strings.Join(where, " or ")
	default:
		names := make([]string, len(fields))
		for i, f := range fields {
			names[i] = f.name
		}
		remedy = fmt.Sprintf("the nearest known key is %q; known here are %s", near, strings.Join(names, ", "))
	}
	full := under(key, keyName(name))
	message := "unknown key"
	if strings.Contains(name, ":") {
		message = "unknown key; a space is missing behind its colon"
	}
	r.add(full, r.lineOf(full), message, remedy)
}

// nearest returns the known key with the smallest edit distance from name, and the distance. Capital letters, _ and -
// do not count.
func nearest(name string, fields fieldList) (string, int) {
	best, least := "", -1
	for _, f := range fields {
		if d := editDistance(plain(name), plain(f.name)); least < 0 || d < least {
			best, least = f.name, d
		}
	}
	return best, least
}

func plain(key string) string {
	const most = 64 // so that a long line of nonsense costs nothing
	if len(key) > most {
		key = key[:most]
	}
	return strings.NewReplacer("_", "", "-", "").Replace(strings.ToLower(key))
}

// editDistance is the number of letters to insert, delete or replace to make b of a.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j]+1, row[j+1]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
