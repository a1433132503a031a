package demo_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kurir/agent"
	"kurir/agent/cli/demo"
	"kurir/agent/config"
)

// quiet is a Progress that nobody watches.
type quiet struct{}

func (quiet) Line(string)                  {}
func (quiet) State(string, string, string) {}
func (quiet) Live(string)                  {}

func options(dir string) demo.Options {
	return demo.Options{
		Dir: dir, Sets: 2, Seed: 3, Faults: true, Progress: quiet{},
		Say: func(_, english string) string { return english },
		New: func(cfg *config.Config, log *slog.Logger, patience time.Duration) (demo.Agent, error) {
			return agent.New(cfg, agent.Options{Logger: log, Version: "test", Patience: patience})
		},
	}
}

func TestDemonstrationProvesItself(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new")
	r, err := demo.Run(t.Context(), options(dir))
	if err != nil {
		t.Fatalf("%v: %s", err, strings.Join(r.Problems, "\n"))
	}
	if r.Server.Photos != r.Server.Expected || r.Server.Photos == 0 || r.Server.Faults == 0 {
		t.Errorf("the record is %+v", r.Server)
	}
	failed := 0
	for _, s := range r.Sets {
		if s.State == "failed" {
			failed++
			if s.Error == nil || s.Error.Action == "" {
				t.Errorf("%s does not say what to do", s.ID)
			}
		}
	}
	if failed != 4 {
		t.Errorf("%d sets failed", failed)
	}
	if _, err := os.Stat(filepath.Join(dir, "data", "control.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the agent has left its address: %v", err)
	}
}

// A demonstration that could not fail would prove nothing.
func TestDemonstrationSeesALoss(t *testing.T) {
	t.Parallel()
	o := options(t.TempDir())
	o.Faults = false
	start := o.New
	o.New = func(cfg *config.Config, log *slog.Logger, patience time.Duration) (demo.Agent, error) {
		a, err := start(cfg, log, patience)
		return thief{a, cfg.Inboxes[0].Path}, err
	}
	o.Limit = 5 * time.Second
	r, err := demo.Run(t.Context(), o)
	if !errors.Is(err, demo.ErrProof) || len(r.Problems) == 0 {
		t.Errorf("a set was stolen and nobody noticed: %v", err)
	}
}

// thief is an agent whose inbox loses a set.
type thief struct {
	demo.Agent
	inbox string
}

func (a thief) Run(ctx context.Context) error {
	go func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for os.Remove(filepath.Join(a.inbox, "AWB002_1.jpg")) != nil {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	return a.Agent.Run(ctx)
}

func TestFolderInUseIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "mine"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := demo.Run(t.Context(), options(dir)); !errors.Is(err, demo.ErrNotEmpty) {
		t.Errorf("Run: %v", err)
	}
}
