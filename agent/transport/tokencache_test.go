package transport

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestTokenCacheFile(t *testing.T) {
	a := newAccount(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "token.json")
	stale := file + ".123.tmp"
	if err := os.WriteFile(stale, []byte("left by a killed process"), 0o600); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(stale, old, old); err != nil {
		t.Fatal(err)
	}
	mustDo(t, a.client(func(o *Options) { o.TokenCache = file }))
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), "token-1") || strings.Contains(string(b), "right-password") {
		t.Errorf("the file holds %s", b)
	}
	if fi, _ := os.Stat(file); runtime.GOOS != "windows" && fi.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", fi.Mode())
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("beside it: %v", entries)
	}
}

// A file that is damaged, of another login or out of reach costs a login, nothing more.
func TestTokenCacheThatIsOfNoUse(t *testing.T) {
	a := newAccount(t)
	dir := t.TempDir()
	for name, content := range map[string]string{
		"empty":         "",
		"cut":           `{"key": "12`,
		"other content": `{"key":"abc","access_token":"stolen","renew_at":"2999-01-01T00:00:00Z"}`,
		"not an object": `[]`,
	} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		before := a.counts()[0]
		mustDo(t, a.client(func(o *Options) { o.TokenCache = file }))
		if n := a.counts()[0]; n != before+1 {
			t.Errorf("%s: %d logins", name, n-before)
		}
	}
	before := a.counts()[0]
	c := a.client(func(o *Options) { o.TokenCache = filepath.Join(dir, "no", "such", "folder", "token.json") })
	mustDo(t, c)
	mustDo(t, c)
	if n := a.counts()[0]; n != before+1 {
		t.Errorf("no folder: %d logins", n-before)
	}
}
