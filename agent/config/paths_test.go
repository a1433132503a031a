package config

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestImpossiblePath(t *testing.T) {
	tests := []struct {
		path, goos string
		ok         bool
	}{
		{"/srv/xray", "linux", true},
		{"relative/in", "linux", true},
		{"a:b", "linux", true},
		{"100%/in", "linux", true},
		{"%a%", "linux", true},
		{`C:\xray`, "linux", false},
		{"C:/xray", "darwin", false},
		{`\\server\share`, "linux", false},
		{"~", "linux", false},
		{"~/in", "darwin", false},
		{"~in", "linux", true},
		{"in ", "linux", false},
		{"in\tput", "linux", false},
		{"in\x00", "linux", false},
		{`C:\xray`, "windows", true},
		{"C:/xray", "windows", true},
		{"C:xray", "windows", false},
		{"C:", "windows", false},
		{`\\server\share\in`, "windows", true},
		{`\xray`, "windows", true},
		{`%ProgramData%\kurir`, "windows", false},
		{`%ProgramFiles(x86)%\kurir`, "windows", false},
		{`C:\100%`, "windows", true},
		{`~\in`, "windows", false},
	}
	for _, test := range tests {
		if f := impossiblePath(test.path, test.goos); (f == nil) != test.ok {
			t.Errorf("%q on %s: %v", test.path, test.goos, f)
		}
	}
}

func TestAbsolute(t *testing.T) {
	tests := []struct{ base, path, want string }{
		{"/etc/kurir", "in", "/etc/kurir/in"},
		{"/etc/kurir", "../in/", "/etc/in"},
		{"/etc/kurir", "/srv//in/.", "/srv/in"},
		{"/etc/kurir", ".", "/etc/kurir"},
	}
	if runtime.GOOS == "windows" {
		tests = []struct{ base, path, want string }{
			{`D:\kurir`, "in", `D:\kurir\in`},
			{`D:\kurir`, "in/lane-1/", `D:\kurir\in\lane-1`},
			{`D:\kurir`, `\srv\in`, `D:\srv\in`},
			{`D:\kurir`, "/srv/in", `D:\srv\in`},
			{`D:\kurir`, `E:\in\..\out`, `E:\out`},
			{`D:\kurir`, `\\server\share\in\`, `\\server\share\in`},
			{`D:\kurir`, "//server/share/in", `\\server\share\in`},
			{`\\server\share\kurir`, "in", `\\server\share\kurir\in`},
			{`\\server\share\kurir`, `\in`, `\\server\share\in`},
		}
	}
	for _, test := range tests {
		if got := absolute(test.base, test.path); got != test.want {
			t.Errorf("%q below %q: got %q, want %q", test.path, test.base, got, test.want)
		}
	}
}

const oneLane = `
data_dir: %s
beacukai: {base_url: "https://host.example", auth: {token: a}}
inboxes:
  - name: lane-1
    kind: xray
    path: %s
    outbox: %s
`

// TestOverlapThroughLinks looks at folders that lie in one another only once their symbolic links are followed.
func TestOverlapThroughLinks(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "real", "out"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "real"), filepath.Join(dir, "link")); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	if real, err := filepath.EvalSymlinks(filepath.Join(dir, "link")); err != nil || filepath.Base(real) != "real" {
		t.Skipf("symbolic links are not followed here: %q, %v", real, err)
	}
	tests := []struct{ data, path, outbox, want string }{
		{"data", "real", "link/out", "inboxes[0].outbox (lane-1): \"link/out\" lies in inboxes[0].path"},
		{"data", "link/in", "real/in", "is the same folder as inboxes[0].path"},
		{"link/not/there/yet", "real/not", "out", "inboxes[0].path (lane-1): \"real/not\" holds data_dir"},
		{"data", "link/in", "real/out", ""},
	}
	for _, test := range tests {
		text := fmt.Sprintf(oneLane, test.data, test.path, test.outbox)
		_, err := Parse([]byte(text), filepath.Join(dir, "kurir.yaml"))
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%+v: %v", test, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%+v: got %v", test, err)
		}
	}
}

// TestOverlapByLetters: where the file system takes IN for in, so does the check.
func TestOverlapByLetters(t *testing.T) {
	text := fmt.Sprintf(oneLane, "data", "lane", "LANE/Out")
	_, err := Parse([]byte(text), filepath.Join(t.TempDir(), "kurir.yaml"))
	alike := runtime.GOOS == "windows" || runtime.GOOS == "darwin"
	if alike != (err != nil) {
		t.Errorf("on %s: %v", runtime.GOOS, err)
	}
}

func TestOverlapWithTheDefault(t *testing.T) {
	text := strings.Replace(oneLane, "data_dir: %s\n", "", 1)
	text = fmt.Sprintf(text, "'"+filepath.Join(defaultDataDir(), "in")+"'", "out")
	_, err := Parse([]byte(text), filepath.Join(t.TempDir(), "kurir.yaml"))
	if err == nil || !strings.Contains(err.Error(), "lies in data_dir ("+defaultDataDir()+", the default)") {
		t.Errorf("got %v", err)
	}
}

func TestMarkers(t *testing.T) {
	tests := []struct {
		marker string
		ignore []string
		ok     bool
	}{
		{"", nil, true},
		{"{name}.done", nil, true},
		{"done", nil, true},
		{"READY.{name}", nil, true},
		{"{name}.json", nil, false},
		{"{name}.JSON", nil, false},
		{"{name}.jpg", nil, false},
		{"{name}.tmp", nil, false},
		{".{name}", nil, false},
		{"~{name}", nil, false},
		{"Thumbs.db", nil, false},
		{"done/{name}", nil, false},
		{`done\{name}`, nil, false},
		{"{Name}.done", nil, false},
		{"{set}", nil, false},
		{"..", nil, false},
		{"{name}.", nil, false},
		{" {name}.done", nil, false},
		{"{name}:done", nil, false},
		{"{name}.done", []string{"*.bak"}, true},
		{"{name}.bak", []string{"*.BAK"}, false},
	}
	for _, test := range tests {
		r := newReading("kurir.yaml", "/")
		r.validateMarker("done_marker", &Inbox{DoneMarker: test.marker, Ignore: test.ignore})
		if (len(r.problems) == 0) != test.ok {
			t.Errorf("%+v: %v", test, r.problems)
		}
	}
}
