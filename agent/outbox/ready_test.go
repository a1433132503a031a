package outbox

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// blocked returns a Guard of a folder in whose place a file lies, and that file.
func blocked(t *testing.T, name string) (*Guard, string) {
	t.Helper()
	folder := filepath.Join(t.TempDir(), name)
	write(t, folder, []byte("a file where the folder should be"))
	return NewGuard(folder, ""), folder
}

func TestDisksTrouble(t *testing.T) {
	well := NewGuard(t.TempDir(), "")
	bad, place := blocked(t, "out")
	for _, c := range []struct {
		what            string
		journal, outbox *Guard
		words           string // "" is no trouble
	}{
		{"both well", well, well, ""},
		{"nobody looks", nil, nil, ""},
		{"the outbox", well, bad, "outbox: "},
		{"the journal", bad, well, "journal: "},
		{"both", bad, bad, "journal: "},
	} {
		err := Disks{Journal: c.journal}.Trouble(c.outbox)
		if c.words == "" {
			if err != nil {
				t.Errorf("%s: %v", c.what, err)
			}
			continue
		}
		not, is := errors.AsType[*NotReadyError](err)
		if !is || not.Journal != strings.HasPrefix(c.words, "journal") {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		if !strings.Contains(err.Error(), c.words) || !strings.Contains(err.Error(), place) {
			t.Errorf("%s: it says %q", c.what, err)
		}
		if _, system := errors.AsType[*fs.PathError](err); !system {
			t.Errorf("%s: the system's error is lost in %v", c.what, err)
		}
	}
}

// Work goes on as soon as one outbox can be written, and not before; without the journal it does not.
func TestDisksWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, place := blocked(t, "one")
		two, _ := blocked(t, "two")
		home, homePlace := blocked(t, "home")
		begin, done := time.Now(), make(chan error, 1)
		go func() { done <- Disks{Journal: home, Outboxes: []*Guard{one, two}}.Wait(t.Context()) }()
		for _, file := range []string{homePlace, place} {
			<-time.After(time.Minute) // of the bubble
			synctest.Wait()
			select {
			case err := <-done:
				t.Fatalf("after %v: %v", time.Since(begin), err)
			default:
			}
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		if one.Ready() != nil || two.Ready() == nil {
			t.Errorf("one %v, two %v", one.Ready(), two.Ready())
		}
		ended, end := context.WithCancel(t.Context())
		go func() { done <- Disks{Outboxes: []*Guard{two}}.Wait(ended) }()
		<-time.After(time.Minute)
		end()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("at the end: %v", err)
		}
		if err := (Disks{Journal: home}).Wait(t.Context()); err != nil {
			t.Errorf("without outboxes: %v", err)
		}
	})
}
