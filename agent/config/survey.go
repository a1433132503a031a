package config

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
)

// maxDepth is deeper than any section lies.
const maxDepth = 8

// survey notes where every key stands and how its value is written, and refuses what YAML allows and this file does
// not: references, tags, keys that are no words, and keys that stand twice, of which the first is kept.
func (r *reading) survey(n *yaml.Node, key string, line int) {
	r.surveyAt(n, key, line, 0)
}

func (r *reading) surveyAt(n *yaml.Node, key string, line, depth int) {
	r.line[key] = line
	if f, ok := unwanted(n); ok {
		r.breaks(key, f)
		return
	}
	if depth > maxDepth {
		r.breaks(key, fault{"lies too deep", "check the indentation"})
		return
	}
	switch n.Kind {
	case yaml.ScalarNode:
		if !isNull(n) {
			r.raw[key] = n.Value
			r.scalars = append(r.scalars, scalar{key, n})
		}
	case yaml.SequenceNode:
		for i, e := range n.Content {
			r.surveyAt(e, element(key, i), e.Line, depth+1)
		}
	case yaml.MappingNode:
		r.surveyPairs(n, key, depth)
	}
}

// surveyPairs surveys the keys and values of a section and takes those that are refused out of it.
func (r *reading) surveyPairs(n *yaml.Node, key string, depth int) {
	first := map[string]int{}
	var kept []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if f, ok := unwantedKey(k); ok {
			r.add(key, k.Line, f.message, f.remedy)
			continue
		}
		name := under(key, keyName(k.Value))
		if line, twice := first[k.Value]; twice {
			r.add(name, k.Line, fmt.Sprintf("this key stands twice, first on line %d", line), "remove one of the two")
			continue
		}
		first[k.Value] = k.Line
		kept = append(kept, k, v)
		r.surveyAt(v, name, k.Line, depth+1)
	}
	n.Content = kept
}

// unwanted returns what is wrong with a node that is more than a plain value, list or section. The three cases are
// mostly passwords that lack quotes, so nothing of the text is repeated.
func unwanted(n *yaml.Node) (fault, bool) {
	const remedy = "put the value in single quotes"
	switch {
	case n.Kind == yaml.AliasNode:
		return fault{"a value begins with *, which YAML takes for a reference", remedy}, true
	case n.Anchor != "":
		return fault{"a value begins with &, which YAML takes for a name to refer to", remedy}, true
	case n.Style&yaml.TaggedStyle != 0:
		return fault{"a value begins with !, which YAML takes for a type", remedy}, true
	}
	return fault{}, false
}

func unwantedKey(k *yaml.Node) (fault, bool) {
	if k.Kind != yaml.ScalarNode {
		return fault{"a key is a list or a section", "write one word before the colon; put a value that begins with { or [ in quotes"}, true
	}
	if k.ShortTag() == "!!merge" {
		return fault{"the key << is not supported", "write the values out"}, true
	}
	return unwanted(k)
}

// keyName is a key as it is shown: what follows the first unusual character is left out, as it may be a value whose
// colon has no space behind it.
func keyName(key string) string {
	const most = 64
	end := strings.IndexFunc(key, func(c rune) bool { return !isKeyRune(c) })
	switch {
	case key == "":
		return `""`
	case end < 0 && len(key) <= most:
		return key
	case end < 0 || end > most:
		end = most
	}
	return key[:end] + "…"
}

func isKeyRune(c rune) bool {
	return c == '_' || c == '-' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }
