package config

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"
)

func utf16Bytes(text string, order binary.AppendByteOrder) []byte {
	var out []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		out = order.AppendUint16(out, unit)
	}
	return out
}

// TestEncodings reads one file as Windows' editors would save it, with the variable's file in the same encoding.
func TestEncodings(t *testing.T) {
	const text = "timezone: Asia/Jakarta\nt2g:\n  base_url: https://t2g.example\n  edinumber: Édi\n" +
		"  auth: {token: \"${file:token.txt}\"}\n" +
		"inboxes:\n  - {name: erp, kind: aju, path: in, outbox: out}\n"
	crlf := strings.ReplaceAll(text, "\n", "\r\n")
	files := map[string]func(string) []byte{
		"UTF-8":                   func(s string) []byte { return []byte(s) },
		"UTF-8 with mark":         func(s string) []byte { return []byte("\ufeff" + s) },
		"UTF-16LE with mark":      func(s string) []byte { return utf16Bytes("\ufeff"+s, binary.LittleEndian) },
		"UTF-16BE with mark":      func(s string) []byte { return utf16Bytes("\ufeff"+s, binary.BigEndian) },
		"UTF-16LE without a mark": func(s string) []byte { return utf16Bytes(s, binary.LittleEndian) },
		"UTF-16BE without a mark": func(s string) []byte { return utf16Bytes(s, binary.BigEndian) },
	}
	for name, encode := range files {
		for end, content := range map[string]string{"LF": text, "CRLF": crlf, "CR": strings.ReplaceAll(text, "\n", "\r")} {
			t.Run(name+" "+end, func(t *testing.T) {
				dir := t.TempDir()
				write(t, filepath.Join(dir, "token.txt"), string(encode("abc\r\n")))
				c, err := Parse(encode(content), filepath.Join(dir, "kurir.yaml"))
				if err != nil {
					t.Fatal(err)
				}
				if c.T2G.EDINumber != "Édi" || c.T2G.Auth.Token.Reveal() != "abc" || c.Inboxes[0].Name != "erp" {
					t.Errorf("%+v, token %q", c.T2G, c.T2G.Auth.Token.Reveal())
				}
				_, err = Parse(encode(content+"colour: red"), filepath.Join(dir, "kurir.yaml"))
				if err == nil || !strings.Contains(err.Error(), "yaml:8: colour: unknown key") {
					t.Errorf("the line is lost: %v", err)
				}
			})
		}
	}
}

func TestNotText(t *testing.T) {
	tests := map[string]struct {
		data []byte
		want string
	}{
		"NUL":            {[]byte("language: id\nlog: {level: \x00}\n"), ":2: this is not text"},
		"latin-1":        {[]byte("language: id\n# caf\xe9\n"), ":2: this is not text"},
		"a picture":      {[]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), ":1: this is not text"},
		"nothing":        {nil, ":1: the file holds no settings"},
		"only a mark":    {[]byte("\ufeff"), ":1: the file holds no settings"},
		"only a line":    {[]byte("---\n"), ":1: the file holds no settings"},
		"half UTF-16":    {[]byte("\xff\xfe"), ":1: the file holds no settings"},
		"a null":         {[]byte("~\n"), ":1: the file holds no settings"},
		"over 1 MiB":     {[]byte(strings.Repeat("#", maxFile+1)), ":1: the file is larger than 1 MiB"},
		"deep":           {[]byte("a: " + strings.Repeat("[", 9000) + strings.Repeat("]", 9000)), "lies too deep"},
		"very deep":      {[]byte(strings.Repeat("[", 500000)), ":1: this is not YAML"},
		"a word":         {[]byte("kurir"), ":1: is a single value where a section belongs"},
		"a tab, later":   {[]byte("language: id\nlog:\n  level: info\n\tformat: text\n"), ":4: a tab stands in the indentation"},
		"much nonsense":  {[]byte(strings.Repeat("a:\n", 5000)), ":5000: there are 4801 more problems"},
		"many inboxes":   {[]byte("inboxes:\n" + strings.Repeat("- {}\n", 1001)), ":1: inboxes: is a list of more than 1000"},
		"a long value":   {[]byte("language: " + strings.Repeat("x", 500)), `xxx…" is not known here`},
		"a line in text": {[]byte("language: \"a\\nb\\u2028c\""), `"a\nb\u2028c" is not known here`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(test.data, "kurir.yaml")
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want %q", err, test.want)
			}
			checkProblems(t, err, test.data)
			if len(err.Error()) > 100_000 {
				t.Errorf("%d characters of errors", len(err.Error()))
			}
		})
	}
}

// TestSyntaxLines puts a syntax error deep into a long file: the line must be that of the error, not of the section.
func TestSyntaxLines(t *testing.T) {
	var b strings.Builder
	b.WriteString("inboxes:\n")
	for i := range 100 {
		fmt.Fprintf(&b, "  - name: lane-%d\n    kind: xray\n    ignore: [\n      \"*.bak\"]\n", i)
	}
	head := b.String()
	line := strings.Count(head, "\n") + 1
	for name, bad := range map[string]string{
		"a brace":        "  - done_marker: {name}.done\n",
		"a quote":        "  - path: \"/srv/x\n",
		"a bracket":      "  - ignore: [\"a\", \"b\"\n",
		"an escape":      "  - path: \"C:\\lane\"\n",
		"a reference":    "  - path: *lane\n",
		"a percent sign": "  - path: %ProgramData%\\kurir\n",
		"a lone word":    "  kind xray\n",
		"an at sign":     "  - name: @lane\n",
	} {
		t.Run(name, func(t *testing.T) {
			data := []byte(head + bad + "  - name: last\n    kind: xray\n")
			_, err := Parse(data, "kurir.yaml")
			if err == nil {
				t.Fatal("no error")
			}
			checkProblems(t, err, data)
			problems, ok := errors.AsType[Errors](err)
			if !ok || problems[0].Line != line {
				t.Errorf("want line %d: %v", line, err)
			}
		})
	}
}

func TestVariables(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "secret"), "\n  two words \r\n\n")
	write(t, filepath.Join(dir, "binary"), "a\x00b")
	write(t, filepath.Join(dir, "large"), strings.Repeat("x", maxSecretFile+1))
	t.Setenv("KURIR_TEST_A", "a: [b] ${KURIR_TEST_B} # c")
	t.Setenv("KURIR_TEST_B", "")
	absent := "KURIR_TEST_ABSENT"
	os.Unsetenv(absent)
	r := newReading("kurir.yaml", dir)
	good := map[string]string{
		"":                              "",
		"plain $ and $$ and $NAME":      "plain $ and $$ and $NAME",
		"${KURIR_TEST_A}":               "a: [b] ${KURIR_TEST_B} # c",
		"x${KURIR_TEST_B}y":             "xy",
		"$${KURIR_TEST_A}":              "${KURIR_TEST_A}",
		"$$${KURIR_TEST_A}":             "$${KURIR_TEST_A}",
		"$${a}${KURIR_TEST_B}$${b}":     "${a}${b}",
		"<${file:secret}>":              "<two words>",
		"${file: ./secret }":            "two words",
		"${file:" + dir + "/secret}":    "two words",
		"}{$}":                          "}{$}",
		"${KURIR_TEST_B}${file:secret}": "two words",
	}
	for text, want := range good {
		if got, f := r.expand(text); f != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", text, got, f, want)
		}
	}
	bad := map[string]string{
		"${" + absent + "}": absent + " is not set",
		"${":                "not closed",
		"a${b":              "not closed",
		"${}":               "no name of a variable",
		"${a b}":            "no name of a variable",
		"${file:}":          "has no name",
		"${file:none}":      "does not exist",
		"${file:.}":         "not a regular file",
		"${file:binary}":    "is not text",
		"${file:large}":     "larger than 64 KiB",
		"${KURIR_TEST_A":    "not closed",
	}
	for text, want := range bad {
		if got, f := r.expand(text); f == nil || !strings.Contains(f.message, want) {
			t.Errorf("%q: got %q, %v, want %q", text, got, f, want)
		}
	}
}

// TestVariablesAreNotYAML checks that what a variable holds can neither add keys nor change a type.
func TestVariablesAreNotYAML(t *testing.T) {
	t.Setenv("KURIR_TEST_A", "x\nlanguage: id")
	t.Setenv("KURIR_TEST_B", "{login: {username: a}}")
	t.Setenv("KURIR_TEST_N", "3")
	t.Setenv("KURIR_TEST_TOKEN", "null")
	const text = `
t2g:
  base_url: https://t2g.example
  edinumber: ${KURIR_TEST_A}
  concurrency: ${KURIR_TEST_N}
  auth: {token: "${KURIR_TEST_TOKEN}"}
inboxes:
  - {name: erp, kind: aju, path: in, outbox: out}
`
	c, err := Parse([]byte(text), "kurir.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if c.Language != "auto" || c.T2G.EDINumber != "x\nlanguage: id" || c.T2G.Concurrency != 3 || c.T2G.Auth.Token.Reveal() != "null" {
		t.Errorf("%+v", c.T2G)
	}
	_, err = Parse([]byte(strings.Replace(text, `{token: "${KURIR_TEST_TOKEN}"}`, "${KURIR_TEST_B}", 1)), "kurir.yaml")
	if err == nil || !strings.Contains(err.Error(), "t2g.auth: is a single value where a section belongs") {
		t.Errorf("a variable became a section: %v", err)
	}
}
