package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"kurir/agent/config"
)

func TestVariablesBesideTheConfiguration(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "lane.yaml")
	text := "data_dir: data\nbeacukai:\n  base_url: https://gw.example\n  auth: {token: '${KURIR_TEST_TOKEN}'}\n" +
		"  headers: {a: '${KURIR_TEST_A}', b: '${KURIR_TEST_B}', c: '${KURIR_TEST_C}'}\n" +
		"inboxes: [{name: x, kind: xray, path: in, outbox: out}]\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KURIR_TEST_TOKEN", "of-the-process")
	if _, err := config.Load(path); err == nil {
		t.Error("variables that are nowhere were taken")
	}
	variables := "# comment\n; another\n\nKURIR_TEST_A=plain\r\nKURIR_TEST_B = \"two words\"\nKURIR_TEST_C='a=b'\n" +
		"KURIR_TEST_TOKEN=of-the-file\nnonsense\n=x\n"
	if err := os.WriteFile(config.EnvironmentFile(path), []byte(variables), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"a": "plain", "b": "two words", "c": "a=b"} {
		if got := c.Beacukai.Headers[name].Reveal(); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got := c.Beacukai.Auth.Token.Reveal(); got != "of-the-process" {
		t.Errorf("the file comes before the process: %q", got)
	}
	if value, set := os.LookupEnv("KURIR_TEST_A"); set {
		t.Errorf("the process has got %q, which other programs would inherit", value)
	}
}
