//go:build unix

package outbox

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

func TestFolderSyncsAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, let := make(chan string), make(chan error)
		f := folderSyncs{running: map[string]*folderSync{}, next: map[string]*folderSync{}, do: func(path string) error {
			began <- path
			return <-let
		}}
		var wg sync.WaitGroup
		var failed atomic.Int32
		ask := func(path string) {
			wg.Go(func() {
				if f.sync(path) != nil {
					failed.Add(1)
				}
			})
		}
		ask("a")
		<-began
		for range 50 {
			ask("a") // after the first has begun: it is no good for them
		}
		synctest.Wait()
		ask("b")
		if got := <-began; got != "b" {
			t.Fatalf("%s is synced twice at the same time, or keeps b waiting", got)
		}
		let <- nil
		let <- nil
		if got := <-began; got != "a" {
			t.Fatalf("sync of %s", got)
		}
		let <- errors.New("disk")
		wg.Wait()
		if failed.Load() != 50 {
			t.Errorf("%d calls heard that their sync failed, 50 shared it", failed.Load())
		}
		if len(f.running)+len(f.next) > 0 {
			t.Errorf("left: %v %v", f.running, f.next)
		}
	})
}

// Each caller's own name must be there when the sync begins that it gets.
func TestFolderSyncBeginsAfterItWasAskedFor(t *testing.T) {
	var mu sync.Mutex
	made, synced := map[string]bool{}, map[string]bool{}
	f := folderSyncs{running: map[string]*folderSync{}, next: map[string]*folderSync{}, do: func(string) error {
		mu.Lock()
		defer mu.Unlock()
		for name := range made {
			synced[name] = true
		}
		return nil
	}}
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Go(func() {
			for i := range 200 {
				name := fmt.Sprint(g, " ", i)
				mu.Lock()
				made[name] = true
				mu.Unlock()
				if err := f.sync("folder"); err != nil {
					t.Error(err)
				}
				mu.Lock()
				if !synced[name] {
					t.Errorf("%s was not there when its sync began", name)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}
