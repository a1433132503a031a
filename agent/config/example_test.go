package config

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

const exampleFile = "../../config.example.yaml"

// In the example "#key: value" is a default and "##key: value" an example of a key that is absent or empty by default.
// A comment has a space behind its #.
var (
	defaultLine  = regexp.MustCompile(`(?m)^( *(?:- )?)#([a-z0-9_]+:)`)
	examplesLine = regexp.MustCompile(`(?m)^( *(?:- )?)##([a-z0-9_]+:)`)
	tokenLine    = regexp.MustCompile(`(?m)^ *token:.*\n`)
)

// exampleVariants returns the example as it is, with all defaults written out, and with all examples in force too.
func exampleVariants(t *testing.T) (asIs, defaults, everything string) {
	t.Helper()
	data, err := os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	asIs = strings.ReplaceAll(string(data), "\r\n", "\n")
	defaults = defaultLine.ReplaceAllString(asIs, "$1$2")
	everything = examplesLine.ReplaceAllString(defaults, "$1$2")
	return asIs, defaults, tokenLine.ReplaceAllString(everything, "")
}

func parseExample(t *testing.T, text string) *Config {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"beacukai", "t2g"} {
		path := filepath.Join(dir, "secrets", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, path, "password\n")
	}
	for _, name := range []string{
		"BEACUKAI_TOKEN", "BEACUKAI_USERNAME", "BEACUKAI_API_KEY", "T2G_TOKEN", "T2G_USERNAME",
	} {
		t.Setenv(name, "value-of-"+name)
	}
	c, err := Parse([]byte(text), filepath.Join(dir, "kurir.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	c.Path = ""
	return c
}

func TestExampleShowsTheDefaults(t *testing.T) {
	asIs, defaults, _ := exampleVariants(t)
	if asIs == defaults {
		t.Fatal("no default is found in the example")
	}
	got, want := parseExample(t, defaults), parseExample(t, asIs)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("with the defaults written out:\n%+v\n%+v\nwithout:\n%+v\n%+v", got, got.Inboxes, want, want.Inboxes)
	}
	if got.Beacukai.Auth.Token.Reveal() != "value-of-BEACUKAI_TOKEN" {
		t.Error("the token is not what its variable holds")
	}
}

// TestExampleHasEveryKey checks that each key of the schema is in the example, and that the examples of values load.
func TestExampleHasEveryKey(t *testing.T) {
	_, _, everything := exampleVariants(t)
	c := parseExample(t, everything)
	if c.Beacukai.Auth.Login.URL != "https://apis-gw.beacukai.go.id"+loginPath ||
		c.Beacukai.Auth.Login.RefreshURL != "https://apis-gw.beacukai.go.id"+refreshPath {
		t.Errorf("the example's login is not the default: %+v", c.Beacukai.Auth.Login)
	}
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(everything), &document); err != nil {
		t.Fatal(err)
	}
	present := map[string]bool{"beacukai.auth.token": true, "t2g.auth.token": true}
	collectKeys(document.Content[0], "", present)
	n := 0
	sections(reflect.TypeFor[Config](), "", func(key string, fields fieldList) {
		for _, f := range fields {
			n++
			if !present[under(key, f.name)] {
				t.Errorf("%s is not in the example", under(key, f.name))
			}
		}
	})
	if n < 70 {
		t.Errorf("only %d keys were looked for", n)
	}
}

func collectKeys(n *yaml.Node, key string, present map[string]bool) {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			name := under(key, n.Content[i].Value)
			present[name] = true
			collectKeys(n.Content[i+1], name, present)
		}
	case yaml.SequenceNode:
		for _, e := range n.Content {
			collectKeys(e, key+"[]", present)
		}
	}
}
