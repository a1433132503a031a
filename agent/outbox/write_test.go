package outbox

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestReplace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a", "b", "status.json")
	for _, content := range []string{"first", "", "second, which is longer"} {
		if err := Replace(path, []byte(content)); err != nil {
			t.Fatal(err)
		}
		if got, err := Read(path); err != nil || string(got) != content {
			t.Errorf("got %q, %v, want %q", got, err, content)
		}
	}
	wantNames(t, dir, "a/", "a/b/", "a/b/status.json")
}

func TestReplaceOverReadOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "status.json")
	write(t, path, []byte("old"))
	if err := os.Chmod(path, 0o444); err != nil {
		t.Fatal(err)
	}
	if err := Replace(path, []byte("new")); err != nil {
		t.Fatal(err)
	}
	if got := read(t, path); got != "new" {
		t.Errorf("got %q", got)
	}
}

// What cannot be written leaves the old file and nothing else.
func TestWriteFails(t *testing.T) {
	broken := errors.New("broken")
	half := func(w io.Writer) error {
		if _, err := io.WriteString(w, "half"); err != nil {
			return err
		}
		return broken
	}
	dir := t.TempDir()
	old := filepath.Join(dir, "old")
	write(t, old, []byte("old"))

	if err := ReplaceFrom(old, half); !errors.Is(err, broken) || !strings.Contains(err.Error(), old) {
		t.Errorf("ReplaceFrom: %v", err)
	}
	if err := CreateFrom(filepath.Join(dir, "new"), half); !errors.Is(err, broken) {
		t.Errorf("CreateFrom: %v", err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic of write was swallowed")
			}
		}()
		_ = ReplaceFrom(old, func(io.Writer) error { panic("no") })
	}()
	if err := Replace(filepath.Join(old, "below a file"), nil); err == nil {
		t.Error("a file was written below a file")
	}
	if err := Replace(dir, nil); err == nil {
		t.Error("a folder was replaced by a file")
	}
	if err := Replace(dir+string(filepath.Separator), nil); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("a path without a name: %v", err)
	}
	wantNames(t, dir, "old")
	if got := read(t, old); got != "old" {
		t.Errorf("the old file holds %q", got)
	}
}

func TestCreateNeverOverwrites(t *testing.T) {
	dir := t.TempDir()
	file, folder := filepath.Join(dir, "file"), filepath.Join(dir, "folder")
	write(t, file, []byte("theirs"))
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	taken := []string{file, folder}
	link := filepath.Join(dir, "link")
	if err := symlink("nowhere", link); err == nil {
		taken = append(taken, link)
	}
	for _, path := range taken {
		if err := Create(path, []byte("ours")); !errors.Is(err, fs.ErrExist) {
			t.Errorf("Create(%s) = %v", path, err)
		}
		err := CreateFrom(path, func(io.Writer) error {
			t.Error("content was asked for although the name is taken")
			return nil
		})
		if !errors.Is(err, fs.ErrExist) {
			t.Errorf("CreateFrom(%s) = %v", path, err)
		}
		// Also when the name is taken while the content is being written.
		temporary := filepath.Join(dir, temporaryName("t", randomTag()))
		write(t, temporary, []byte("ours"))
		if err := renameExclusive(temporary, path); !errors.Is(err, fs.ErrExist) {
			t.Errorf("renameExclusive over %s: %v", path, err)
		}
		if err := discard(temporary); err != nil {
			t.Error(err)
		}
	}
	if got := read(t, file); got != "theirs" {
		t.Errorf("the file holds %q", got)
	}
	if got := len(names(t, dir)); got != len(taken) {
		t.Errorf("the folder holds %q", names(t, dir))
	}
}

func TestCreateOnce(t *testing.T) {
	dir := t.TempDir()
	for round := range 20 {
		path := filepath.Join(dir, fmt.Sprintf("receipt-%d.json", round))
		var wait sync.WaitGroup
		won := make(chan string, 8)
		for i := range cap(won) {
			wait.Go(func() {
				content := fmt.Sprintf("content of %d", i)
				switch err := Create(path, []byte(content)); {
				case err == nil:
					won <- content
				case !errors.Is(err, fs.ErrExist):
					t.Error(err)
				}
			})
		}
		wait.Wait()
		if len(won) != 1 {
			t.Fatalf("%d calls created one file", len(won))
		}
		if got, want := read(t, path), <-won; got != want {
			t.Errorf("got %q, but %q won", got, want)
		}
	}
	if got := len(names(t, dir)); got != 20 {
		t.Errorf("%d files instead of 20: %q", got, names(t, dir))
	}
}

// A reader meets whole files only, whoever writes.
func TestReplaceIsNeverHalf(t *testing.T) {
	path := filepath.Join(t.TempDir(), "status.json")
	if err := Replace(path, sealed(0, 10)); err != nil {
		t.Fatal(err)
	}
	var writers sync.WaitGroup
	for w := range 2 {
		writers.Go(func() {
			for i := range 40 {
				if err := Replace(path, sealed(w, 20_000*(1+i%3))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { writers.Wait(); close(done) }()
	// On Windows nobody can replace a file that is open all the time: a reader looks now and then.
	pace := time.NewTicker(time.Millisecond)
	defer pace.Stop()
	for reads := 0; ; reads++ {
		<-pace.C
		data, err := os.ReadFile(path)
		if err != nil && !readerIsShutOut(err) {
			t.Fatal(err)
		}
		if err == nil && !isSealed(data) {
			t.Fatalf("read %d found %d bytes that are not whole", reads, len(data))
		}
		select {
		case <-done:
			return
		default:
		}
	}
}

func TestSweep(t *testing.T) {
	dir := t.TempDir()
	started := time.Now().Add(time.Hour)
	write(t, filepath.Join(dir, "status", temporaryName("a.json", randomTag())), []byte("half"))
	write(t, filepath.Join(dir, "sent", temporaryName("SET", randomTag()), "image.jpg"), []byte("half"))
	keep := []string{
		"status/", "status/a.json", "sent/", "sent/.hidden", "sent/.x.tmp", "sent/x.0123456789abcdef.tmp",
		"sent/.x.0123456789ABCDEF.tmp", "sent/.x.0123456789abcde.tmp",
	}
	for _, k := range keep {
		if !strings.HasSuffix(k, "/") {
			write(t, filepath.Join(dir, k), []byte("keep"))
		}
	}
	young := "status/" + temporaryName("young", randomTag())
	write(t, filepath.Join(dir, young), []byte("in use"))
	if err := os.Chtimes(filepath.Join(dir, young), started, started); err != nil {
		t.Fatal(err)
	}
	if err := Sweep(dir, started); err != nil {
		t.Fatal(err)
	}
	wantNames(t, dir, append(keep, young)...)
	if err := Sweep(filepath.Join(dir, "missing"), started); err != nil {
		t.Error(err)
	}
}

// TestSweepTop: what lies deeper is left alone.
func TestSweepTop(t *testing.T) {
	dir := t.TempDir()
	deep := "SET/" + temporaryName("a.jpg", randomTag())
	for _, name := range []string{temporaryName("a.json", randomTag()), temporaryName("SET", randomTag()) + "/image.jpg", "a.json", deep} {
		write(t, filepath.Join(dir, name), []byte("content"))
	}
	if err := SweepTop(dir, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	wantNames(t, dir, "a.json", "SET/", deep)
	if err := SweepTop(filepath.Join(dir, "missing"), time.Now()); err != nil {
		t.Error(err)
	}
}
