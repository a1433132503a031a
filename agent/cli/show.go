package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"kurir/agent/control"
)

func (a *app) showCommand() *cobra.Command {
	return a.withJSON(a.withConfig(&cobra.Command{
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
	}))
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
	w := &facts{say: a.say}
	tell(w)
	return a.table(w.rows)
}

// facts are rows of a name and a value; empty values are left out.
type facts struct {
	say  func(indonesian, english string) string
	rows [][]string
}

func (f *facts) add(name, value string) {
	if value != "" {
		f.rows = append(f.rows, []string{name, value})
	}
}

func (f *facts) failure(e *control.Error) {
	if e != nil {
		f.add(f.say("alasan", "why"), e.Code+": "+e.Message)
		f.add(f.say("tindakan", "what to do"), e.Action)
	}
}

func setFacts(w *facts, s control.Set) {
	w.add("id", s.ID)
	w.add(w.say("keadaan", "state"), s.State)
	w.failure(s.Error)
	w.add(w.say("catatan", "note"), s.Note)
	w.add(w.say("menunggu", "waiting for"), strings.Join(s.WaitingFor, ", "))
	w.add(w.say("berikutnya", "next attempt"), clock(s.NextAttemptAt))
	w.add("nomorAju", s.NomorAju)
	w.add("nomorBlAwb", s.NomorBlAwb)
	w.add("tanggalBlAwb", s.TanggalBlAwb)
	w.add("kodeKantor", s.KodeKantor)
	for _, i := range s.Images {
		words := fmt.Sprintf("%s, %d B, %s %s %s %s", i.Name, i.Bytes, i.State, i.Via, i.DuplicateOf, clock(i.At))
		w.add(w.say("foto", "photo"), strings.TrimSpace(words))
	}
	w.add(w.say("berkas lain", "other files"), strings.Join(s.OtherFiles, ", "))
	w.add(w.say("arsip", "archive"), s.Archive)
	w.add(w.say("pertama terlihat", "first seen"), clock(s.FirstSeenAt))
	w.add(w.say("diperbarui", "updated"), clock(s.UpdatedAt))
	w.add(w.say("terkirim", "sent"), clock(s.SentAt))
	w.add(w.say("jawaban", "answer"), string(s.Response))
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
		w.add("respon", strings.TrimSpace(strings.Join(words, " ")))
	}
	w.add(w.say("daftar", "lists"), strings.Join(d.Lists, ", "))
	w.add(w.say("ditanyakan", "polls"), fmt.Sprint(d.Polls))
	w.add(w.say("pertama terlihat", "first seen"), clock(d.FirstSeenAt))
	w.add(w.say("diperbarui", "updated"), clock(d.UpdatedAt))
	w.add(w.say("berikutnya", "next poll"), clock(d.NextPollAt))
	w.add(w.say("selesai", "done"), clock(d.DoneAt))
}
