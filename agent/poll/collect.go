package poll

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"

	"kurir/agent/t2g"
	"kurir/agent/transport"
)

// collect fetches and delivers the responses that the outbox does not have. Where getresbycar will not bring them, the PDFs at
// hand are delivered all the same; after an error that may pass they wait for it, which may bring them with their responses.
func (t *task) collect(ctx context.Context, shown []t2g.Respon) (changed bool, err error) {
	if t.missing(shown) {
		if changed, err = t.fetch(ctx); err != nil && !isRefusal(err) {
			return changed, err
		}
	}
	more, pdfs := t.deliverPDFs(shown)
	if changed = changed || more; pdfs != nil {
		return changed, pdfs // first of all this: a refusal would be the end
	}
	return changed, err
}

// isRefusal reports whether an error of getresbycar will come again however often it is asked.
func isRefusal(err error) bool {
	te, ok := errors.AsType[*transport.Error](err)
	return errors.Is(err, t2g.ErrNoPath) || ok && te.Kind == transport.Rejected
}

// deliverPDFs delivers the PDFs that statusrespon shows and getresbycar has not brought.
func (t *task) deliverPDFs(shown []t2g.Respon) (changed bool, err error) {
	folder := filepath.Join(t.folder, responFolder)
	matches, _ := match(shown, t.rec.Delivered)
	for i, s := range shown {
		if slices.ContainsFunc(matches[i], func(d delivery) bool { return !d.Only && d.Form == formPDF }) {
			continue
		}
		more, err := deliverPDF(folder, t.rec, s.KodeRespon, s.TanggalRespon, s.PDF)
		changed = changed || more
		if err != nil {
			return changed, err
		}
	}
	return changed, nil
}

// missing reports whether statusrespon shows a response that getresbycar has not brought.
func (t *task) missing(shown []t2g.Respon) bool {
	matches, _ := match(shown, t.rec.Delivered)
	return slices.ContainsFunc(matches, func(m []delivery) bool {
		return !slices.ContainsFunc(m, func(d delivery) bool { return !d.Only })
	})
}

// fetch asks getresbycar and delivers what it brings.
func (t *task) fetch(ctx context.Context) (changed bool, err error) {
	answer, err := t.p.o.Client.GetResByCar(ctx, t.rec.CAR, t.rec.Kode)
	raw := answer.Raw
	if answer.Foreign > 0 {
		t.p.log.Warn("entries about another number dropped", "id", t.job.ID, "entries", answer.Foreign)
		if raw = ownEntries(answer.Entries); len(answer.Entries) == 0 {
			return false, &transport.Error{Kind: transport.BadResponse, Op: "getresbycar", Message: t.otherNumber()}
		}
	}
	if keep := t.keep(responseAnswer, raw, err); keep != nil {
		return false, keep
	}
	if err != nil {
		return false, err
	}
	t.report("getresbycar", answer.Unknown)
	if len(answer.Entries) == 0 && answer.Note != "" {
		t.rec.Note = bounded(t.p.note(answer.Note), maxKeptNote)
	}
	for _, e := range answer.Entries {
		t.reportCode(knownRespon, "reskd", e.RESKD)
		more, err := deliver(filepath.Join(t.folder, responFolder), t.rec, e)
		changed = changed || more
		if err != nil {
			return changed, err
		}
		if d := t.rec.Delivered[len(t.rec.Delivered)-1]; more && d.Form == formBin {
			t.p.log.Warn("response holds no whole PDF", "id", t.job.ID, "file", d.file())
		}
	}
	return changed, nil
}

// ownEntries is an answer of getresbycar made of the entries alone that are about the number asked for.
func ownEntries(entries []t2g.Entry) []byte {
	type item struct {
		Hdr json.RawMessage `json:"reshdr"`
	}
	items := make([]item, len(entries))
	for i, e := range entries {
		items[i].Hdr = e.Hdr
	}
	b, err := json.Marshal(map[string]any{"rescode": "OK", "desc": items})
	if err != nil {
		return nil
	}
	return b
}
