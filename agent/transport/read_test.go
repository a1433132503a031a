package transport

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// unsized serves a body without saying how long it is.
func unsized(t *testing.T, body []byte) string {
	return serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.(http.Flusher).Flush()
		_, _ = w.Write(body)
	}).URL
}

func TestLongAnswerOfUnknownLength(t *testing.T) {
	want := bytes.Repeat([]byte("kurir%"), growTo/4)
	folder := t.TempDir()
	for name, spool := range map[string]string{"through a file": folder, "no room for a file": filepath.Join(folder, "missing")} {
		t.Run(name, func(t *testing.T) {
			c := newTestClient(t, unsized(t, want), func(o *Options) { o.Spool = spool })
			r := get()
			r.MaxAnswer = int64(len(want))
			a, err := c.Do(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(a.Body, want) {
				t.Errorf("%d bytes came, not the %d that were sent", len(a.Body), len(want))
			}
			r.MaxAnswer--
			if e := failed(t, c, r); e.Kind != BadResponse || !strings.Contains(e.Error(), "longer") {
				t.Errorf("one byte too long: %v", e)
			}
		})
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// An answer is in memory once, and a little.
func TestLongAnswerIsHeldOnce(t *testing.T) {
	const size = 8 * growTo
	c := newTestClient(t, unsized(t, make([]byte, size)), func(o *Options) { o.Spool = t.TempDir() })
	r := get()
	r.MaxAnswer = 2 * size
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	a, err := c.Do(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; len(a.Body) != size || used > size+size*9/10 {
		t.Errorf("%d bytes were allocated for an answer of %d", used, len(a.Body))
	}
}

func TestLongAnswerThatBreaksOff(t *testing.T) {
	base := serveRaw(t, func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 4096))
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2000000\r\n")
		_, _ = io.Copy(conn, newPattern(2*growTo))
	})
	folder := t.TempDir()
	c := newTestClient(t, base, func(o *Options) { o.Spool = folder })
	r := get()
	r.MaxAnswer = 1 << 30
	if e := failed(t, c, r); e.Kind != BadResponse || !strings.Contains(e.Error(), "cut off") {
		t.Errorf("%v: %v", e.Kind, e)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// What a process left that was killed before its file lost its name is gone with the next one, and nothing else is.
func TestSpoolsOfKilledProcessesAreSwept(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "[data]") // no pattern
	if err := os.MkdirAll(filepath.Join(folder, ".answer.folder.tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := os.CreateTemp(folder, spoolName)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"answer.1.tmp", ".answer.1.tmp.bak", ".try.0123456789abcdef.tmp"} {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	newTestClient(t, unsized(t, nil), func(o *Options) { o.Spool = folder })
	var left []string
	entries, err := os.ReadDir(folder)
	for _, d := range entries {
		left = append(left, d.Name())
	}
	want := []string{".answer.1.tmp.bak", ".answer.folder.tmp", ".try.0123456789abcdef.tmp", "answer.1.tmp"}
	if err != nil || !slices.Equal(left, want) {
		t.Errorf("left are %q, %v", left, err)
	}
}

// What cannot be written to the file is kept in memory, and an error of the server stays one.
func TestSpoolThatCannotBeWritten(t *testing.T) {
	name := filepath.Join(t.TempDir(), "spool")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	for want, body := range map[error]io.Reader{
		nil:    strings.NewReader("answer"),
		broken: io.MultiReader(strings.NewReader("answer"), failing{broken}),
	} {
		f, err := os.Open(name) // for reading alone
		if err != nil {
			t.Fatal(err)
		}
		got, err := spool{f}.readRest([]byte("long "), body, 100)
		if string(got) != "long answer" || !errors.Is(err, want) {
			t.Errorf("%q, %v instead of %v", got, err, want)
		}
		_ = f.Close()
	}
}
