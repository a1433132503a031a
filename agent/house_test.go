package agent_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"kurir/agent"
	"kurir/agent/config"
	"kurir/agent/logbook"
	"kurir/agent/pictures"
	"kurir/agent/simulator"
)

// house is a whole agent made small: its configuration file, real folders, the simulator.
type house struct {
	t          *testing.T
	dir        string
	url        string // of the simulator
	more       string // of the configuration
	inbox      string // more keys of lane-1
	aju        string // more keys of erp
	password   string // of the login
	logs       *logbook.Ring
	photoBytes int64 // of all photos that were dropped
	stop       func()
}

func newHouse(t *testing.T) *house {
	t.Helper()
	sim := httptest.NewServer(simulator.New(simulator.Options{}))
	t.Cleanup(sim.Close)
	h := &house{t: t, dir: t.TempDir(), url: sim.URL, password: simulator.DemoPassword, logs: logbook.NewRing(logbook.Lines)}
	for _, d := range []string{"in/lane-1", "in/erp"} {
		if err := os.MkdirAll(h.path(d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func (h *house) path(rel string) string { return filepath.Join(h.dir, filepath.FromSlash(rel)) }

const houseConfig = `data_dir: data
language: en
beacukai:
  base_url: %[1]s/openapi/cnpibk
  auth: {login: {username: demo, password: %[4]s}}
t2g: {base_url: %[1]s, edinumber: EDI0001, auth: {token: demo-token}}
inboxes:
  - {name: lane-1, kind: xray, path: in/lane-1, outbox: out/xray, settle: 100ms%[2]s}
  - {name: erp, kind: aju, path: in/erp, outbox: out/t2g, settle: 100ms%[5]s}
dashboard: {listen: "127.0.0.1:0"}
%[3]s
`

// start runs an agent until the test ends or stop is called.
func (h *house) start() {
	h.t.Helper()
	file := h.path("kurir.yaml")
	if err := os.WriteFile(file, fmt.Appendf(nil, houseConfig, h.url, h.inbox, h.more, h.password, h.aju), 0o600); err != nil {
		h.t.Fatal(err)
	}
	cfg, err := config.Load(file)
	if err != nil {
		h.t.Fatal(err)
	}
	a, err := agent.New(cfg, agent.Options{Logger: slog.New(h.logs.Handler(slog.LevelDebug)), Logs: h.logs, Version: "test", Commit: "none"})
	if err != nil {
		h.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	h.stop = func() {
		if h.stop = nil; ctx.Err() != nil {
			return
		}
		cancel()
		if err := <-ended; err != nil {
			h.t.Errorf("Run: %v", err)
		}
		if err := a.Close(); err != nil {
			h.t.Errorf("Close: %v", err)
		}
	}
	h.t.Cleanup(func() {
		if h.stop != nil {
			h.stop()
		}
	})
	h.await("the control address", func() bool { return h.address() != "" })
}

// address is the agent's control address, "" while there is none.
func (h *house) address() string {
	var file struct{ Address string }
	b, err := os.ReadFile(h.path("data/control.json"))
	if err != nil || json.Unmarshal(b, &file) != nil {
		return ""
	}
	return file.Address
}

// await waits for a condition.
func (h *house) await(what string, ok func() bool) {
	h.t.Helper()
	deadline, tick := time.NewTimer(3*time.Minute), time.NewTicker(20*time.Millisecond)
	defer deadline.Stop()
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline.C:
			for _, l := range h.logs.Since(0, slog.LevelInfo, 50) {
				h.t.Log(l)
			}
			h.t.Fatalf("waited in vain for %s", what)
		case <-tick.C:
		}
	}
}

// dropSet moves a folder set with two photos into lane-1.
func (h *house) dropSet(name string) {
	h.t.Helper()
	made := h.path("made-" + name)
	if err := os.Mkdir(made, 0o755); err != nil {
		h.t.Fatal(err)
	}
	for i := range 2 {
		f, err := os.Create(filepath.Join(made, fmt.Sprintf("%d.jpg", i)))
		if err != nil {
			h.t.Fatal(err)
		}
		if err := pictures.JPEG(f, uint64(i)+uint64(len(name)), 60, 40, 80); err != nil {
			h.t.Fatal(err)
		}
		if info, err := f.Stat(); err == nil {
			h.photoBytes += info.Size()
		}
		if err := f.Close(); err != nil {
			h.t.Fatal(err)
		}
	}
	side := fmt.Sprintf(`{"nomorAju":"%044d","nomorBlAwb":%q,"tanggalBlAwb":"2026-01-31","kodeKantor":"050100","images":["0.jpg","1.jpg"]}`,
		len(name), name)
	if err := os.WriteFile(filepath.Join(made, "set.json"), []byte(side), 0o644); err != nil {
		h.t.Fatal(err)
	}
	if err := os.Rename(made, h.path("in/lane-1/"+name)); err != nil {
		h.t.Fatal(err)
	}
}

// dropBroken moves a folder set into lane-1 whose photo is none.
func (h *house) dropBroken(name string) {
	h.t.Helper()
	made := h.path("made-" + name)
	if err := os.Mkdir(made, 0o755); err != nil {
		h.t.Fatal(err)
	}
	for file, content := range map[string]string{
		"0.jpg":    "This is no photo.\n",
		"set.json": `{"nomorAju":"1","nomorBlAwb":"2","tanggalBlAwb":"2026-01-31","kodeKantor":"050100","images":["0.jpg"]}`,
	} {
		if err := os.WriteFile(filepath.Join(made, file), []byte(content), 0o644); err != nil {
			h.t.Fatal(err)
		}
	}
	if err := os.Rename(made, h.path("in/lane-1/"+name)); err != nil {
		h.t.Fatal(err)
	}
}

// dropList moves a list into erp.
func (h *house) dropList(name, content string) {
	h.t.Helper()
	made := h.path(name)
	if err := os.WriteFile(made, []byte(content+"\n"), 0o644); err != nil {
		h.t.Fatal(err)
	}
	if err := os.Rename(made, h.path("in/erp/"+name)); err != nil {
		h.t.Fatal(err)
	}
}
