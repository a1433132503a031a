package cli

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kurir/agent/config"
	"kurir/agent/control"
)

const (
	completeWithin = 2 * time.Second // a shell that waits longer seems to hang
	completeAtMost = 200
)

// completeFlag completes a flag with words that are known when they are asked for.
func (a *app) completeFlag(cmd *cobra.Command, flag string, words func() []string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, func(_ *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
		return fitting(slices.Clone(words()), nil, begun), cobra.ShellCompDirectiveNoFileComp
	}) // the flag exists
}

// completeInbox completes --inbox with the configuration's inboxes of a kind; "" is every kind.
func (a *app) completeInbox(cmd *cobra.Command, kind string) {
	a.completeFlag(cmd, "inbox", func() []string {
		cfg, err := a.load()
		if err != nil {
			return nil
		}
		var names []string
		for _, in := range cfg.Inboxes {
			if kind == "" || in.Kind == kind {
				names = append(names, in.Name)
			}
		}
		return names
	})
}

// completeIDs completes the ids of sets and documents in the given states, nil for all, the latest change first.
func (a *app) completeIDs(states []string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		if cmd.Name() == "show" && len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		f := a.complete(cmd.Context(), "", begun, states)
		var ids []string
		for _, s := range f.Sets {
			ids = append(ids, s.ID+"\t"+s.State)
		}
		for _, d := range f.Documents {
			ids = append(ids, d.ID+"\t"+d.State)
		}
		return fitting(ids, args, begun), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	}
}

// completeCars completes Aju numbers that are tracked.
func (a *app) completeCars(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	var cars []string
	for _, d := range a.complete(cmd.Context(), config.KindAju, begun, nil).Documents {
		cars = append(cars, d.Car+"\t"+d.State)
	}
	return fitting(cars, args, begun), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}

// fitting leaves those words that begin like what was typed and are not there yet.
func fitting(words, args []string, begun string) []string {
	return slices.DeleteFunc(words, func(w string) bool {
		word, _, _ := strings.Cut(w, "\t")
		return !strings.HasPrefix(word, begun) || slices.Contains(args, word) || strings.ContainsAny(word, "\n\r")
	})
}

// complete looks up what a word may become, in silence: from the running agent, or from the journal when none runs.
func (a *app) complete(ctx context.Context, kind, begun string, states []string) found {
	var all found
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, cancel := context.WithTimeout(ctx, completeWithin)
	defer cancel()
	quiet := *a
	quiet.err = io.Discard
	cfg, err := quiet.load()
	if err != nil || quiet.begun(cfg) != nil {
		return all
	}
	r, err := quiet.reach(ctx, cfg)
	if err != nil {
		return all
	}
	defer func() { _ = r.leave() }() // only looked
	if states == nil {
		states = []string{""}
	}
	for _, state := range states {
		f, _ := find(ctx, r, kind, control.Query{Search: begun, State: state, Limit: completeAtMost}) // what there is
		all.Sets, all.Documents = append(all.Sets, f.Sets...), append(all.Documents, f.Documents...)
	}
	return all
}
