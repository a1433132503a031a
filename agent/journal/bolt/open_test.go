package bolt

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"kurir/agent/journal"
)

// emptyJournal returns the content of a journal without jobs.
func emptyJournal(t testing.TB) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "journal.db")
	if err := open1(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b[:usedBytes(b)]
}

// names lists a folder.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestOpenFresh(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "journal.db")
	if err := os.WriteFile(path+".new", []byte("left over from a crash"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, report, err := openClosed(t, path)
	if err != nil || !report.Fresh || report.SetAside != "" || report.Reason != "" {
		t.Fatalf("open: %v, %+v", err, report)
	}
	if got, want := names(t, dir), []string{"journal.db", "journal.owner"}; !slices.Equal(got, want) {
		t.Errorf("files %q, want %q", got, want)
	}
	if runtime.GOOS != "windows" {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, report, err = openClosed(t, path)
	if err != nil || report != (Report{}) {
		t.Errorf("open again: %v, %+v", err, report)
	}
	if got, want := names(t, dir), []string{"journal.bak", "journal.db", "journal.owner"}; !slices.Equal(got, want) {
		t.Errorf("files %q, want %q", got, want)
	}
}

// TestOpenRefused meets a file that it may not have: an error, and everything stays as it is.
func TestOpenRefused(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "journal.db")
	sample(t, path)
	before := names(t, dir)
	unchanged := func(t *testing.T, path string) {
		t.Helper()
		if _, report, err := openClosed(t, path); err == nil || report.SetAside != "" || errors.Is(err, journal.ErrDamaged) {
			t.Errorf("open: %v, %+v", err, report)
		}
		if got := names(t, dir); !slices.Equal(got, before) {
			t.Errorf("files %q, want %q", got, before)
		}
	}
	t.Run("no folder", func(t *testing.T) { unchanged(t, filepath.Join(dir, "none", "journal.db")) })
	t.Run("a folder", func(t *testing.T) {
		sub := filepath.Join(t.TempDir(), "journal.db")
		if err := os.Mkdir(sub, 0o700); err != nil {
			t.Fatal(err)
		}
		unchanged(t, sub)
	})
	for name, mode := range map[string]os.FileMode{"read-only file": 0o400, "unreadable file": 0} {
		t.Run(name, func(t *testing.T) {
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = os.Chmod(path, 0o600) }()
			if f, err := os.OpenFile(path, os.O_RDWR, 0); err == nil {
				_ = f.Close()
				t.Skip("this user may write every file, whatever its mode")
			}
			unchanged(t, path)
		})
	}
	t.Run("held by a program that knows only bbolt", func(t *testing.T) {
		db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		_, _, err = Open(path, Options{Timeout: 60 * time.Millisecond})
		var held *HeldError
		if !errors.As(err, &held) || held.PID != 0 {
			t.Errorf("open: %v, want a HeldError without a process", err)
		}
	})
	s, report, err := openClosed(t, path)
	if err != nil || report.Fresh || len(content(t, s)) == 0 {
		t.Errorf("open at last: %v, %+v", err, report)
	}
}

func TestNewerSchema(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "journal.db")
	sample(t, path)
	setSchema(t, path, currentSchema+1)
	// What a newer version keeps in the file is not ours to judge.
	change(t, path, func(tx *bbolt.Tx) error { _, err := tx.CreateBucket([]byte("new")); return err })
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, report, err := openClosed(t, path)
	var refused *SchemaError
	if !errors.As(err, &refused) || refused.Found != currentSchema+1 || refused.Known != currentSchema || report.Fresh {
		t.Fatalf("open: %v, %+v", err, report)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the refused journal was changed: %v", err)
	}
	setSchema(t, path, currentSchema)
	change(t, path, func(tx *bbolt.Tx) error { return tx.DeleteBucket([]byte("new")) })
	if _, report, err := openClosed(t, path); err != nil || report.Fresh {
		t.Errorf("open with the right version: %v, %+v", err, report)
	}
}

// change edits the file of a closed journal.
func change(t *testing.T, path string, fn func(*bbolt.Tx) error) {
	t.Helper()
	db, err := openDB(path, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(fn), db.Close()); err != nil {
		t.Fatal(err)
	}
}

func setSchema(t *testing.T, path string, n uint64) {
	t.Helper()
	change(t, path, func(tx *bbolt.Tx) error { return tx.Bucket(bucketMeta).Put(keySchema, encodeSchema(n)) })
}

// TestMigrate leads a journal through two migrations of which the second fails, and then does not.
func TestMigrate(t *testing.T) {
	if len(migrations)+1 != currentSchema {
		t.Fatalf("%d migrations lead to schema %d", len(migrations), currentSchema)
	}
	path := filepath.Join(t.TempDir(), "journal.db")
	sample(t, path)
	db, err := openDB(path, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var ran []int
	errNo := errors.New("no")
	fail := true
	steps := []func(*bbolt.Tx) error{
		func(tx *bbolt.Tx) error { ran = append(ran, 1); _, err := tx.CreateBucket([]byte("two")); return err },
		func(*bbolt.Tx) error {
			if ran = append(ran, 2); fail {
				return errNo
			}
			return nil
		},
	}
	stored := func() (n uint64, two bool) {
		err := db.View(func(tx *bbolt.Tx) error {
			var err error
			n, err = decodeSchema(tx.Bucket(bucketMeta).Get(keySchema))
			two = tx.Bucket([]byte("two")) != nil
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return n, two
	}
	err = db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(bucketMeta).Put(keySchema, encodeSchema(1)) })
	if err != nil {
		t.Fatal(err)
	}
	if err := migrate(db, 1, steps); !errors.Is(err, errNo) {
		t.Errorf("migrate: %v", err)
	}
	if n, two := stored(); n != 1 || two {
		t.Errorf("a failed migration has left schema %d, %v", n, two)
	}
	fail = false
	for range 2 { // the second time there is nothing to do
		n, _ := stored()
		if err := migrate(db, n, steps); err != nil {
			t.Errorf("migrate: %v", err)
		}
	}
	if n, two := stored(); n != 3 || !two || !slices.Equal(ran, []int{1, 2, 1, 2}) {
		t.Errorf("schema %d, %v, ran %v", n, two, ran)
	}
}

// TestOwnerNote follows what journal.owner says: in good order only after a Close without doubts.
func TestOwnerNote(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	clean := func() bool {
		t.Helper()
		f, err := os.Open(sibling(path, ".owner"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Close() }()
		note, err := readNote(f)
		if err != nil {
			t.Fatal(err)
		}
		return note.Closed
	}
	s := open1(t, path)
	if clean() {
		t.Error("an open journal counts as closed")
	}
	if err := s.Close(); err != nil || !clean() {
		t.Errorf("a closed journal does not count as closed: %v", err)
	}
	s = open1(t, path)
	s.doubt.Store(true)
	if err := s.Close(); err != nil || clean() {
		t.Errorf("a doubtful journal counts as closed in good order: %v", err)
	}
	if err := os.WriteFile(sibling(path, ".owner"), []byte(`{"pid":1,"clo`), 0o600); err != nil {
		t.Fatal(err)
	}
	if clean() {
		t.Error("a note that was cut off counts as closed")
	}
	open1(t, path)
}

func TestBackup(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "journal.db")
	want := sample(t, path)
	s := open1(t, path)
	if file, used := s.Size(); used <= 0 || file < used {
		t.Errorf("size %d, used %d", file, used)
	}
	var buf bytes.Buffer
	if err := s.Backup(&buf); err != nil {
		t.Fatalf("backup: %v", err)
	}
	streamed, copied := filepath.Join(dir, "streamed.db"), filepath.Join(dir, "copied.db")
	if err := os.WriteFile(streamed, buf.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second replaces the first
		if err := s.BackupFile(copied); err != nil {
			t.Fatalf("backup: %v", err)
		}
	}
	if err := s.Put(context.Background(), journal.Job{Kind: journal.Xray, Key: "later"}); err != nil {
		t.Errorf("put: %v", err)
	}
	atStart := filepath.Join(dir, "at-start.db")
	if err := os.Rename(filepath.Join(dir, "journal.bak"), atStart); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{streamed, copied, atStart} {
		if c, report, err := openClosed(t, path); err != nil || report.Fresh || !same(content(t, c), want) {
			t.Errorf("%s: %v, %+v", path, err, report)
		}
	}
	if err := s.BackupFile(filepath.Join(dir, "none", "x.db")); err == nil {
		t.Error("backup into a folder that is not there succeeded")
	}
	saved := filepath.Join(dir, "saved.db")
	if err := SaveCopy(saved, s.Backup); err != nil {
		t.Errorf("save a copy: %v", err)
	}
	if err := SaveCopy(saved, s.Backup); !errors.Is(err, fs.ErrExist) {
		t.Errorf("save a copy over another: %v", err)
	}
	if err := CheckFile(saved); err != nil {
		t.Error(err)
	}
	short := func(w io.Writer) error { _, err := w.Write(buf.Bytes()[:buf.Len()-4096]); return err }
	if err := SaveCopy(saved+"2", short); !errors.Is(err, journal.ErrDamaged) {
		t.Errorf("save half a copy: %v", err)
	}
	if _, err := os.Stat(saved + "2"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("half a copy was kept: %v", err)
	}
	if err := s.Backup(failingWriter{}); err == nil {
		t.Error("backup to a full disk succeeded")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if file, used := s.Size(); file != 0 || used != 0 {
		t.Errorf("size of a closed journal: %d, %d", file, used)
	}
	if err := s.Backup(&buf); !errors.Is(err, journal.ErrClosed) {
		t.Errorf("backup of a closed journal: %v", err)
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errors.New("disk full") }
