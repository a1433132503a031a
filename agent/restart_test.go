package agent_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kurir/agent/control"
	"kurir/agent/journal"
	"kurir/agent/journal/bolt"
)

const pausedSite = `
data_dir: DIR/data
language: en
beacukai: {base_url: URL, auth: {token: demo-token}}
t2g: {base_url: URL, edinumber: EDI1, auth: {token: demo-token}}
inboxes:
  - {name: lane, kind: xray, path: DIR/lane, outbox: DIR/out, settle: 150ms, rescan: 1s, retry: {first: 50ms, max: 200ms}}
  - {name: erp, kind: aju, path: DIR/erp, outbox: DIR/respon, kode_dokumen: "30", settle: 150ms, rescan: 1s, poll: {first: 200ms, max: 500ms}}
dashboard: {listen: "127.0.0.1:0"}
`

// An API that wants to be left alone for an hour is left alone by the next process too, and by what comes only then; one that
// wants it for a moment is not kept waiting.
func TestAPauseOutlivesTheProcess(t *testing.T) {
	var requests atomic.Int64
	wait := atomic.Value{}
	wait.Store("3600")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		w.Header().Set("Retry-After", wait.Load().(string))
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	t.Cleanup(server.Close)
	text := strings.ReplaceAll(pausedSite, "URL", server.URL)
	s := newSite(t, text)
	paused := func() []control.API {
		t.Helper()
		var o control.Overview
		s.until("both are paused", func() bool {
			var err error
			o, err = s.client.Overview(t.Context())
			s.ok(err)
			return o.APIs[0].State == control.APIPaused && o.APIs[1].State == control.APIPaused
		})
		return o.APIs
	}
	s.drop("A", goodSet("A"))
	s.ok(os.WriteFile(filepath.Join(s.dir, "erp", "a.txt"), []byte(knownCar+"\n"), 0o644))
	before := paused()
	s.untilCounts("lane", map[string]int{"retrying": 1})
	s.untilCounts("erp", map[string]int{"retrying": 1})
	s.stop()
	asked := requests.Load()

	s.start(text)
	o, err := s.client.Overview(t.Context())
	s.ok(err)
	for i, now := range o.APIs {
		if now.State != control.APIPaused || !now.Since.Equal(before[i].Since) || now.Until.Sub(before[i].Until).Abs() > time.Minute {
			t.Fatalf("%s is %s since %v until %v; it was since %v until %v", now.Name, now.State, now.Since, now.Until, before[i].Since, before[i].Until)
		}
	}
	s.drop("B", goodSet("B"))
	s.ok(os.WriteFile(filepath.Join(s.dir, "erp", "b.txt"), []byte("05030100471120260131000001\n"), 0o644))
	s.untilCounts("lane", map[string]int{"retrying": 1, "ready": 1})
	s.untilCounts("erp", map[string]int{"retrying": 1, "polling": 1})
	if n := requests.Load() - asked; n != 0 {
		t.Errorf("%d requests came within the hour", n)
	}
	s.stop()

	other := httptest.NewServer(server.Config.Handler) // the configuration names another API: it has asked for nothing
	t.Cleanup(other.Close)
	wait.Store("1")
	s.start(strings.ReplaceAll(pausedSite, "URL", other.URL))
	s.until("the other is asked", func() bool { return requests.Load() > asked })
	s.until("and again, after its moment", func() bool { return requests.Load() > asked+4 })
	s.stop()
	store, err := bolt.Look(filepath.Join(s.dir, "data", "journal.db"))
	s.ok(err)
	defer func() { _ = store.Close() }() // it was only read
	for _, api := range []string{"beacukai", "t2g"} {
		if _, err := store.Get(t.Context(), "pause", api); !errors.Is(err, journal.ErrNotFound) {
			t.Errorf("of %s, which is not asked any more, is left: %v", api, err)
		}
	}
	if strings.Contains(s.log.String(), "pause not kept") {
		t.Errorf("%s", s.log)
	}
}
