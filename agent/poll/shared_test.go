package poll

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"kurir/agent/journal"
	"kurir/watcher"
)

// Two inboxes with one outbox take lists of one name at the same time: each has a folder of its own, also while the first is still
// being read and its folder is empty.
func TestListsOfOneNameAtTheSameTime(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	other := r.in
	other.Name, other.Root = "erp2", filepath.Join(r.dir, "in2")
	if err := os.Mkdir(other.Root, 0o755); err != nil {
		t.Fatal(err)
	}
	r.more = []Inbox{other}
	r.server.set(running("800"), nil)
	slow := slowStore{reached: make(chan struct{}), goOn: make(chan struct{})}
	r.wrap = func(s journal.Store) journal.Store { slow.Store = s; return slow }
	r.start()
	taken := make(chan error)
	go func() { taken <- r.drop("aju.txt", car1) }()
	<-slow.reached
	if err := os.WriteFile(filepath.Join(other.Root, "aju.txt"), []byte(car2), 0o644); err != nil {
		t.Fatal(err)
	}
	f := watcher.File{Path: "aju.txt", State: watcher.Rest, Changed: r.clock.Now()}
	if err := r.p.Handler("erp2").Handle(context.Background(), []watcher.File{f}); err != nil {
		t.Fatal(err)
	}
	close(slow.goOn)
	if err := <-taken; err != nil {
		t.Fatal(err)
	}
	want := []string{"aju/aju.txt", "aju/summary.csv", "aju~2/aju.txt", "aju~2/summary.csv"}
	eventually(t, func() bool { return slices.Equal(files(t, r.path("lists")), want) }, func() string {
		return fmt.Sprint(files(t, r.path("lists")))
	})
	for folder, car := range map[string]string{"aju": car1, "aju~2": car2} {
		if got := read(t, r.path("lists", folder, "aju.txt")); got != car {
			t.Errorf("%s holds the list %s, want %s", folder, got, car)
		}
		if got := rows(t, r.path("lists", folder, "summary.csv")); len(got) != 2 || got[1][1] != car || got[1][3] == "" {
			t.Errorf("the summary in %s has %v", folder, got)
		}
	}
}

// slowStore is a store in which the first number of the inbox erp waits.
type slowStore struct {
	journal.Store
	reached, goOn chan struct{}
}

func (s slowStore) Put(ctx context.Context, j journal.Job) error {
	if j.Kind == journal.Aju && j.Inbox == "erp" {
		close(s.reached)
		<-s.goOn
	}
	return s.Store.Put(ctx, j)
}
