package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kurir/agent/config"
	"kurir/agent/control"
	"kurir/agent/reason"
)

// states are what list --state takes.
var states = []string{"waiting", "ready", "sending", "retrying", "sent", "failed", "polling", "done", "expired"}

func (a *app) listCommand() *cobra.Command {
	var q control.Query
	var kind string
	cmd := &cobra.Command{
		Use:     "list",
		GroupID: "see",
		Short:   "Sets and documents, the latest change first",
		Long: `Lists sets of photos and tracked Aju numbers, the latest change first. Exit code 3 when none matches.

States of sets: waiting, ready, sending, retrying, sent, failed; of documents: polling, retrying, done, expired, failed.`,
		Example: "  kurir list --state failed\n  kurir list --kind aju --limit 0 --json",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case kind != "" && kind != config.KindXray && kind != config.KindAju:
				return usagef("--kind %q is neither xray nor aju", kind)
			case q.State != "" && !slices.Contains(states, q.State):
				return usagef("--state %q is none of %s", q.State, strings.Join(states, ", "))
			case q.Limit < 0:
				return usagef("--limit %d is negative; 0 is no limit", q.Limit)
			}
			return a.reading(cmd.Context(), func(r *reached) error { return a.list(cmd.Context(), r, kind, q) })
		},
	}
	cmd.Flags().StringVar(&q.State, "state", "", "only those in this `STATE`")
	cmd.Flags().StringVar(&q.Inbox, "inbox", "", "only those of the inbox with this `NAME`")
	cmd.Flags().StringVar(&kind, "kind", "", "only xray (sets) or aju (documents)")
	cmd.Flags().StringVar(&q.Search, "search", "", "only those with this `TEXT` in their id, nomorAju, nomorBlAwb or car")
	cmd.Flags().IntVar(&q.Limit, "limit", 50, "at most so many; 0 is no limit")
	a.completeFlag(cmd, "state", func() []string { return states })
	a.completeFlag(cmd, "kind", func() []string { return []string{config.KindXray, config.KindAju} })
	a.completeInbox(cmd, "")
	return a.withJSON(a.withConfig(cmd))
}

// found is what list and show print.
type found struct {
	Sets      []control.Set      `json:"sets"`
	Documents []control.Document `json:"documents"`
}

func (f found) len() int { return len(f.Sets) + len(f.Documents) }

func (a *app) list(ctx context.Context, r *reached, kind string, q control.Query) error {
	f, err := find(ctx, r, kind, q)
	if err != nil {
		return err
	}
	if f.len() == 0 {
		return fmt.Errorf("%w", control.ErrNoMatch)
	}
	if a.json {
		return a.printJSON(f)
	}
	if q.Limit > 0 && f.len() == q.Limit {
		a.note(fmt.Sprintf(a.say("%d terakhir; --limit 0 untuk semua", "the latest %d; --limit 0 for all"), q.Limit))
	}
	return a.showList(f)
}

// pageSize is how many sets or documents are asked for at a time.
const pageSize = 500

// find asks for sets and documents, page by page, and keeps the limit over both together, the latest change first.
func find(ctx context.Context, r backend, kind string, q control.Query) (found, error) {
	f := found{Sets: []control.Set{}, Documents: []control.Document{}}
	if kind != config.KindAju && q.List == "" {
		err := pages(q, func(q control.Query) (string, int, error) {
			page, err := r.Sets(ctx, q)
			f.Sets = append(f.Sets, page.Sets...)
			return page.Next, len(page.Sets), err
		})
		if err != nil {
			return f, err
		}
	}
	if kind != config.KindXray {
		err := pages(q, func(q control.Query) (string, int, error) {
			page, err := r.Documents(ctx, q)
			f.Documents = append(f.Documents, page.Documents...)
			return page.Next, len(page.Documents), err
		})
		if err != nil {
			return f, err
		}
	}
	for q.Limit > 0 && f.len() > q.Limit {
		if n := len(f.Documents); n == 0 || len(f.Sets) > 0 && f.Sets[len(f.Sets)-1].UpdatedAt.Before(f.Documents[n-1].UpdatedAt) {
			f.Sets = f.Sets[:len(f.Sets)-1]
		} else {
			f.Documents = f.Documents[:n-1]
		}
	}
	return f, nil
}

// pages calls page until q's limit is reached or there are no more. page returns the next cursor and how many it found.
func pages(q control.Query, page func(control.Query) (next string, n int, err error)) error {
	left := q.Limit
	for {
		q.Limit = pageSize
		if left > 0 {
			q.Limit = min(left, pageSize)
		}
		next, n, err := page(q)
		if err != nil || next == "" || left > 0 && n >= left {
			return err
		}
		if left > 0 {
			left -= n
		}
		q.After = next
	}
}

func (a *app) showList(f found) error {
	type line struct {
		at  time.Time
		row []string
	}
	lines := make([]line, 0, f.len())
	for _, s := range f.Sets {
		lines = append(lines, line{s.UpdatedAt, []string{s.ID, s.State, strconv.Itoa(len(s.Images)), a.clock(s.UpdatedAt), setWhy(s)}})
	}
	for _, d := range f.Documents {
		lines = append(lines, line{d.UpdatedAt, []string{d.ID, d.State, "-", a.clock(d.UpdatedAt), documentWhy(d)}})
	}
	slices.SortStableFunc(lines, func(x, y line) int { return y.at.Compare(x.at) })
	head := []string{"ID", a.say("KEADAAN", "STATE"), a.say("FOTO", "PHOTOS"), a.say("DIPERBARUI", "UPDATED"),
		a.say("KETERANGAN", "WHY")}
	rows := make([][]string, 0, len(lines))
	for _, l := range lines {
		rows = append(rows, l.row)
	}
	return a.lines(a.columns(head, rows, func(col int, text string) func(string) string {
		if col == 1 {
			return a.paint.state(text)
		}
		return nil
	}))
}

func setWhy(s control.Set) string {
	switch {
	case s.Error != nil:
		return exactly(s.Error)
	case s.Note != "":
		return s.Note
	case len(s.WaitingFor) > 0:
		return strings.Join(s.WaitingFor, ", ")
	}
	return ""
}

func documentWhy(d control.Document) string {
	if d.Error != nil {
		return exactly(d.Error)
	}
	status := strings.TrimSpace(d.Status + " " + d.StatusUraian)
	return cmp.Or(status, d.Note)
}

// saysAll are the codes whose sentence in the catalogue says all that a person needs; of the others the detail behind it does.
var saysAll = []reason.Code{reason.NotFound, reason.Unauthorized, reason.Forbidden, reason.TooLarge, reason.ServerError,
	reason.BadResponse, reason.Network, reason.Timeout}

// exactly is an error in one line: its code, and its sentence or what exactly is wrong.
func exactly(e *control.Error) string {
	for _, lang := range []reason.Language{reason.Indonesian, reason.English} {
		what := reason.Of(reason.Code(e.Code), lang).What
		detail, ok := strings.CutPrefix(e.Message, what+" (")
		switch {
		case ok && slices.Contains(saysAll, reason.Code(e.Code)):
			return e.Code + ": " + what
		case ok:
			return e.Code + ": " + strings.TrimSuffix(detail, ")")
		}
	}
	return e.Code + ": " + e.Message
}
