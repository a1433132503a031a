package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"kurir/agent/journal"
)

// burst leaves a journal in which hardly anything is left of what was there.
func burst(t *testing.T, s *Store, n int, data []byte) {
	t.Helper()
	ctx := context.Background()
	each := func(fn func(i int) error) {
		if _, err := spread(n, 64, fn); err != nil {
			t.Fatal(err)
		}
	}
	each(func(i int) error {
		return s.Put(ctx, journal.Job{Kind: journal.Xray, Key: fmt.Sprint("burst-", i), Data: data})
	})
	each(func(i int) error {
		return s.Update(ctx, journal.Xray, fmt.Sprint("burst-", i), func(*journal.Job) error { return journal.Remove })
	})
}

// TestCompact makes a journal smaller while it is written and read, and loses nothing.
func TestCompact(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	sample(t, path)
	s := open1(t, path)
	burst(t, s, 500, make([]byte, 4000))
	ctx := context.Background()
	c, err := s.Claim(ctx, journal.Aju, time.Unix(1<<40, 0))
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	written := make(chan int)
	go func() {
		n := 0
		for ; ; n++ {
			select {
			case <-stop:
				written <- n
				return
			default:
			}
			if err := s.Put(ctx, journal.Job{Kind: "more", Key: fmt.Sprint(n)}); err != nil {
				t.Errorf("put: %v", err)
			}
			if _, err := s.Get(ctx, "more", fmt.Sprint(n)); err != nil {
				t.Errorf("get: %v", err)
			}
		}
	}()
	before, after, err := s.Compact(ctx)
	if err != nil || after*2 > before {
		t.Errorf("compacted from %d to %d: %v", before, after, err)
	}
	if _, _, err := s.Compact(ctx); err != nil { // again, at once
		t.Error(err)
	}
	if err := s.Check(ctx); err != nil {
		t.Error(err)
	}
	close(stop)
	if n := <-written; len(s.mustList(t, "more")) != n {
		t.Errorf("%d jobs of those written meanwhile, want %d", len(s.mustList(t, "more")), n)
	}
	if err := c.Step(journal.Step{Name: "after"}); err != nil {
		t.Errorf("a claim from before: %v", err)
	}
	if _, err := os.Stat(path + ".new"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("something is left: %v", err)
	}
	checkFile(t, s)
}

func (s *Store) mustList(t *testing.T, k journal.Kind) []journal.Job {
	t.Helper()
	jobs, err := s.List(context.Background(), journal.Filter{Kind: k})
	if err != nil {
		t.Fatal(err)
	}
	return jobs
}

// TestCompactDuringUpdate has a job changed, by a transaction of the same number, between the two halves of an update.
func TestCompactDuringUpdate(t *testing.T) {
	s := open1(t, filepath.Join(t.TempDir(), "journal.db"))
	ctx := context.Background()
	if err := s.Put(ctx, journal.Job{Kind: journal.Xray, Key: "k"}); err != nil {
		t.Fatal(err)
	}
	runs := 0
	err := s.Update(ctx, journal.Xray, "k", func(*journal.Job) error {
		if runs++; runs == 1 {
			_, _, err := s.Compact(ctx)
			return err
		}
		return nil
	})
	if err != nil || runs != 2 {
		t.Errorf("fn ran %d times, want it to look again: %v", runs, err)
	}
}

// TestCompactFails cannot make the new file: the old one is used on.
func TestCompactFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	want := sample(t, path)
	s := open1(t, path)
	if err := os.MkdirAll(filepath.Join(path+".new", "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Compact(context.Background()); err == nil {
		t.Error("compacted into a folder")
	}
	if !same(content(t, s), want) {
		t.Error("the journal has changed")
	}
	if err := s.Put(context.Background(), journal.Job{Kind: journal.Xray, Key: "later"}); err != nil {
		t.Error(err)
	}
}

// TestShrinksAtStart opens a journal after a burst: it is small again. One that is small, or full, is left alone.
func TestShrinksAtStart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	want := sample(t, path)
	s := open1(t, path)
	burst(t, s, 400, bytes.Repeat([]byte("x"), 100<<10))
	if file, _ := s.Size(); file < wastefulSize {
		t.Fatalf("a burst of %d bytes", file)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open1(t, path)
	if file, _ := s.Size(); file > 2<<20 {
		t.Errorf("the journal has %d bytes after a start", file)
	}
	if !same(content(t, s), want) {
		t.Error("the journal has changed")
	}
	if did, err := s.CompactIfWasteful(context.Background()); did || err != nil {
		t.Errorf("a small journal was compacted: %v, %v", did, err)
	}
	checkFile(t, s)
}

// TestLook reads a journal and leaves everything as it is.
func TestLook(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "journal.db")
	if _, err := Look(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("look at nothing: %v", err)
	}
	want := sample(t, path)
	before := folder(t, dir)
	s, err := Look(path)
	if err != nil {
		t.Fatal(err)
	}
	if !same(content(t, s), want) || len(s.Counts()) == 0 {
		t.Error("other content")
	}
	if err := s.Put(context.Background(), journal.Job{Kind: journal.Xray, Key: "new"}); err == nil {
		t.Error("a journal that is looked at was changed")
	}
	var held *HeldError
	if _, _, err := Open(path, Options{Timeout: 50 * time.Millisecond}); !errors.As(err, &held) || held.PID != 0 {
		t.Errorf("opened meanwhile: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if got := folder(t, dir); !maps.EqualFunc(got, before, bytes.Equal) {
		t.Error("looking has changed the folder")
	}
	open := open1(t, path)
	if _, err := Look(path); !errors.As(err, &held) || held.PID != os.Getpid() {
		t.Errorf("looked at while it is open: %v", err)
	}
	if err := open.Close(); err != nil {
		t.Error(err)
	}
	setSchema(t, path, currentSchema+1)
	var schema *SchemaError
	if _, err := Look(path); !errors.As(err, &schema) {
		t.Errorf("look at a newer journal: %v", err)
	}
	oldJournal(t, path)
	if _, err := Look(path); !errors.As(err, &schema) || schema.Found != 1 {
		t.Errorf("look at an older journal: %v", err)
	}
	if err := os.Truncate(path, 5000); err != nil {
		t.Fatal(err)
	}
	before = folder(t, dir)
	if _, err := Look(path); !errors.Is(err, journal.ErrDamaged) {
		t.Errorf("look at a damaged journal: %v", err)
	}
	if got := folder(t, dir); !maps.EqualFunc(got, before, bytes.Equal) {
		t.Error("looking at damage has changed the folder")
	}
}

// folder is the content of a folder's files.
func folder(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, e := range entries {
		if files[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return files
}
