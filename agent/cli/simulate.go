package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"kurir/agent/simulator"
)

func (a *app) simulateCommand() *cobra.Command {
	var listen string
	var faults bool
	var seed uint64
	cmd := &cobra.Command{
		Use:     "simulate",
		GroupID: "try",
		Short:   "Both APIs on this machine, for testing a scanner or an ERP against",
		Long: `Answers like Bea Cukai's X-ray photo API, its login, and T2G, until it is interrupted. Nothing leaves this machine.
Standard output gets a configuration that fits; GET / on its address explains the rest.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.simulate(cmd.Context(), listen, faults, seed)
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:8651", "`ADDR` to listen at; port 0 is any that is free")
	cmd.Flags().BoolVar(&faults, "faults", false, "misbehave: cut connections, delay, refuse, answer nonsense")
	cmd.Flags().Uint64Var(&seed, "seed", 1, "which requests --faults hits")
	return a.withJSON(cmd)
}

func (a *app) simulate(ctx context.Context, listen string, faults bool, seed uint64) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", listen)
	if err != nil {
		return fmt.Errorf("listen for the simulator: %w", err)
	}
	o := simulator.Options{Logger: slog.New(slog.NewTextHandler(a.err, nil)), Seed: seed}
	if faults {
		o.Faults = simulator.Hostile(seed)
	}
	sim := simulator.New(o)
	if err := a.announce("http://" + l.Addr().String()); err != nil {
		_ = l.Close()
		return err
	}
	return serveSimulator(ctx, l, sim)
}

// announce prints where the simulator is, as a configuration that fits.
func (a *app) announce(url string) error {
	if a.json {
		return a.printJSON(map[string]string{"url": url, "token": simulator.DemoToken})
	}
	_, err := fmt.Fprintf(a.out, `# kurir's simulator listens at %[1]s
beacukai:
  base_url: %[1]s/openapi/cnpibk
  auth:
    login:
      url: %[1]s/nle-oauth/v1/user/login
      refresh_url: %[1]s/nle-oauth/v1/user/update-token
      username: %[2]s
      password: %[3]s
t2g:
  base_url: %[1]s
  edinumber: "EDI0001"
  auth: {token: %[4]s}
`, url, simulator.DemoUser, simulator.DemoPassword, simulator.DemoToken)
	return err
}

// serveSimulator answers at l until ctx ends.
func serveSimulator(ctx context.Context, l net.Listener, sim *simulator.Server) error {
	server := &http.Server{
		Handler:           sim,
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug), // cut connections are what it is for
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return errors.Join(fmt.Errorf("serve the simulator: %w", err), sim.Close())
	case <-ctx.Done():
	}
	err := sim.Close()
	return errors.Join(err, server.Close())
}
