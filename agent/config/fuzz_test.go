package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzParse checks that Parse never panics, that every error names a line within the file, and that the value of a
// variable or a secret file is in no error.
func FuzzParse(f *testing.F) {
	const fromEnv, fromFile = "fzEnvFz", "fzFileFz"
	dir := f.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "secret.txt"), []byte(fromFile), 0o600); err != nil {
		f.Fatal(err)
	}
	f.Setenv("KURIR_TEST_TOKEN", fromEnv)
	files, err := filepath.Glob(filepath.Join(examples, "*.yaml"))
	if err != nil || len(files) == 0 {
		f.Fatalf("no examples: %v", err)
	}
	for _, path := range append(files, exampleFile) {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, seed := range []string{
		"", "\xff\xfea", "\xfe\xff", "a\x00", "- ${KURIR_TEST_TOKEN}", "log: {keep: ${file:secret.txt}}", "? a\n: b", "{}", "[]", "\u2028x",
		"data_dir: \"${KURIR_TEST_TOKEN}\\0\"", "inboxes: [{name: '${KURIR_TEST_TOKEN}', path: '${file:secret.txt}', outbox: '${file:secret.txt}'}]",
		"timezone: ${KURIR_TEST_TOKEN}", "beacukai: {base_url: 'http://${KURIR_TEST_TOKEN}:x', proxy: '${KURIR_TEST_TOKEN}'}", "a: &b [*b]", "%YAML 1.1\n---\na",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse(data, filepath.Join(dir, "kurir.yaml"))
		if err == nil {
			if c == nil || len(c.Inboxes) == 0 {
				t.Fatal("neither a configuration nor an error")
			}
			return
		}
		if c != nil {
			t.Fatal("a configuration beside an error")
		}
		checkProblems(t, err, data)
		plain := string(toUTF8(data))
		for _, secret := range []string{fromEnv, fromFile} {
			if strings.Contains(err.Error(), secret) && !strings.Contains(plain, secret) {
				t.Errorf("%s shows in: %v", secret, err)
			}
		}
	})
}
