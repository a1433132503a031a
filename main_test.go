package main

import (
	"bytes"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"kurir/agent/pictures"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"kurir": main})
}

// The stories in testdata/script run the real program. Besides testscript's own commands they have these:
//
//	port NAME...       sets $NAME to a port of the loopback that is free, and none that systems give to whoever asks for any
//	fill FILE...       replaces @NAME@ in files by $NAME
//	picture FILE...    makes JPEGs; the nth of every call is the same picture
//	await FILE|URL...  waits until a file (or what a pattern means) is there, or a server answers; ! await until it is not
//	says FILE TEXT     waits until a file holds a text
//	mode FILE OCTAL    fails unless the file has these permissions; nothing on Windows
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"port": freePort, "fill": fillFiles, "picture": drawPicture, "await": awaitThings, "says": awaitText, "mode": checkMode,
		},
		Setup: func(env *testscript.Env) error {
			env.Setenv("LANG", "en_US.UTF-8")
			env.Setenv("LC_ALL", "")
			env.Setenv("KURIR_CONFIG", "")
			env.Setenv("NO_PROXY", "127.0.0.1")
			return nil
		},
	})
}

func freePort(ts *testscript.TestScript, _ bool, names []string) {
	for _, name := range names {
		for {
			port := strconv.Itoa(15000 + rand.IntN(15000))
			l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", port))
			if err != nil {
				continue // somebody has it
			}
			ts.Check(l.Close())
			ts.Setenv(name, port)
			break
		}
	}
}

func fillFiles(ts *testscript.TestScript, _ bool, files []string) {
	for _, file := range files {
		parts := strings.Split(ts.ReadFile(file), "@")
		for i := 1; i < len(parts); i += 2 {
			parts[i] = ts.Getenv(parts[i])
		}
		ts.Check(os.WriteFile(ts.MkAbs(file), []byte(strings.Join(parts, "")), 0o600))
	}
}

func drawPicture(ts *testscript.TestScript, _ bool, files []string) {
	for i, file := range files {
		var b bytes.Buffer
		ts.Check(pictures.JPEG(&b, uint64(i), 120, 90, 80))
		path := ts.MkAbs(file)
		ts.Check(os.MkdirAll(filepath.Dir(path), 0o755))
		ts.Check(os.WriteFile(path, b.Bytes(), 0o644))
	}
}

// awaitThings waits until files or addresses are there, or with neg until they are there no more.
func awaitThings(ts *testscript.TestScript, neg bool, things []string) {
	deadline := time.NewTimer(3 * time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for _, thing := range things {
		for there(ts, thing) == neg {
			select {
			case <-tick.C:
			case <-deadline.C:
				ts.Fatalf("there after three minutes: %s: %v", thing, neg)
			}
		}
	}
}

// awaitText waits until a file holds a text: says FILE TEXT.
func awaitText(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: says FILE TEXT")
	}
	deadline := time.NewTimer(3 * time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		b, err := os.ReadFile(ts.MkAbs(args[0]))
		if err == nil && bytes.Contains(b, []byte(args[1])) {
			return
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			ts.Fatalf("%s does not say %s after three minutes: %v: %s", args[0], args[1], err, b)
		}
	}
}

func there(ts *testscript.TestScript, thing string) bool {
	if !strings.HasPrefix(thing, "http://") {
		found, err := filepath.Glob(ts.MkAbs(thing))
		ts.Check(err)
		return len(found) > 0
	}
	response, err := http.Get(thing)
	if err != nil {
		return false
	}
	ts.Check(response.Body.Close())
	return true
}

func checkMode(ts *testscript.TestScript, _ bool, args []string) {
	if os.PathSeparator == '\\' {
		return
	}
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	want := map[string]fs.FileMode{"600": 0o600, "700": 0o700}[args[1]]
	if got := info.Mode().Perm(); got != want {
		ts.Fatalf("%s has mode %v, not %v", args[0], got, want)
	}
}
