package journaltest_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"kurir/agent/journal"
	"kurir/agent/journal/bolt"
	"kurir/agent/journal/journaltest"
)

func open(t *testing.T) journal.Store {
	s, _, err := bolt.Open(filepath.Join(t.TempDir(), "journal.db"), bolt.Options{})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestFaultyIsTransparent proves that the wrapper keeps every promise while nothing is told to fail.
func TestFaultyIsTransparent(t *testing.T) {
	inner := map[journal.Store]string{}
	at := func(t *testing.T, path string) journal.Store {
		s, _, err := bolt.Open(path, bolt.Options{})
		if err != nil {
			t.Fatalf("open: %v", err)
		}
		t.Cleanup(func() { _ = s.Close() })
		f := journaltest.NewFaulty(s)
		inner[f] = path
		return f
	}
	journaltest.Run(t,
		func(t *testing.T) journal.Store { return at(t, filepath.Join(t.TempDir(), "journal.db")) },
		func(t *testing.T, s journal.Store) journal.Store {
			if err := s.Close(); err != nil {
				t.Fatalf("close: %v", err)
			}
			return at(t, inner[s])
		})
}

func TestFailNth(t *testing.T) {
	ctx := context.Background()
	errBoom := errors.New("boom")
	f := journaltest.NewFaulty(open(t))
	f.FailNth("Put", 2, false, errBoom)
	f.FailNth("Put", 3, true, errBoom)
	for i, want := range []error{nil, errBoom, errBoom, nil} {
		err := f.Put(ctx, journal.Job{Kind: journal.Xray, Key: string(rune('a' + i))})
		if !errors.Is(err, want) {
			t.Errorf("put %d: %v, want %v", i, err, want)
		}
	}
	if got := f.Calls("Put"); got != 4 {
		t.Errorf("%d calls of Put", got)
	}
	jobs, err := f.List(ctx, journal.Filter{Kind: journal.Xray})
	if err != nil || len(jobs) != 3 || jobs[0].Key != "a" || jobs[1].Key != "c" {
		t.Errorf("jobs %+v, %v: want a, c and d", jobs, err)
	}

	c, err := f.Claim(ctx, journal.Xray, time.Now())
	if err != nil {
		t.Fatalf("claim: %v", err)
	}
	f.FailNth("Step", 1, true, errBoom)
	f.FailNth("Settle", 1, false, errBoom)
	if err := c.Step(journal.Step{Name: "s"}); !errors.Is(err, errBoom) {
		t.Errorf("step: %v", err)
	}
	if got := len(c.Job().Steps); got != 1 {
		t.Errorf("%d steps after one that took effect", got)
	}
	if err := c.Settle(journal.Outcome{State: journal.Done}); !errors.Is(err, errBoom) {
		t.Errorf("settle: %v", err)
	}
	if c.Context().Err() != nil {
		t.Error("a settle without effect has ended the claim")
	}
	if err := c.Settle(journal.Outcome{State: journal.Done}); err != nil {
		t.Errorf("second settle: %v", err)
	}
}

func TestFailEveryMethod(t *testing.T) {
	ctx := context.Background()
	errBoom := errors.New("boom")
	f := journaltest.NewFaulty(open(t))
	if err := f.Put(ctx, journal.Job{Kind: journal.Xray, Key: "k"}); err != nil {
		t.Fatalf("put: %v", err)
	}
	for method, call := range map[string]func() error{
		"Update": func() error {
			return f.Update(ctx, journal.Xray, "k", func(*journal.Job) error { return nil })
		},
		"Claim": func() error { _, err := f.Claim(ctx, journal.Xray, time.Time{}); return err },
		"Get":   func() error { _, err := f.Get(ctx, journal.Xray, "k"); return err },
		"List":  func() error { _, err := f.List(ctx, journal.Filter{Kind: journal.Xray}); return err },
		"Close": f.Close,
	} {
		f.FailNth(method, 1, false, errBoom)
		if err := call(); !errors.Is(err, errBoom) {
			t.Errorf("%s: %v", method, err)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("an unknown method was accepted")
		}
	}()
	f.FailNth("Requeue", 1, false, errBoom)
}
