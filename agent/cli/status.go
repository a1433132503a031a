package cli

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kurir/agent/control"
)

func (a *app) statusCommand() *cobra.Command {
	return a.withJSON(a.withConfig(&cobra.Command{
		Use:     "status",
		GroupID: "see",
		Short:   "How the agent, its folders and the services are doing",
		Long:    "Shows the inboxes, what is in each by state, the services, and what needs attention.",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.reading(cmd.Context(), func(r *reached) error {
				o, err := r.Overview(cmd.Context())
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(o)
				}
				return a.showOverview(o)
			})
		},
	}))
}

func (a *app) showOverview(o control.Overview) error {
	head := "kurir " + o.Version
	if o.Running && !o.Since.IsZero() {
		head += ", " + a.say("berjalan sejak ", "running since ") + clock(o.Since)
	}
	if _, err := fmt.Fprintln(a.out, a.paint.bold(head)); err != nil {
		return err
	}
	rows := [][]string{{a.say("FOLDER MASUK", "INBOX"), a.say("JENIS", "KIND"), a.say("PANTAU", "WATCH"), a.say("JUMLAH", "COUNTS"),
		a.say("MENUNGGU SEJAK", "WAITING SINCE"), a.say("PATH", "PATH")}}
	for _, in := range o.Inboxes {
		watch := in.Mode
		if !in.OfflineSince.IsZero() {
			watch = "offline"
		}
		rows = append(rows, []string{in.Name, in.Kind, dash(watch), dash(countWords(in.Counts)), dash(clock(in.OldestWaiting)), in.Path})
	}
	if err := a.table(rows); err != nil {
		return err
	}
	rows = [][]string{{a.say("LAYANAN", "SERVICE"), a.say("KEADAAN", "STATE"), a.say("ALAMAT", "ADDRESS")}}
	for _, api := range o.APIs {
		rows = append(rows, []string{api.Name, api.State, api.URL})
	}
	if err := a.table(rows); err != nil {
		return err
	}
	for _, p := range o.Problems {
		if _, err := fmt.Fprintln(a.out, a.paint.bad(plain(fmt.Sprintf("! %s: %s: %s", p.Subject, p.Code, p.Message)))); err != nil {
			return err
		}
	}
	return nil
}

// countWords shows how many are in each state, in the order of the states' names.
func countWords(counts map[string]int) string {
	var parts []string
	for _, state := range slices.Sorted(maps.Keys(counts)) {
		if counts[state] > 0 {
			parts = append(parts, strconv.Itoa(counts[state])+" "+state)
		}
	}
	return strings.Join(parts, ", ")
}

// clock shows a time, "" for none.
func clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
