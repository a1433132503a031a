package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"kurir/agent/cli/check"
	"kurir/agent/config"
)

func (a *app) checkCommand() *cobra.Command {
	direct, notify := false, false
	cmd := a.withJSON(a.withConfig(&cobra.Command{
		Use:     "check",
		GroupID: "try",
		Short:   "Does it all fit together? Config, folders, disk, credentials, servers, clock",
		Long: `Tries everything that the agent will need and says what to do about what does not work. Where the agent is installed as
a service, an administrator sees what the service sees: it is the service's account that looks, on Linux in the service's
sandbox, on Windows in the service's own process. The line "account" says who has looked. Exit code 1 when
something fails, 2 when the configuration itself is wrong.`,
		Args: noArgs,
	}))
	cmd.Flags().BoolVar(&direct, "direct", false, "as this account, even where the service has another one")
	cmd.Flags().BoolVar(&notify, "notify", false, "send a test message to the receivers of alarms")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		var untried error
		if !direct && !notify {
			handled, err := a.checkService(cmd.Context())
			if handled {
				return err
			}
			untried = err
		}
		return errors.Join(a.check(cmd.Context(), notify), untried)
	}
	return cmd
}

func (a *app) check(ctx context.Context, notify bool) error {
	cfg, err := a.load()
	if err != nil {
		var problems config.Errors
		if a.json && errors.As(err, &problems) {
			if err := a.printJSON(a.unread(err)); err != nil {
				return err
			}
		}
		return err
	}
	results, err := examine(ctx, cfg, check.Options{Notify: notify, Say: a.say}, a.showResult)
	if err != nil {
		return err
	}
	return a.conclude(results)
}

// conclude says how it went in all, after showResult has shown each.
func (a *app) conclude(results []check.Result) error {
	if a.json {
		if err := a.printJSON(results); err != nil {
			return err
		}
	}
	return a.verdict(results)
}

// showResult prints one outcome at once, unless all of them are to be printed as JSON in the end.
func (a *app) showResult(r check.Result) {
	if a.json {
		return
	}
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
