package control_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"kurir/agent"
	"kurir/agent/config"
	"kurir/agent/logbook"
	"kurir/agent/pictures"
	"kurir/agent/simulator"
)

// station is an agent that works as it does at a user's: real folders, a real journal, HTTP, the simulator.
type station struct {
	t     *testing.T
	dir   string
	sim   *simulator.Server
	cfg   *config.Config
	agent *agent.Agent
	end   func()
}

const stationConfig = `data_dir: data
language: %[2]s
beacukai:
  base_url: %[1]s/openapi/cnpibk
  timeout: 5s
  auth: {token: demo-token}
t2g:
  base_url: %[1]s
  edinumber: "EDI0001"
  timeout: 5s
  auth: {token: demo-token}
inboxes:
  - {name: lane-1, kind: xray, path: in/lane-1, outbox: out/xray, settle: 200ms, rescan: 500ms, retry: {first: 500ms, max: 5s, give_up_after: 10m, not_found_for: 5m}}
  - {name: lane-2, kind: xray, path: in/lane-2, outbox: out/xray, settle: 200ms, rescan: 500ms}
  - {name: erp, kind: aju, path: in/erp, outbox: out/t2g, settle: 200ms, rescan: 500ms, poll: {first: 300ms, max: 1s, tail_every: 1h}}
dashboard: {listen: "%[3]s"}
`

// newStation prepares a station; nothing runs before start.
func newStation(t *testing.T, language string) *station {
	t.Helper()
	theBrowser(t)
	s := &station{t: t, dir: t.TempDir(), sim: simulator.New(simulator.Options{Speed: 60})}
	server := httptest.NewServer(s.sim)
	t.Cleanup(func() { server.Close(); _ = s.sim.Close() })
	for _, folder := range []string{"in/lane-1", "in/lane-2", "in/erp"} {
		must(t, os.MkdirAll(filepath.Join(s.dir, folder), 0o755))
	}
	text := fmt.Sprintf(stationConfig, server.URL, language, freeAddress(t))
	file := filepath.Join(s.dir, "kurir.yaml")
	must(t, os.WriteFile(file, []byte(text), 0o600))
	var err error
	s.cfg, err = config.Load(file)
	must(t, err)
	t.Cleanup(s.stop)
	return s
}

// freeAddress is an address that stays free, also while the agent is restarted: its port is none that systems give to whoever
// asks for any.
func freeAddress(t *testing.T) string {
	t.Helper()
	for {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(15000+rand.IntN(15000)))
		if l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address); err == nil {
			must(t, l.Close())
			return address
		}
	}
}

// start runs the agent until stop, and waits until it answers.
func (s *station) start() {
	s.t.Helper()
	ring := logbook.NewRing(1000)
	a, err := agent.New(s.cfg, agent.Options{Logger: slog.New(ring.Handler(slog.LevelDebug)), Logs: ring, Version: "test", Patience: 300 * time.Millisecond})
	must(s.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	s.agent = a
	s.end = func() {
		cancel()
		if err := errors.Join(<-ended, a.Close()); err != nil {
			s.t.Errorf("the agent ended with %v", err)
		}
	}
	eventually(s.t, "control.json is there", func() bool { return s.token() != "" })
}

// stop ends the agent. A second call does nothing.
func (s *station) stop() {
	if s.end != nil {
		s.end()
		s.end = nil
	}
}

func (s *station) url() string { return "http://" + s.cfg.Dashboard.Listen + "/" }

// token is what control.json has; "" when no agent runs.
func (s *station) token() string {
	b, err := os.ReadFile(filepath.Join(s.cfg.DataDir, "control.json"))
	if err != nil {
		return ""
	}
	var file struct{ Address, Token string }
	must(s.t, json.Unmarshal(b, &file))
	if file.Address != s.cfg.Dashboard.Listen {
		s.t.Fatalf("the agent listens at %s", file.Address)
	}
	return file.Token
}

// drop puts a folder set into an inbox: its sidecar, and photos of these names.
func (s *station) drop(inbox, set string, sidecar map[string]any, photos ...string) {
	s.t.Helper()
	tmp := filepath.Join(s.dir, "in", inbox, ".new")
	must(s.t, os.MkdirAll(tmp, 0o755))
	must(s.t, os.WriteFile(filepath.Join(tmp, "data.json"), []byte(quoted(sidecar)), 0o600))
	for i, name := range photos {
		must(s.t, os.WriteFile(filepath.Join(tmp, name), parcel(s.t, uint64(len(set)*31+i+int(set[len(set)-1]))), 0o600))
	}
	must(s.t, os.Rename(tmp, filepath.Join(s.dir, "in", inbox, set)))
}

// side is a whole sidecar.
func side(aju string, more ...string) map[string]any {
	m := map[string]any{"nomorAju": aju, "nomorBlAwb": "AWB" + aju, "tanggalBlAwb": "2026-11-20", "kodeKantor": "050100"}
	if len(more) > 0 {
		m["images"] = more
	}
	return m
}

// parcel is a photo of a scanner, another for each seed.
func parcel(t *testing.T, seed uint64) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, pictures.PNG(&b, seed, 480, 360))
	return b.Bytes()
}
