package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"kurir/agent/config"
)

func (a *app) runCommand() *cobra.Command {
	return a.withConfig(&cobra.Command{
		Use:     "run",
		GroupID: "work",
		Short:   "The agent, in the foreground or under the system's service manager",
		Long: `Watches the inboxes and works until it is interrupted. The first Ctrl-C lets it end what it has begun, for at most ten
seconds; a second one does not wait. Whatever is interrupted goes on at the next start; nothing is sent twice.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.run(cmd.Context()) },
	})
}

func (a *app) run(ctx context.Context) error {
	cfg, err := a.load()
	if err != nil {
		return err
	}
	if err := checkPlaceholders(cfg); err != nil {
		return err
	}
	if err := canLog(cfg.Log); err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	if cfg.Log.File != "" {
		a.note(fmt.Sprintf(a.say("log ditulis ke %s", "the log goes to %s"), cfg.Log.File))
	}
	logger, closeLog := newLogger(cfg.Log, a.err)
	defer closeLog()
	logStart(logger, cfg)
	err = runAgent(ctx, cfg, logger)
	if err != nil && cfg.Log.File != "" {
		logger.Error("agent ended", "error", err) // else it is said on standard error at the end
	}
	return err
}

func runAgent(ctx context.Context, cfg *config.Config, logger *slog.Logger) error {
	own, err := newAgent(cfg, agentOptions{logger: logger})
	if err != nil {
		return err
	}
	err = own.Run(ctx)
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	if err := errors.Join(err, own.Close()); err != nil {
		return err
	}
	logger.Info("agent stopped")
	return nil
}

// logStart says, before anything else can go wrong, what is about to run: support begins with these lines.
func logStart(log *slog.Logger, cfg *config.Config) {
	b := thisBuild()
	log.Info("kurir starts", "version", b.Version, "commit", b.Commit, "platform", b.Platform, "pid", os.Getpid(),
		"config", cfg.Path, "data_dir", cfg.DataDir, "language", cfg.Lang(), "timezone", cfg.Timezone)
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
