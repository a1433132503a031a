package cli

import (
	"context"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"

	"kurir/agent/cli/check"
	"kurir/agent/config"
	"kurir/agent/reason"
)

// A running agent looks from within, in the asker's language, at what the configuration's file says now.
func TestAskAgent(t *testing.T) {
	file := aSite(t, false)
	cfg, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	own, err := newAgent(cfg, agentOptions{logger: slog.New(slog.DiscardHandler), check: checkFor(cfg.Path)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- own.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		_ = own.Close()
	})
	if !answers(ctx, cfg.DataDir, nil) {
		t.Fatal("nobody answers")
	}
	ask := func(language reason.Language) map[string]check.Result {
		a := newApp(Process{Stdout: io.Discard, Stderr: io.Discard})
		a.lang = language
		told := 0
		results, err := a.askAgent(ctx, cfg, func(check.Result) { told++ })
		if err != nil || told != len(results) {
			t.Fatalf("%d results, %d told, %v", len(results), told, err)
		}
		found := map[string]check.Result{}
		for _, r := range results {
			found[r.Subject+"/"+r.Check] = r
		}
		return found
	}
	found := ask(reason.Indonesian)
	if found["data_dir/agent"].Detail != "agen sedang berjalan" || found["config/account"].Status != check.OK ||
		found["beacukai/reach"].Status != check.Fail || found["beacukai/reach"].Remedy == "" {
		t.Errorf("it finds %+v", found)
	}
	if err := os.WriteFile(file, []byte("data_dirr: x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := ask(reason.English)["config/read"]; r.Status != check.Fail || !strings.Contains(r.Detail, "kurir.yaml:1: ") {
		t.Errorf("of a configuration that is wrong by now: %+v", r)
	}
}
