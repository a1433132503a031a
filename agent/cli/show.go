package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"kurir/agent/control"
)

func (a *app) showCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "show ID",
		GroupID: "see",
		Short:   "Everything about one set or document",
		Long:    "Shows one set (lane-1/AWB123) or document (erp/CAR): its photos or responses, why it waits or failed, what to do.",
		Args:    someArgs("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("unexpected argument %q", args[1])
			}
			return a.reading(cmd.Context(), func(r *reached) error { return a.show(cmd.Context(), r, args[0]) })
		},
		ValidArgsFunction: a.completeIDs(nil),
	}
	return a.withJSON(a.withConfig(cmd))
}

func (a *app) show(ctx context.Context, r *reached, id string) error {
	f, err := find(ctx, r, "", control.Query{ID: id})
	if err != nil {
		return err
	}
	if f.len() == 0 {
		return fmt.Errorf("%s: %w", id, control.ErrNoMatch)
	}
	for _, s := range f.Sets {
		if err := a.showOne(s, func(w *facts) { setFacts(w, s) }); err != nil {
			return err
		}
	}
	for _, d := range f.Documents {
		if err := a.showOne(d, func(w *facts) { documentFacts(w, d) }); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) showOne(v any, tell func(*facts)) error {
	if a.json {
		return a.printJSON(v)
	}
	w := &facts{app: a}
	tell(w)
	return a.lines(w.lines())
}

// facts are rows of a name and a value; empty values are left out.
type facts struct {
	*app
	rows [][2]string
}

// lines are the facts one below the other, the values in a column of their own that fits the terminal.
func (f *facts) lines() []string {
	names := 0
	for _, row := range f.rows {
		names = max(names, cells.StringWidth(row[0]))
	}
	var out []string
	for _, row := range f.rows {
		value := f.wrapped(strings.Repeat(" ", names+gap), row[1])
		value[0] = cells.FillRight(row[0], names+gap) + strings.TrimLeft(value[0], " ")
		out = append(out, value...)
	}
	return out
}

func (f *facts) add(name, value string) {
	if value != "" {
		f.rows = append(f.rows, [2]string{name, value})
	}
}

func (f *facts) failure(e *control.Error) {
	if e != nil {
		f.add(f.say("alasan", "why"), e.Code+": "+e.Message)
		f.add(f.say("tindakan", "what to do"), e.Action)
		f.add(f.say("oleh", "who acts"), e.WhoActs)
	}
}

func setFacts(w *facts, s control.Set) {
	w.add("id", s.ID)
	w.add(w.say("keadaan", "state"), s.State)
	w.failure(s.Error)
	w.add(w.say("catatan", "note"), s.Note)
	w.add(w.say("menunggu", "waiting for"), strings.Join(s.WaitingFor, ", "))
	w.add(w.say("berikutnya", "next attempt"), w.clock(s.NextAttemptAt))
	w.add("nomorAju", s.NomorAju)
	w.add("nomorBlAwb", s.NomorBlAwb)
	w.add("tanggalBlAwb", s.TanggalBlAwb)
	w.add("kodeKantor", s.KodeKantor)
	for _, i := range s.Images {
		words := []string{i.Name + ",", strconv.FormatInt(i.Bytes, 10) + " B,", i.State, i.Via, i.DuplicateOf, w.clock(i.At)}
		w.add(w.say("foto", "photo"), strings.Join(slices.DeleteFunc(words, func(s string) bool { return s == "" }), " "))
	}
	w.add(w.say("berkas lain", "other files"), strings.Join(s.OtherFiles, ", "))
	w.add(w.say("arsip", "archive"), s.Archive)
	w.add(w.say("pertama terlihat", "first seen"), w.clock(s.FirstSeenAt))
	w.add(w.say("diperbarui", "updated"), w.clock(s.UpdatedAt))
	w.add(w.say("terkirim", "sent"), w.clock(s.SentAt))
	w.add(w.say("jawaban", "answer"), compact(s.Response))
}

// compact is JSON without blanks between its tokens.
func compact(raw json.RawMessage) string {
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		return string(raw)
	}
	return b.String()
}

func documentFacts(w *facts, d control.Document) {
	w.add("id", d.ID)
	w.add(w.say("keadaan", "state"), d.State)
	w.failure(d.Error)
	w.add("status", strings.TrimSpace(d.Status+" "+d.StatusUraian))
	w.add("nomorDaftar", d.NomorDaftar)
	w.add("tanggalDaftar", d.TanggalDaftar)
	w.add(w.say("catatan", "note"), d.Note)
	for _, s := range d.Statuses {
		w.add("status", strings.TrimSpace(s.WaktuStatus+"  "+s.KodeStatus+" "+s.Keterangan))
	}
	for _, r := range d.Responses {
		words := []string{r.TanggalRespon, r.KodeRespon, r.UraianRespon, r.NomorRespon, r.PDF, r.Note}
		w.add("respon", strings.Join(slices.DeleteFunc(words, func(s string) bool { return s == "" }), " "))
	}
	w.add(w.say("daftar", "lists"), strings.Join(d.Lists, ", "))
	w.add(w.say("ditanyakan", "polls"), fmt.Sprint(d.Polls))
	w.add(w.say("pertama terlihat", "first seen"), w.clock(d.FirstSeenAt))
	w.add(w.say("diperbarui", "updated"), w.clock(d.UpdatedAt))
	w.add(w.say("berikutnya", "next poll"), w.clock(d.NextPollAt))
	w.add(w.say("selesai", "done"), w.clock(d.DoneAt))
}
