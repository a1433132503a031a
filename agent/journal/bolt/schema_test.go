package bolt

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"kurir/agent/journal"
)

// oldJournal writes the journal that a program of schema 1 has left, and returns its jobs, with their steps, as that
// program has read them.
func oldJournal(t *testing.T, path string) []journal.Job { return journalOf(t, 1, path) }

// journalOf is oldJournal for any old schema. That of schema 2 holds data that are kept apart since.
func journalOf(t *testing.T, schema int, path string) []journal.Job {
	t.Helper()
	packed, err := os.Open(filepath.Join("testdata", fmt.Sprintf("schema%d.db.gz", schema)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = packed.Close() }()
	unpacked, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	lines, err := os.ReadFile(filepath.Join("testdata", fmt.Sprintf("schema%d.json", schema)))
	if err != nil {
		t.Fatal(err)
	}
	var jobs []journal.Job
	for d := json.NewDecoder(bytes.NewReader(lines)); ; {
		var j journal.Job
		if err := d.Decode(&j); errors.Is(err, io.EOF) {
			return jobs
		} else if err != nil {
			t.Fatal(err)
		}
		if string(j.Data) == "null" { // nil, in JSON
			j.Data = nil
		}
		jobs = append(jobs, j)
	}
}

// wantJobs expects s to hold the jobs, whole, and to find them by their last change.
func wantJobs(t *testing.T, s *Store, want []journal.Job) {
	t.Helper()
	ctx := context.Background()
	kinds := map[journal.Kind]int{}
	for _, w := range want {
		kinds[w.Kind]++
		got, err := s.Get(ctx, w.Kind, w.Key)
		if err != nil {
			t.Error(err)
		} else if !reflect.DeepEqual(got, w) {
			t.Errorf("job %s\n%+v, want\n%+v", w.Key, got, w)
		}
	}
	for kind, n := range kinds {
		jobs, err := s.Recent(ctx, journal.Filter{Kind: kind}, journal.Place{})
		if err != nil || len(jobs) != n {
			t.Errorf("%d jobs of kind %s by their last change, want %d: %v", len(jobs), kind, n, err)
		}
	}
}

// TestOldSchema opens a journal of each old schema: nothing of it is lost, and a copy that the old program understands is
// kept. What is written later is found as well.
func TestOldSchema(t *testing.T) {
	for schema := 1; schema < currentSchema; schema++ {
		t.Run(fmt.Sprint(schema), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "journal.db")
			want := journalOf(t, schema, path)
			if len(want) < 20 {
				t.Fatalf("the old journal has %d jobs", len(want))
			}
			s, report, err := Open(path, Options{})
			if err != nil || report.Fresh {
				t.Fatalf("open: %v, %+v", err, report)
			}
			t.Cleanup(func() { _ = s.Close() })
			wantJobs(t, s, want)
			failed, err := s.Recent(context.Background(), journal.Filter{Kind: journal.Xray, State: journal.Failed}, journal.Place{})
			if err != nil || len(failed) != 3 {
				t.Errorf("what failed: %+v, %v", failed, err)
			}
			copied, err := os.ReadFile(sibling(path, fmt.Sprintf("-schema%d.bak", schema)))
			if err != nil {
				t.Fatal(err)
			}
			if n, err := examine(bytes.NewReader(copied), int64(len(copied)), false); n != uint64(schema) || err != nil {
				t.Errorf("the copy has schema %d: %v", n, err)
			}
			touch(t, s, want)
		})
	}
}

// touch changes each job without its data, and then with them.
func touch(t *testing.T, s *Store, jobs []journal.Job) {
	t.Helper()
	ctx := context.Background()
	for _, w := range jobs {
		for _, data := range []json.RawMessage{w.Data, append(bytes.Clone(w.Data), ' ')} {
			err := s.Update(ctx, w.Kind, w.Key, func(j *journal.Job) error { j.Data = data; return nil })
			if err != nil {
				t.Fatal(err)
			}
			if got, err := s.Get(ctx, w.Kind, w.Key); err != nil || !bytes.Equal(got.Data, data) {
				t.Errorf("job %s has other data: %v", w.Key, err)
			}
		}
	}
	checkFile(t, s)
}

// TestOldSchemaNoRoom cannot keep the copy: nothing is changed.
func TestOldSchemaNoRoom(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	want := oldJournal(t, path)
	inTheWay := sibling(path, "-schema1.bak") + ".new"
	if err := os.Mkdir(inTheWay, 0o700); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, _, err := Open(path, Options{}); err == nil {
			t.Fatal("opened without a copy")
		}
	}
	if err := os.Remove(inTheWay); err != nil {
		t.Fatal(err)
	}
	wantJobs(t, open1(t, path), want)
}

// TestOldSchemaDamaged flips a bit of an old record: it is found before the journal is upgraded.
func TestOldSchemaDamaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	oldJournal(t, path)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(b, []byte("kirim: server error"))
	if at < 0 {
		t.Fatal("the old journal has no such words")
	}
	b[at] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	s, report, err := Open(path, Options{})
	if err != nil || !report.Fresh || report.SetAside == "" {
		t.Fatalf("open: %v, %+v", err, report)
	}
	_ = s.Close()
}

// TestUpgradeCutShort rolls back in the middle of the real migration, as a crash does: the old journal is whole.
func TestUpgradeCutShort(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	want := oldJournal(t, path)
	db, err := openDB(path, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	errCrash := errors.New("crash")
	err = migrate(db, 1, []func(*bbolt.Tx) error{func(tx *bbolt.Tx) error { return errors.Join(addRecent(tx), errCrash) }})
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(err, errCrash) {
		t.Fatalf("migrate: %v", err)
	}
	wantJobs(t, open1(t, path), want)
}
