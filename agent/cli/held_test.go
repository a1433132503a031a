package cli

import (
	"strings"
	"testing"

	"kurir/agent"
	"kurir/agent/config"
	"kurir/agent/journal/bolt"
)

// Who only looks, while an agent starts or is too busy to answer, is not told to stop it.
func TestLookingWhileTheJournalIsHeld(t *testing.T) {
	site := aSite(t, true)
	cfg, err := config.Load(site)
	if err != nil {
		t.Fatal(err)
	}
	store, _, err := bolt.Open(agent.JournalPath(cfg), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	for _, args := range []string{"status", "retry --failed", "poll 05080000000220240228000820", "journal check"} {
		t.Run(args, func(t *testing.T) {
			t.Parallel() // each waits a while for the journal
			code, out, said := runCommand(t, append(strings.Fields(args), "-c", site)...)
			if code != exitFailed || out != "" || !strings.Contains(said, "wait a moment") || strings.Contains(said, "stop that one") {
				t.Errorf("code %d, %q\n%s", code, out, said)
			}
		})
	}
}
