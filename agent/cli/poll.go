package cli

import (
	"context"

	"github.com/spf13/cobra"

	"kurir/agent/config"
	"kurir/agent/control"
)

func (a *app) pollCommand() *cobra.Command {
	var inbox string
	cmd := &cobra.Command{
		Use:     "poll CAR...",
		GroupID: "work",
		Short:   "Ask T2G about Aju numbers now",
		Long: `Asks T2G about the Aju numbers (26 letters or digits; spaces, dots and dashes are dropped) now, puts what it answers
into the outbox, and tracks them from then on.`,
		Args: someArgs("CAR"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.poll(cmd.Context(), inbox, args) },

		ValidArgsFunction: a.completeCars,
	}
	cmd.Flags().StringVar(&inbox, "inbox", "", "`NAME` of the inbox whose settings and outbox count (default: the only one)")
	a.completeInbox(cmd, config.KindAju)
	return a.withJSON(a.withConfig(cmd))
}

func (a *app) poll(ctx context.Context, inbox string, cars []string) error {
	return a.working(ctx, func(r *reached) error {
		documents, err := r.Poll(ctx, inbox, cars, func(d control.Document) {
			a.note(progressLine(a.paintErr, d.ID, d.State, documentWhy(d)))
		})
		return a.outcome(found{Documents: documents}, err, func(s string) bool { return s == "polling" || s == "done" })
	})
}
