package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"kurir/agent"
	"kurir/agent/config"
	"kurir/agent/control"
)

// backend is what answers the commands: a running agent over its control address, or this process with the journal
// open.
type backend interface {
	control.Source
	control.Actions
}

// reached is a backend that must be left again.
type reached struct {
	backend
	running bool // an agent answers; else this process has the journal
	leave   func() error
}

// reach finds the running agent of the configuration, or else opens the journal in this process.
func (a *app) reach(ctx context.Context, cfg *config.Config) (*reached, error) {
	client, err := control.Dial(ctx, cfg.DataDir)
	if err == nil {
		return &reached{backend: client, running: true, leave: func() error { return nil }}, nil
	}
	if !errors.Is(err, control.ErrNotRunning) {
		return nil, err
	}
	own, err := newAgent(cfg, agentOptions{logger: a.quietLog()})
	if err != nil {
		return nil, a.heldElsewhere(err)
	}
	return &reached{backend: own, leave: own.Close}, nil
}

// reading calls see with a backend, for commands that only look.
func (a *app) reading(ctx context.Context, see func(*reached) error) (err error) {
	cfg, err := a.load()
	if err != nil {
		return err
	}
	if err := a.begun(cfg); err != nil {
		return err
	}
	r, err := a.reach(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.leave()) }()
	if !r.running {
		a.note(a.paintErr.dim(a.say("agen tidak berjalan; keadaan terakhir dari jurnal",
			"no agent is running; this is the journal's last word")))
	}
	return see(r)
}

// begun refuses to look at what is not there: to look must not make a journal, which would belong to the account that
// looks and not to the service's.
func (a *app) begun(cfg *config.Config) error {
	_, err := os.Stat(agent.JournalPath(cfg))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf(a.say("belum ada catatan di %s: %w", "nothing has been recorded in %s yet: %w"), cfg.DataDir, control.ErrNoMatch)
	}
	return nil
}

// quietLog is the log of commands that do one thing: only what a person should know.
func (a *app) quietLog() *slog.Logger {
	return slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// checkPlaceholders refuses to work with the secrets that init made and nobody has filled in.
func (a *app) checkPlaceholders(cfg *config.Config) error {
	for name, connection := range connections(cfg) {
		if key := unfilled(connection.Auth); key != "" {
			return &usageError{config: true, err: fmt.Errorf(
				a.say("%s.auth.%s masih berisi %s: tulis nilai yang sebenarnya ke berkas yang disebut di %s",
					"%s.auth.%s still holds %s: put the real value into the file that %s names"),
				name, key, placeholder, filepath.Base(cfg.Path))}
		}
	}
	return nil
}

// unfilled names the key that holds the placeholder, "" when none does.
func unfilled(auth config.Auth) string {
	switch {
	case auth.Token.Reveal() == placeholder:
		return "token"
	case auth.Login != nil && auth.Login.Username == placeholder:
		return "login.username"
	case auth.Login != nil && auth.Login.Password.Reveal() == placeholder:
		return "login.password"
	}
	return ""
}

// connections are the APIs that the configuration names.
func connections(cfg *config.Config) map[string]*config.Connection {
	found := map[string]*config.Connection{}
	if cfg.Beacukai != nil {
		found["beacukai"] = &cfg.Beacukai.Connection
	}
	if cfg.T2G != nil {
		found["t2g"] = &cfg.T2G.Connection
	}
	return found
}
