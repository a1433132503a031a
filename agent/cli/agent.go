package cli

import (
	"context"
	"log/slog"
	"time"

	"kurir/agent"
	"kurir/agent/config"
	"kurir/agent/control"
	"kurir/agent/logbook"
)

// runner is the agent, as the commands use it.
type runner interface {
	backend
	Run(ctx context.Context) error
	Close() error
}

// agentOptions are what the commands say to the agent besides the configuration.
type agentOptions struct {
	logger   *slog.Logger
	logs     *logbook.Ring // the last lines of logger; nil: none
	check    control.Check // what it does when it is asked to look; nil: nothing
	patience time.Duration // how long a broken image counts as still being written; 0: the agent's default
}

func newAgent(cfg *config.Config, o agentOptions) (runner, error) {
	b := thisBuild()
	return agent.New(cfg, agent.Options{
		Logger: o.logger, Logs: o.logs, Version: b.Version, Commit: b.Commit, Check: o.check, Patience: o.patience,
	})
}
