package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"kurir/agent/config"
	"kurir/agent/control"
)

func (a *app) sendCommand() *cobra.Command {
	var inbox string
	cmd := &cobra.Command{
		Use:     "send PATH...",
		GroupID: "work",
		Short:   "Send photo sets now",
		Long: `Sends the sets at the paths now: folders with a sidecar JSON and its images, or sidecar files with the images beside
them. What was sent is moved to sent/ of the inbox's outbox with a receipt, like any set.`,
		Example: "  kurir send ./AWB123\n  kurir send ./AWB123.json --inbox lane-1",
		Args:    someArgs("PATH"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.send(cmd.Context(), inbox, args) },
	}
	cmd.Flags().StringVar(&inbox, "inbox", "", "`NAME` of the inbox whose settings and outbox count (default: the only one)")
	a.completeInbox(cmd, config.KindXray)
	return a.withJSON(a.withConfig(cmd))
}

func (a *app) send(ctx context.Context, inbox string, args []string) error {
	paths := make([]string, len(args))
	for i, arg := range args {
		path, err := filepath.Abs(arg)
		if err != nil {
			return fmt.Errorf("find %s: %w", arg, err)
		}
		if _, err := os.Stat(path); err != nil {
			return &usageError{err: err}
		}
		paths[i] = path
	}
	return a.working(ctx, func(r *reached) error {
		sets, err := r.Send(ctx, inbox, paths, func(s control.Set) {
			a.note(progressLine(a.paintErr, s.ID, s.State, setWhy(s)))
		})
		return a.outcome(found{Sets: sets}, err, func(s string) bool { return s == "sent" })
	})
}

// working calls do with a backend, for commands that talk to an API.
func (a *app) working(ctx context.Context, do func(*reached) error) error {
	cfg, err := a.load()
	if err != nil {
		return err
	}
	if err := a.checkPlaceholders(cfg); err != nil {
		return err
	}
	r, err := a.reach(ctx, cfg)
	if err != nil {
		return err
	}
	err = do(r)
	if left := r.leave(); err == nil {
		err = left
	}
	return err
}

// outcome prints what has become of sets and documents, and fails unless all of them ended well.
func (a *app) outcome(f found, err error, well func(state string) bool) error {
	if a.json {
		if f.Sets == nil {
			f.Sets = []control.Set{}
		}
		if f.Documents == nil {
			f.Documents = []control.Document{}
		}
		if err := a.printJSON(f); err != nil {
			return err
		}
	} else if f.len() > 0 {
		if err := a.showList(f); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	for _, s := range f.Sets {
		if !well(s.State) {
			a.advise(s.ID, s.Error)
			err = errReported
		}
	}
	for _, d := range f.Documents {
		if !well(d.State) {
			a.advise(d.ID, d.Error)
			err = errReported
		}
	}
	return err
}

// advise says what to do about something that did not end well.
func (a *app) advise(id string, e *control.Error) {
	if e != nil && e.Action != "" {
		a.note(a.paintErr.warn(plain(id + ": " + whoActs(e.WhoActs) + e.Action)))
	}
}

// whoActs names who must act, before what to do.
func whoActs(who string) string {
	if who == "" {
		return ""
	}
	return "[" + who + "] "
}

func progressLine(p painter, id, state, why string) string {
	paint := p.state(state)
	if paint == nil {
		paint = p.dim
	}
	return strings.TrimSpace(plain(id) + " " + paint(fmt.Sprintf("%-8s", state)) + " " + plain(why))
}
