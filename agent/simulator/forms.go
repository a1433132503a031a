package simulator

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The forms of answers vary from document to document, as they do between what is published and what is seen: the
// same document keeps its forms all its life.

// ok is status and rescode.
func (l life) ok() string { return []string{"ok", "OK", "Ok"}[l.dice("ok", 3)] }

// none is the sentence that stands for nothing.
func (l life) none() string { return fmt.Sprintf("Data dengan nomor aju %s tidak ditemukan.", l.car) }

// code is a string, or for one document in six a number.
func (l life) code(kode string) any {
	if l.dice("numbers", 6) == 0 {
		return json.Number(kode)
	}
	return kode
}

// nothing keeps null fields, or leaves them out for one document in four.
func (l life) nothing(o object) object {
	if l.dice("missing", 4) != 0 {
		return o
	}
	return slices.DeleteFunc(o, func(f field) bool { return f.value == nil })
}

// statusRespon is the answer of statusrespon at a time.
func (l life) statusRespon(now time.Time) answer {
	p := l.plot()
	statuses := l.past(p.statuses, now)
	if len(statuses) == 0 {
		status := http.StatusOK
		if l.dice("500", 8) == 0 {
			status = http.StatusInternalServerError
		}
		return jsonAnswer(status, statusError{l.ok(), l.none()})
	}
	last := latest(statuses)
	data := object{
		{"car", l.car},
		{"createdTime", l.when(0).Format(timeLayout)},
		{"status", l.code(last.kode)},
		{"statusUraian", last.text},
		{"sendTime", nil},
		{"dataRespon", l.dataRespon(l.past(p.responses, now), now)},
		{"dataStatus", l.dataStatus(statuses, now)},
	}
	return jsonAnswer(http.StatusOK, object{{"status", l.ok()}, {"desc", object{{"data", l.nothing(data)}}}})
}

// latest is the last event in time; of equal times, the later in the list.
func latest(events []event) event {
	last := events[0]
	for _, e := range events {
		if !e.at.Before(last.at) {
			last = e
		}
	}
	return last
}

func (l life) dataRespon(responses []event, now time.Time) []object {
	out := []object{}
	for _, e := range responses {
		nomor, date := l.daftarFields(e, now)
		var pdf, number any
		if e.numbered {
			number = l.nomorRespon(e)
		} else if l.dice("pdf "+e.kode, 6) == 0 {
			pdf = l.pdf(e) // getresbycar has a sentence for it, see pdfEncoded
		}
		out = append(out, l.nothing(object{
			{"car", l.car}, {"kodeRespon", l.code(e.kode)}, {"uraianRespon", e.text}, {"nomorDaftar", nomor},
			{"tanggalDaftar", date}, {"nomorRespon", number}, {"tanggalRespon", e.at.Format(time.DateOnly)}, {"pdf_encoded", pdf},
		}))
	}
	return out
}

func (l life) dataStatus(statuses []event, now time.Time) []object {
	out := []object{}
	for _, e := range statuses {
		nomor, date := l.daftarFields(e, now)
		out = append(out, l.nothing(object{
			{"car", l.car}, {"kodeStatus", l.code(e.kode)}, {"nomorDaftar", nomor}, {"tanggalDaftar", date},
			{"waktuStatus", e.at.Format(timeLayout)}, {"keterangan", e.text},
		}))
	}
	return out
}

// daftarFields are nomorDaftar and tanggalDaftar of an event: null before the document has them.
func (l life) daftarFields(e event, now time.Time) (nomor, date any) {
	n, d, ok := l.daftar(now)
	if !ok || e.at.Before(l.when(l.plot().daftar)) {
		return nil, nil
	}
	return l.code(n), d
}

func (l life) nomorRespon(e event) string {
	return fmt.Sprintf("%06d/KPU.1/%d", l.dice("nomor "+e.kode, 1_000_000), e.at.Year())
}

// getResByCar is the answer of getresbycar at a time: the newest response first, as published.
func (l life) getResByCar(now time.Time) answer {
	responses := l.past(l.plot().responses, now)
	slices.SortStableFunc(responses, func(a, b event) int { return b.at.Compare(a.at) })
	entries := []object{}
	for _, e := range responses {
		entries = append(entries, object{{"reshdr", l.reshdr(e)}})
	}
	var desc any = entries
	switch {
	case len(entries) == 0 && l.dice("none", 2) == 0:
		desc = l.none()
	case len(entries) == 1 && l.dice("single", 4) == 0:
		desc = entries[0]
	}
	return jsonAnswer(http.StatusOK, object{{"rescode", l.ok()}, {"desc", desc}})
}

// reshdr is one response. Its fields differ per kind.
func (l life) reshdr(e event) object {
	o := object{
		{"car", l.car}, {"reskd", l.code(e.kode)}, {"restg", e.at.Format(time.DateOnly)}, {"reswk", e.at.Format("150405")},
	}
	if e.numbered {
		o = append(o, field{"dokresno", l.nomorRespon(e)}, field{"dokrestg", e.at.Format(time.DateOnly)})
	}
	o = append(o, field{"kpbc", nil}, field{"deskripsi", ""}, field{"pejabat1", nil}, field{"nip1", nil})
	if e.kode == "2020" {
		o = append(o, field{"totalbayar", nil}, field{"invoice", object{
			{"invoice_no", fmt.Sprint(8_000_000_000 + l.dice("invoice", 1_000_000))},
			{"invoice_currency_code", "USD"}, {"invoice_gross_weight", 1000 + l.dice("weight", 20_000)}, {"incoterm", "CIF"},
		}})
	}
	pdf := field{"pdf_encoded", l.pdfEncoded(e)}
	if l.dice("res "+e.kode, 2) == 0 {
		return append(l.nothing(o), pdf)
	}
	inner := jsonAnswer(http.StatusOK, object{{"rescode", "OK"}, {"desc", []object{
		{{"reshdr", append(slices.Clone(o), field{"pdf_encoded", l.none()})}},
	}}})
	return append(l.nothing(o), pdf, field{"res_encode", base64.StdEncoding.EncodeToString(inner.body)})
}

// pdfEncoded is a PDF for the responses that matter; for the others it may be a sentence or null.
func (l life) pdfEncoded(e event) any {
	switch {
	case e.numbered:
		return l.pdf(e)
	case l.dice("pdf "+e.kode, 6) < 2:
		return l.none()
	case l.dice("pdf "+e.kode, 6) == 2:
		return nil
	default:
		return l.pdf(e)
	}
}

// pdf is a response's document, in base64. The same response has the same bytes whenever it is asked for.
func (l life) pdf(e event) string {
	lines := []string{"SIMULATOR", e.text, "Nomor Aju: " + l.car, "Kode Respon: " + e.kode, "Tanggal: " + e.at.Format(timeLayout)}
	if e.numbered {
		lines = append(lines, "Nomor Respon: "+l.nomorRespon(e))
	}
	return base64.StdEncoding.EncodeToString(makePDF(strings.Join(lines, "\n")))
}
