package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"kurir/agent/journal"
)

// dataOf returns which transaction wrote the data of a job that are apart; 0 when they are not.
func dataOf(t *testing.T, s *Store, key string) (rev uint64) {
	t.Helper()
	err := s.view(func(tx *bbolt.Tx) error {
		kb, err := openKind(tx, journal.Xray)
		if err != nil {
			return err
		}
		r, err := kb.load(key)
		if err != nil {
			return err
		}
		if (kb.data.Get([]byte(key)) != nil) != (r.data != 0) {
			t.Errorf("the record of %q says that its data were written by %d, and there are %d bytes", key, r.data,
				len(kb.data.Get([]byte(key))))
		}
		rev = r.data
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rev
}

// TestLargeDataAreWrittenOnce lets a job with large data live its life: only what changes the data writes them.
func TestLargeDataAreWrittenOnce(t *testing.T) {
	ctx := context.Background()
	s := open1(t, filepath.Join(t.TempDir(), "journal.db"))
	large := bytes.Repeat([]byte("x"), 1<<20)
	if err := s.Put(ctx, journal.Job{Kind: journal.Xray, Key: "k", Due: time.Unix(1, 0), Data: large}); err != nil {
		t.Fatal(err)
	}
	put := dataOf(t, s, "k")
	if put == 0 {
		t.Fatal("large data are not apart")
	}
	want := func(what string, rev uint64, data []byte) {
		t.Helper()
		if got := dataOf(t, s, "k"); got != rev {
			t.Errorf("%s: the data were written by transaction %d, want %d", what, got, rev)
		}
		if got, err := s.Get(ctx, journal.Xray, "k"); err != nil || !bytes.Equal(got.Data, data) {
			t.Errorf("%s: the job has %d bytes of other data: %v", what, len(got.Data), err)
		}
	}
	c, err := s.Claim(ctx, journal.Xray, time.Unix(2, 0))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		if err := c.Step(journal.Step{Name: fmt.Sprint(i), Label: fmt.Sprint(i % 2)}); err != nil {
			t.Fatal(err)
		}
	}
	want("steps", put, large)
	if err := c.Settle(journal.Outcome{State: journal.Active, Due: time.Unix(3, 0)}); err != nil {
		t.Fatal(err)
	}
	want("settled", put, large)
	if err := s.Update(ctx, journal.Xray, "k", func(j *journal.Job) error { j.Label = "x"; return nil }); err != nil {
		t.Fatal(err)
	}
	want("updated", put, large)
	if c, err = s.Claim(ctx, journal.Xray, time.Unix(4, 0)); err != nil || !bytes.Equal(c.Job().Data, large) {
		t.Fatalf("claimed with other data: %v", err)
	}
	other := bytes.Repeat([]byte("y"), 1<<20)
	if err := c.Step(journal.Step{Name: "data", Data: other}); err != nil {
		t.Fatal(err)
	}
	want("other data", uint64(commits(t, s)), other)
	if err := c.Settle(journal.Outcome{State: journal.Done, Data: []byte("{}")}); err != nil {
		t.Fatal(err)
	}
	want("small data", 0, []byte("{}"))
	checkFile(t, s)
}

// TestRemovedDataAreGone removes a job with large data.
func TestRemovedDataAreGone(t *testing.T) {
	ctx := context.Background()
	s := open1(t, filepath.Join(t.TempDir(), "journal.db"))
	if err := s.Put(ctx, journal.Job{Kind: journal.Xray, Key: "k", Data: make([]byte, 1<<20)}); err != nil {
		t.Fatal(err)
	}
	if err := s.Update(ctx, journal.Xray, "k", func(*journal.Job) error { return journal.Remove }); err != nil {
		t.Fatal(err)
	}
	err := s.view(func(tx *bbolt.Tx) error {
		kb, err := openKind(tx, journal.Xray)
		if err == nil && kb.data.Stats().KeyN != 0 {
			err = errors.New("data of a removed job are left")
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	checkFile(t, s)
}

// TestDataAfterDoubt has a write that is answered with an error although it has taken place: the next write of the claim makes
// the data what the claim knows, and not what was stored.
func TestDataAfterDoubt(t *testing.T) {
	ctx := context.Background()
	s := open1(t, filepath.Join(t.TempDir(), "journal.db"))
	known, lost := bytes.Repeat([]byte("k"), largeData), bytes.Repeat([]byte("l"), largeData)
	if err := s.Put(ctx, journal.Job{Kind: journal.Xray, Key: "k", Due: time.Unix(1, 0), Data: known}); err != nil {
		t.Fatal(err)
	}
	held, err := s.Claim(ctx, journal.Xray, time.Unix(2, 0))
	if err != nil {
		t.Fatal(err)
	}
	c := held.(*claim)
	before := c.job
	if err := c.Step(journal.Step{Name: "lost", Data: lost}); err != nil {
		t.Fatal(err)
	}
	c.job, c.doubt = before, true // as after an error
	if err := c.Step(journal.Step{Name: "next"}); err != nil {
		t.Fatal(err)
	}
	got, err := s.Get(ctx, journal.Xray, "k")
	if err != nil || !bytes.Equal(got.Data, known) || len(got.Steps) != 1 || got.Steps[0].Name != "next" {
		t.Errorf("the job has %.3q... and steps %+v: %v", got.Data, got.Steps, err)
	}
	checkFile(t, s)
}
