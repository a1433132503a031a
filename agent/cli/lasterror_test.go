package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLastError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kurir.log")
	if got := lastError(path); got != "" {
		t.Errorf("a log that is not there has the error %q", got)
	}
	long := strings.Repeat("level=INFO msg=\"folder is looked through\"\n", 1000)
	for text, want := range map[string]string{
		"level=INFO msg=a\n": "",
		"level=ERROR msg=a\r\nlevel=ERROR msg=b\r\nlevel=INFO msg=c\r\n": "level=ERROR msg=b",
		`{"level":"ERROR","msg":"a"}` + "\n" + `{"level":"INFO"}` + "\n": `{"level":"ERROR","msg":"a"}`,
		long + "level=ERROR msg=at-the-end":                              "level=ERROR msg=at-the-end",
		"level=ERROR msg=long-ago\n" + long:                              "",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := lastError(path); got != want {
			t.Errorf("got %q, not %q", got, want)
		}
	}
}
