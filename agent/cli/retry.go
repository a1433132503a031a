package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kurir/agent/control"
)

func (a *app) retryCommand() *cobra.Command {
	var failed bool
	cmd := &cobra.Command{
		Use:     "retry ID... | --failed",
		GroupID: "work",
		Short:   "Try again what failed",
		Long: `Tries sets and documents again: those named, or all that have failed. Nothing is sent twice by it. Exit code 3 when
nothing matches, 1 when some of what is named does not. Without a running agent they are tried when it starts.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if failed == (len(args) > 0) {
				return usagef("give either IDs or --failed")
			}
			return a.reading(cmd.Context(), func(r *reached) error {
				return a.retry(cmd.Context(), r, control.RetryRequest{IDs: args, Failed: failed})
			})
		},
		ValidArgsFunction: a.completeIDs([]string{"failed", "expired", "retrying"}),
	}
	cmd.Flags().BoolVar(&failed, "failed", false, "all that have failed")
	return a.withJSON(a.withConfig(cmd))
}

func (a *app) retry(ctx context.Context, r *reached, request control.RetryRequest) error {
	ids, failed := r.Retry(ctx, request)
	if len(ids) == 0 {
		return cmp.Or(failed, control.ErrNoMatch)
	}
	if failed == nil { // else it says itself what is not tried again, and why
		failed = a.leftOut(request.IDs, ids)
	}
	if a.json { // what is tried again is said, whatever is not
		return errors.Join(a.printJSON(map[string][]string{"ids": ids}), failed)
	}
	for _, id := range ids {
		if _, err := fmt.Fprintln(a.out, plain(id)); err != nil {
			return err
		}
	}
	return failed
}

// leftOut is a failure where something that was named is not tried again, and says what.
func (a *app) leftOut(named, ids []string) error {
	var left []string
	for _, id := range named {
		if !slices.Contains(ids, id) {
			left = append(left, id)
		}
	}
	if len(left) == 0 {
		return nil
	}
	a.note(a.paintErr.bad(plain(fmt.Sprintf(a.say("tidak ada yang dapat dicoba lagi dengan nama: %s",
		"there is nothing to try again that is called: %s"), strings.Join(left, ", ")))))
	return errReported
}
