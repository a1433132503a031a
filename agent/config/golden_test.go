package config

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the expected errors anew; read them before they are kept")

const examples = "../../testdata/config"

// testToken is what the examples' variable holds. It appears in no message.
const testToken = "s3cr3t-value"

func setVariables(t *testing.T) {
	t.Setenv("KURIR_TEST_TOKEN", testToken)
	t.Setenv("KURIR_TEST_EMPTY", "")
}

// TestBadExamples compares the errors of each testdata/config/bad-*.yaml with the bad-*.txt beside it.
func TestBadExamples(t *testing.T) {
	setVariables(t)
	for _, path := range exampleFiles(t, "bad-*.yaml") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Parse(data, filepath.Base(path))
			if err == nil {
				t.Fatal("no error")
			}
			checkProblems(t, err, data)
			for _, secret := range []string{testToken, "hunter"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("%q shows in:\n%v", secret, err)
				}
			}
			golden := strings.TrimSuffix(path, ".yaml") + ".txt"
			if *update {
				if err := os.WriteFile(golden, []byte(err.Error()+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, readErr := os.ReadFile(golden)
			if readErr != nil {
				t.Fatal(readErr)
			}
			if got := err.Error() + "\n"; got != strings.ReplaceAll(string(want), "\r\n", "\n") {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

func TestGoodExamples(t *testing.T) {
	setVariables(t)
	for _, path := range exampleFiles(t, "good-*.yaml") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			if _, err := Load(path); err != nil {
				t.Error(err)
			}
		})
	}
}

func exampleFiles(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(examples, pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples %s: %v", pattern, err)
	}
	return files
}

// checkProblems checks what must hold of any error of Parse: its type, and for each problem a line within the file, a
// message, and a remedy.
func checkProblems(t *testing.T, err error, data []byte) {
	t.Helper()
	var problems Errors
	if !errors.As(err, &problems) || len(problems) == 0 {
		t.Fatalf("not Errors: %v", err)
	}
	lines := countLines(toUTF8(data))
	last := 0
	for _, p := range problems {
		if p.Line < 1 || p.Line > lines {
			t.Errorf("line %d of %d: %v", p.Line, lines, p)
		}
		if p.Line < last {
			t.Errorf("line %d after line %d: %v", p.Line, last, p)
		}
		last = p.Line
		if p.Message == "" || p.Remedy == "" || strings.ContainsAny(p.String(), "\n\r\x00") {
			t.Errorf("incomplete or not one line: %q", p.String())
		}
	}
}
