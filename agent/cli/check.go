package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"kurir/agent/cli/check"
	"kurir/agent/config"
	"kurir/agent/control"
)

func (a *app) checkCommand() *cobra.Command {
	direct, notify := false, false
	cmd := a.withJSON(a.withConfig(&cobra.Command{
		Use:     "check",
		GroupID: "try",
		Short:   "Does it all fit together? Config, folders, disk, credentials, servers, clock",
		Long: `Tries everything that the agent will need and says what to do about what does not work. Where the agent is installed as
a service under systemd, root sees what the service sees: the same account, credentials and sandbox. Elsewhere run it as
the account that the agent runs as. Exit code 1 when something fails, 2 when the configuration itself is wrong.`,
		Args: noArgs,
	}))
	cmd.Flags().BoolVar(&direct, "direct", false, "as this account, even where the service has another one")
	cmd.Flags().BoolVar(&notify, "notify", false, "send a test message to the receivers of alarms")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if !direct && !notify {
			if handled, err := a.checkService(cmd.Context()); handled {
				return err
			}
		}
		return a.check(cmd.Context(), notify)
	}
	return cmd
}

func (a *app) check(ctx context.Context, notify bool) error {
	cfg, err := a.load()
	if err != nil {
		var problems config.Errors
		if a.json && errors.As(err, &problems) {
			if err := a.printJSON(configResults(problems)); err != nil {
				return err
			}
		}
		return err
	}
	results, err := examine(ctx, cfg, check.Options{Notify: notify, Say: a.say}, func(r check.Result) {
		if !a.json {
			a.showResult(r)
		}
	})
	if err != nil {
		return err
	}
	if a.json {
		if err := a.printJSON(results); err != nil {
			return err
		}
	}
	return a.verdict(results)
}

// examine checks everything from this process and reports each outcome as soon as it is known.
func examine(ctx context.Context, cfg *config.Config, o check.Options, report func(check.Result)) ([]check.Result, error) {
	apis, closeAll, err := servers(cfg)
	if err != nil {
		return nil, err
	}
	defer closeAll()
	_, dialed := control.Dial(ctx, cfg.DataDir)
	results := []check.Result{}
	o.Config, o.APIs, o.Running = cfg, apis, dialed == nil
	check.Run(ctx, o, func(r check.Result) {
		results = append(results, r)
		report(r)
	})
	return results, ctx.Err()
}

func (a *app) showResult(r check.Result) {
	word := map[check.Status]string{
		check.OK: a.paint.good("ok  "), check.Warn: a.paint.warn("warn"), check.Fail: a.paint.bad("FAIL"),
	}[r.Status]
	_, _ = fmt.Fprintf(a.out, "%s  %-12s %-12s %s\n", word, r.Subject, r.Check, plain(r.Detail))
	if r.Remedy != "" {
		_, _ = fmt.Fprintf(a.out, "      -> %s\n", plain(r.Remedy))
	}
}

// verdict sums up on standard error.
func (a *app) verdict(results []check.Result) error {
	n := map[check.Status]int{}
	for _, r := range results {
		n[r.Status]++
	}
	line := fmt.Sprintf(a.say("%d baik, %d peringatan, %d gagal", "%d ok, %d warnings, %d failed"), n[check.OK], n[check.Warn], n[check.Fail])
	if n[check.Fail] > 0 {
		a.note(a.paintErr.bad(line))
		return errReported
	}
	a.note(a.paintErr.good(line))
	return nil
}

// configResults are the problems of a configuration that cannot be loaded, in the form of results.
func configResults(problems config.Errors) []check.Result {
	results := make([]check.Result, len(problems))
	for i, p := range problems {
		detail := fmt.Sprintf("%s:%d: %s: %s", p.File, p.Line, p.Key, p.Message)
		results[i] = check.Result{Subject: "config", Check: "read", Status: check.Fail, Detail: detail, Remedy: p.Remedy}
	}
	return results
}
