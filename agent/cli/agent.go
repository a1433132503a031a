package cli

import (
	"context"
	"log/slog"
	"time"

	"kurir/agent"
	"kurir/agent/config"
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
	patience time.Duration // how long a broken image counts as still being written; 0: the agent's default
}

func newAgent(cfg *config.Config, o agentOptions) (runner, error) {
	return agent.New(cfg, agent.Options{Logger: o.logger, Version: thisBuild().Version, Patience: o.patience})
}
