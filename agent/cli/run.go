package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"kurir/agent/config"
	"kurir/agent/control"
	"kurir/agent/private"
	"kurir/agent/service"
	"kurir/agent/tune"
)

func (a *app) runCommand() *cobra.Command {
	cmd := a.withConfig(&cobra.Command{
		Use:     "run",
		GroupID: "work",
		Short:   "The agent, in the foreground or under the system's service manager",
		Long: `Watches the inboxes and works until it is interrupted. The first Ctrl-C lets it end what it has begun, for at most ten
seconds; a second one does not wait. Whatever is interrupted goes on at the next start; nothing is sent twice.`,
		Args: noArgs,
	})
	name := cmd.Flags().String("service", "", "the service's name")
	_ = cmd.Flags().MarkHidden("service") // for Windows' service manager; the flag exists
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return service.Run(cmd.Context(), *name, service.Job{Work: a.run, Health: a.healthy, Command: inService})
	}
	return cmd
}

func (a *app) run(ctx context.Context, ready func()) error {
	tune.Agent()
	cfg, err := a.loadToRun()
	if err != nil {
		return err
	}
	a.dataDir = cfg.DataDir
	if cfg.Log.File == "" {
		cfg.Log.File = service.DefaultLog(cfg.DataDir)
	}
	if err := private.MakeFolder(cfg.DataDir); err != nil { // before the log is put into it
		return fmt.Errorf("make data_dir: %w", err)
	}
	if err := canLog(cfg.Log); err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	if cfg.Log.File != "" {
		a.note(fmt.Sprintf(a.say("log ditulis ke %s", "the log goes to %s"), cfg.Log.File))
	}
	lines := a.err
	if f, ok := a.err.(*os.File); ok && service.IsJournal(f) {
		lines = journald{a.err}
	}
	logger := newLogger(cfg.Log, lines)
	defer logger.close()
	logStart(logger.Logger, cfg)
	err = a.runAgent(ctx, cfg, logger, ready)
	if err != nil && cfg.Log.File != "" {
		logger.Error("agent ended", "error", err) // else it is said on standard error at the end
	}
	return err
}

// loadToRun reads the configuration and refuses what an agent cannot work with.
func (a *app) loadToRun() (*config.Config, error) {
	cfg, err := a.load()
	if err != nil {
		return nil, err
	}
	if err := a.checkPlaceholders(cfg); err != nil {
		return nil, err
	}
	return cfg, checkReceivers(cfg)
}

func (a *app) runAgent(ctx context.Context, cfg *config.Config, logger logBook, ready func()) error {
	own, err := newAgent(cfg, agentOptions{logger: logger.Logger, logs: logger.lines, check: checkFor(cfg.Path)})
	if err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		if answers(ctx, cfg.DataDir, ended) {
			ready()
		}
	}()
	err = own.Run(ctx)
	close(ended)
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	if err := errors.Join(err, own.Close()); err != nil {
		return err
	}
	logger.Info("agent stopped")
	return nil
}

// answers waits until the agent answers at its control address. It is false when the agent or ctx has ended before.
func answers(ctx context.Context, dataDir string, ended <-chan struct{}) bool {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := control.Dial(ctx, dataDir); err == nil {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-ended:
			return false
		case <-tick.C:
		}
	}
}

// answerWithin is far more than an agent that works takes to say how it is doing, on whatever machine.
const answerWithin = 20 * time.Second

// healthy asks the agent of this process at its control address how it is doing, as anyone else would. For an answer, even a
// refusal, the journal has to be readable and each part, pipelines, watchers and alarms, to let go of what it knows: one that
// hangs with it is an error. A part that ends needs no question: it ends the agent.
func (a *app) healthy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	client, err := control.Dial(ctx, a.dataDir)
	if err != nil {
		return err
	}
	if _, err = client.Overview(ctx); ctx.Err() == nil {
		return nil
	}
	return err
}

// logStart says, before anything else can go wrong, what is about to run: support begins with these lines.
func logStart(log *slog.Logger, cfg *config.Config) {
	b := thisBuild()
	log.Info("kurir starts", "version", b.Version, "commit", b.Commit, "platform", b.Platform, "pid", os.Getpid(),
		"user", service.Account(), "config", cfg.Path, "data_dir", cfg.DataDir, "language", cfg.Lang(), "timezone", cfg.Timezone)
	for name, c := range connections(cfg) {
		account := "token"
		if c.Auth.Login != nil {
			account = c.Auth.Login.Username
		}
		log.Info("api", "api", name, "base_url", c.BaseURL, "account", account)
	}
	for _, in := range cfg.Inboxes {
		log.Info("inbox", "inbox", in.Name, "kind", in.Kind, "path", in.Path, "outbox", in.Outbox)
	}
}
