package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"kurir/agent/journal"
)

// sample writes a journal with jobs of every sort and closes it. It returns its content as List and Get show it.
func sample(t *testing.T, path string) map[string]journal.Job {
	t.Helper()
	s := open1(t, path)
	ctx := context.Background()
	for i := range 120 {
		j := journal.Job{
			Kind: journal.Xray, Key: fmt.Sprint("key-", i), ID: fmt.Sprint("id-", i%50), Inbox: "one", Label: "ready",
			Group: fmt.Sprint("g", i%7), Due: time.Unix(int64(1000+i), 0), Data: bytes.Repeat([]byte("x"), i*80), // some of it is kept apart
		}
		if i%5 == 0 {
			j.Kind, j.Group = journal.Aju, ""
		}
		if i%3 == 0 {
			j.State, j.Label = journal.Done, "sent"
		}
		for n := range i % 4 {
			j.Steps = append(j.Steps, journal.Step{Name: fmt.Sprint("step-", n), At: time.Unix(int64(n), 0), Note: []byte(`{"n":1}`)})
		}
		if err := s.Put(ctx, j); err != nil {
			t.Fatalf("put: %v", err)
		}
	}
	all := content(t, s)
	if err := s.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	return all
}

// content returns all jobs with their steps, and how each is found by the indexes.
func content(t *testing.T, s *Store) map[string]journal.Job {
	t.Helper()
	ctx := context.Background()
	all := map[string]journal.Job{}
	for _, k := range []journal.Kind{journal.Xray, journal.Aju} {
		jobs, err := s.List(ctx, journal.Filter{Kind: k})
		if err != nil {
			t.Fatalf("list: %v", err)
		}
		for _, j := range jobs {
			full, err := s.Get(ctx, k, j.Key)
			if err != nil {
				t.Fatalf("get: %v", err)
			}
			all[string(k)+"/"+j.Key] = full
			found, err := s.List(ctx, journal.Filter{Kind: k, ID: j.ID, Group: j.Group, After: j.Key[:len(j.Key)-1]})
			if err != nil || len(found) == 0 {
				t.Fatalf("job %q is not found by its ID and group: %v", j.Key, err)
			}
		}
	}
	return all
}

// same compares two contents.
func same(a, b map[string]journal.Job) bool { return fmt.Sprint(a) == fmt.Sprint(b) }

// TestBitFlips opens a journal after each of many damages: it has the same content, or is set aside. Nothing panics,
// nothing is lost in silence.
func TestBitFlips(t *testing.T) {
	dir := t.TempDir()
	want := sample(t, filepath.Join(dir, "journal.db"))
	good, err := os.ReadFile(filepath.Join(dir, "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	used := usedBytes(good)
	runs := 100
	if testing.Short() {
		runs = 40
	}
	aside := 0
	for i := range runs {
		seed := uint64(i)
		if damageAndOpen(t, bytes.Clone(good), used, seed, want) {
			aside++
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	t.Logf("%d of %d damaged files were set aside", aside, runs)
	if aside < runs/4 {
		t.Errorf("only %d of %d damaged files were set aside", aside, runs)
	}
}

// usedBytes is where the last page that is in use ends.
func usedBytes(file []byte) int {
	w := &pageWalk{file: bytes.NewReader(file), size: int64(len(file))}
	if err := w.readMeta(); err != nil {
		return len(file)
	}
	return int(w.meta.pages) * int(w.meta.pageSize)
}

// damageAndOpen changes file, opens it and reports whether it was set aside.
func damageAndOpen(t *testing.T, file []byte, used int, seed uint64, want map[string]journal.Job) bool {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	switch at := r.IntN(used); r.IntN(6) {
	case 0: // a page of another place
		copy(file[at/4096*4096:used], file[r.IntN(used)/4096*4096:][:4096])
	case 1: // a sector of zeroes
		clear(file[at/512*512:][:512])
	case 2: // a header or an element
		file[at/4096*4096+r.IntN(64)] ^= byte(1 << r.IntN(8))
	case 3: // a byte
		file[at] = byte(r.IntN(256))
	default:
		file[at] ^= byte(1 << r.IntN(8))
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "journal.db")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	s, report, err := Open(path, Options{})
	if err != nil {
		t.Errorf("open: %v", err)
		return false
	}
	defer func() { _ = s.Close() }()
	if report.SetAside == "" {
		if !same(content(t, s), want) {
			t.Error("the content has changed in silence")
		}
		err := s.db.View(func(tx *bbolt.Tx) error {
			for err := range tx.Check() {
				t.Errorf("bbolt finds: %v", err)
			}
			return nil
		})
		if err != nil {
			t.Errorf("view: %v", err)
		}
		return false
	}
	kept, err := os.ReadFile(filepath.Join(dir, report.SetAside))
	if err != nil || !bytes.Equal(kept, file) {
		t.Errorf("the damaged file was not kept as it was: %v", err)
	}
	if !report.Fresh || report.Reason == "" || len(content(t, s)) != 0 {
		t.Errorf("report %+v", report)
	}
	return true
}

func TestDamagedFiles(t *testing.T) {
	source := filepath.Join(t.TempDir(), "journal.db")
	sample(t, source)
	good, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(t.TempDir(), "other.db")
	db, err := bbolt.Open(foreign, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	other, err := os.ReadFile(foreign)
	if err != nil {
		t.Fatal(err)
	}
	used := usedBytes(good)
	noMeta1 := bytes.Clone(good)
	noMeta1[4096+16+48]++
	for name, file := range map[string][]byte{
		"empty": {}, "one byte": {0}, "text": []byte(strings.Repeat("not a journal\n", 1000)), "zeroes": make([]byte, 1<<16),
		"first page only": good[:4096], "half": good[:used/2], "last page lost": good[:used-4096], "odd size": good[:used-1],
		"one meta page": noMeta1, "another program's": other,
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "journal.db")
			if err := os.WriteFile(path, file, 0o600); err != nil {
				t.Fatal(err)
			}
			s, report, err := Open(path, Options{})
			if err != nil {
				t.Fatalf("open: %v", err)
			}
			if !report.Fresh || !strings.HasSuffix(report.SetAside, ".damaged") || report.Reason == "" {
				t.Errorf("report %+v", report)
			}
			kept, err := os.ReadFile(filepath.Join(filepath.Dir(path), report.SetAside))
			if err != nil || !bytes.Equal(kept, file) {
				t.Errorf("the file was not kept as it was: %v", err)
			}
			if err := s.Put(context.Background(), journal.Job{Kind: journal.Xray, Key: "k"}); err != nil {
				t.Errorf("put: %v", err)
			}
			checkFile(t, s)
		})
	}
}

// TestSetAsideTwice damages the journal twice within a second: both files are kept, and so are their copies.
func TestSetAsideTwice(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "journal.db")
	names := map[string]bool{}
	for i := range 3 {
		sample(t, path)
		if err := open1(t, path).Close(); err != nil { // keeps a copy
			t.Fatal(err)
		}
		if err := os.WriteFile(path, fmt.Append(nil, "garbage ", i), 0o600); err != nil {
			t.Fatal(err)
		}
		s, report, err := Open(path, Options{})
		if err != nil {
			t.Fatalf("open: %v", err)
		}
		names[report.SetAside] = true
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		kept, err := os.ReadFile(filepath.Join(dir, report.SetAside))
		if err != nil || string(kept) != fmt.Sprint("garbage ", i) {
			t.Errorf("kept %q, %v", kept, err)
		}
		copied := filepath.Join(dir, strings.TrimSuffix(report.SetAside, ".damaged")+".bak")
		if s, report := open1(t, copied), 0; len(content(t, s)) == 0 {
			t.Errorf("the copy %s is empty, %d", copied, report)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	if len(names) != 3 {
		t.Errorf("set aside as %v", names)
	}
}

// errReader fails.
type errReader struct{ err error }

func (r errReader) ReadAt([]byte, int64) (int, error) { return 0, r.err }

// TestReadErrors tells a disk that cannot give the content from one that does not answer.
func TestReadErrors(t *testing.T) {
	_, err := examine(errReader{os.ErrPermission}, 1<<20, false)
	if !errors.Is(err, os.ErrPermission) || errors.Is(err, journal.ErrDamaged) {
		t.Errorf("no permission: %v", err)
	}
	if _, err = examine(errReader{io.ErrUnexpectedEOF}, 1<<20, false); errors.Is(err, journal.ErrDamaged) {
		t.Errorf("unknown error: %v", err)
	}
	for _, media := range mediaErrors() {
		if _, err = examine(errReader{media}, 1<<20, false); !errors.Is(err, journal.ErrDamaged) {
			t.Errorf("bad sector: %v", err)
		}
	}
}

// openClosed opens the journal and closes it at the end of the test.
func openClosed(t *testing.T, path string) (*Store, Report, error) {
	t.Helper()
	s, report, err := Open(path, Options{})
	if err == nil {
		t.Cleanup(func() { _ = s.Close() })
	}
	return s, report, err
}

// TestDamageWhileOpen meets a damaged record at run time: an error, no panic, and a full check at the next start.
func TestDamageWhileOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	sample(t, path)
	s := open1(t, path)
	err := s.update(func(tx *bbolt.Tx) error {
		kb, err := openKind(tx, journal.Xray)
		if err != nil {
			return err
		}
		k, v := kb.jobs.Cursor().First()
		v = bytes.Clone(v)
		v[3] ^= 1
		return kb.jobs.Put(bytes.Clone(k), v)
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	if _, err := s.List(ctx, journal.Filter{Kind: journal.Xray}); !errors.Is(err, journal.ErrDamaged) {
		t.Errorf("list: %v", err)
	}
	if err := s.Put(ctx, journal.Job{Kind: journal.Xray, Key: "new"}); err != nil {
		t.Errorf("put: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	_, report, err := openClosed(t, path)
	if err != nil || report.SetAside == "" {
		t.Errorf("open: %v, %+v", err, report)
	}
}
