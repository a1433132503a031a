package agent_test

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kurir/agent/simulator"
)

// What cannot be tried again keeps nothing else from it, and both are said: a set whose inbox is away, and a document.
func TestOneThatCannotBeTriedAgain(t *testing.T) {
	sim := simulator.New(simulator.Options{})
	server := httptest.NewServer(sim)
	t.Cleanup(func() { server.Close(); _ = sim.Close() })
	s := newSite(t, strings.ReplaceAll(wholeSite, "URL", server.URL))
	c := described(t, s)
	s.drop("BAD", `{"nomorAju": "X"}`)
	s.ok(os.WriteFile(filepath.Join(s.dir, "erp", "monday.txt"), []byte(knownCar+"\n"), 0o644))
	s.untilCounts("lane", map[string]int{"failed": 1})
	s.untilCounts("erp", map[string]int{"done": 1})
	s.until("the refused set has moved", func() bool {
		_, err := os.Stat(filepath.Join(s.dir, "lane", "BAD"))
		return os.IsNotExist(err)
	})
	s.ok(os.Rename(filepath.Join(s.dir, "lane"), filepath.Join(s.dir, "away")))
	s.ok(os.WriteFile(filepath.Join(s.dir, "lane"), nil, 0o644))

	response, body := s.ask("POST", "/api/v1/retry", `{"ids": ["lane/BAD", "erp/`+knownCar+`"]}`, s.bearer)
	c.holds("POST", "/api/v1/retry", response, body)
	var said struct {
		IDs   []string
		Error struct{ Message string }
	}
	s.ok(json.Unmarshal(body, &said))
	if response.StatusCode != 500 || !slices.Equal(said.IDs, []string{"erp/" + knownCar}) || !strings.Contains(said.Error.Message, "lane/BAD") {
		t.Errorf("HTTP %d: %s", response.StatusCode, body)
	}
}
