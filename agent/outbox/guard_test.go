package outbox

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// guarded returns a Guard of a folder that does not exist yet, whose time the test tells.
func guarded(t *testing.T) (g *Guard, folder string, clock *time.Time) {
	t.Helper()
	folder = filepath.Join(t.TempDir(), "out")
	at := time.Date(2026, 1, 1, 8, 0, 0, 0, time.UTC)
	g = NewGuard(folder, "")
	g.now = func() time.Time { return at }
	return g, folder, &at
}

func TestGuardTriesAtItsPace(t *testing.T) {
	g, folder, clock := guarded(t)
	write(t, folder, []byte("a file where the folder should be"))
	begin := *clock
	for range 60 {
		for range 100 { // however many ask
			if g.Ready() == nil {
				t.Fatal("it is a file, and ready")
			}
		}
		*clock = clock.Add(time.Second)
	}
	if g.tries > 13 {
		t.Errorf("%d tries in a minute", g.tries)
	}
	if since, trouble := g.State(); trouble == nil || !since.Equal(begin) {
		t.Errorf("trouble %v since %v", trouble, since)
	}
	if err := os.Remove(folder); err != nil {
		t.Fatal(err)
	}
	*clock = clock.Add(guardFirst)
	if err := g.Ready(); err != nil {
		t.Errorf("the folder can be made: %v", err)
	}
	tries := g.tries
	for range 1000 {
		if err := g.Ready(); err != nil {
			t.Fatal(err)
		}
	}
	if g.tries != tries {
		t.Errorf("%d tries of a folder that is well", g.tries-tries)
	}
	wantNames(t, filepath.Dir(folder), "out/") // and nothing left of the tries
}

func TestGuardIsToldOfFailures(t *testing.T) {
	g, folder, clock := guarded(t)
	if err := g.Ready(); err != nil {
		t.Fatal(err)
	}
	if g.Failed(nil) || g.Failed(errors.New("one file is held by another program")) {
		t.Error("a failure of one file is taken for the folder's")
	}
	if err := os.Remove(folder); err != nil {
		t.Fatal(err)
	}
	write(t, folder, nil)
	if g.Failed(errors.New("not a directory")) {
		t.Error("a folder that has just been tried is tried again")
	}
	*clock = clock.Add(guardTrust)
	if !g.Failed(errors.New("not a directory")) || g.Ready() == nil {
		t.Error("a folder that cannot be written is taken for well")
	}
	if err := os.Remove(folder); err != nil {
		t.Fatal(err)
	}
	for want := guardFirst; want < guardLast; want = min(2*want, guardLast) { // well for moments only: it is tried ever more slowly
		if g.pace != want {
			t.Errorf("the pace is %v, want %v", g.pace, want)
		}
		*clock = clock.Add(g.pace)
		if err := g.Ready(); err != nil {
			t.Fatal(err)
		}
		if !g.Failed(errFull) {
			t.Error("a full disk is no trouble")
		}
	}
	*clock = clock.Add(g.pace)
	if err := g.Ready(); err != nil {
		t.Fatal(err)
	}
	*clock = clock.Add(guardCalm)
	if !g.Failed(errFull) || g.pace != guardFirst {
		t.Errorf("after a calm time the pace is %v", g.pace)
	}
}

func TestGuardOfAnUnmountedFolder(t *testing.T) {
	g, folder, _ := guarded(t)
	mount, err := mountOf(folder)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Ready(); err != nil || g.Mount() != mount {
		t.Errorf("mounted at %q, want %q: %v", g.Mount(), mount, err)
	}
	gone := NewGuard(folder, folder) // it was a mount point itself
	if err := gone.Ready(); !errors.Is(err, ErrUnmounted) {
		t.Errorf("unmounted: %v", err)
	}
	if gone.Failed(nil); len(names(t, folder)) > 0 {
		t.Errorf("the mount point holds %v", names(t, folder))
	}
	write(t, filepath.Join(folder, guardPermit), nil)
	gone.next = time.Time{}
	if err := gone.Ready(); err != nil || gone.Mount() != mount {
		t.Errorf("permitted: %v, mounted at %q", err, gone.Mount())
	}
	wantNames(t, folder)
	if err := (*Guard)(nil).Ready(); err != nil || (*Guard)(nil).Failed(errFull) {
		t.Error("a nil Guard has doubts")
	}
}

// Nobody goes on before the first look is over: what it finds out, others rely on.
func TestGuardIsWaitedForAtFirst(t *testing.T) {
	g, _, _ := guarded(t)
	g.trying.Lock() // somebody looks
	asked := make(chan error)
	go func() { asked <- g.Ready() }()
	for range 1000 {
		runtime.Gosched()
	}
	select {
	case err := <-asked:
		t.Fatalf("nobody has looked yet, and it is %v", err)
	default:
	}
	trouble := errors.New("not mounted")
	g.settle(trouble)
	g.trying.Unlock()
	if err := <-asked; !errors.Is(err, trouble) {
		t.Errorf("the look found out that it is not mounted, and it is %v", err)
	}
}
