package cli

import (
	"os"
	"path/filepath"
	"testing"
)

func TestVariablesOfTheService(t *testing.T) {
	dir := t.TempDir()
	path := environmentFile(filepath.Join(dir, "kurir.yaml"))
	if path != filepath.Join(dir, "kurir.env") {
		t.Errorf("they are looked for in %s", path)
	}
	if err := takeVariables(path); err != nil {
		t.Errorf("without the file: %v", err)
	}
	text := "# comment\n; another\n\nKURIR_TEST_A=plain\r\nKURIR_TEST_B = \"two words\"\nKURIR_TEST_C='a=b'\nKURIR_TEST_SET=of the file\nnonsense\n=x\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"KURIR_TEST_A", "KURIR_TEST_B", "KURIR_TEST_C"} {
		t.Setenv(name, "") // to be put back at the end
		os.Unsetenv(name)
	}
	t.Setenv("KURIR_TEST_SET", "of the process")
	if err := takeVariables(path); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"KURIR_TEST_A": "plain", "KURIR_TEST_B": "two words", "KURIR_TEST_C": "a=b", "KURIR_TEST_SET": "of the process",
	} {
		if got := os.Getenv(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}
