package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"kurir/agent/journal"
)

// shownFinding is a finding with its words, as --json prints it.
type shownFinding struct {
	journal.Finding
	What   string `json:"what"`
	Remedy string `json:"remedy"`
}

// showLedger prints what a check has counted and found. Findings make it fail.
func (a *app) showLedger(l *journal.Ledger) error {
	if a.json {
		shown := make([]shownFinding, len(l.Findings))
		for i, f := range l.Findings {
			what, remedy := a.findingWords(f.Code)
			shown[i] = shownFinding{f, what, remedy}
		}
		if err := a.printJSON(map[string]any{"ok": len(shown) == 0, "inboxes": l.Inboxes, "findings": shown}); err != nil {
			return err
		}
	} else if err := a.printLedger(l); err != nil {
		return err
	}
	if len(l.Findings) > 0 {
		a.note(a.paintErr.bad(fmt.Sprintf(a.say("masalah: %d", "problems: %d"), len(l.Findings))))
		return errReported
	}
	a.note(a.paintErr.good(a.say("jurnal utuh; semua berkas ada di tempatnya, masing-masing satu kali",
		"the journal is whole; every file is accounted for, in exactly one place")))
	return nil
}

func (a *app) printLedger(l *journal.Ledger) error {
	for _, name := range slices.Sorted(maps.Keys(l.Inboxes)) {
		if _, err := fmt.Fprintln(a.out, plain(a.tallyWords(name, l.Inboxes[name]))); err != nil {
			return err
		}
	}
	for _, f := range l.Findings {
		what, remedy := a.findingWords(f.Code)
		where := strings.Join(slices.DeleteFunc([]string{f.ID, f.Path, f.Detail}, func(s string) bool { return s == "" }), ": ")
		_, err := fmt.Fprintf(a.out, "%s %s: %s: %s\n     -> %s\n", a.paint.bad("FAIL"), f.Code, what, plain(where), remedy)
		if err != nil {
			return err
		}
	}
	return nil
}

// tallyWords is one line about an inbox.
func (a *app) tallyWords(name string, t journal.Tally) string {
	if t.Kind == journal.Aju {
		line := fmt.Sprintf(a.say("%s: %d daftar (%d menunggu), %d baris, %d ditolak; %d dokumen, %d respons, %d PDF",
			"%s: %d lists (%d waiting), %d entries, %d rejected; %d documents, %d responses, %d PDFs"),
			name, t.Lists, t.Waiting, t.Entries, t.Rejected, t.Documents, t.Responses, t.PDFs)
		return line
	}
	line := fmt.Sprintf(a.say(
		"%s: %d berkas = %d terkirim + %d gagal + %d menunggu + %d sedang dipindahkan + %d dihapus setelah terkirim; "+
			"%d tanda terima: %d foto diterima server, %d duplikat",
		"%s: %d files = %d sent + %d failed + %d waiting + %d moving + %d deleted after their receipt; "+
			"%d receipts: %d photos confirmed by the server, %d duplicates"),
		name, t.Taken, t.Sent, t.Failed, t.Waiting, t.Moving, t.Deleted, t.Receipts, t.Photos, t.Duplicates)
	if t.Withdrawn > 0 {
		line += fmt.Sprintf(a.say("; %d set gagal diambil orang", "; %d failed sets taken away by someone"), t.Withdrawn)
	}
	return line
}

// findingWords are what a finding means, and what to do.
func (a *app) findingWords(code journal.FindingCode) (what, remedy string) {
	w, ok := findings[code]
	if !ok {
		return string(code), ""
	}
	return a.say(w[0], w[1]), a.say(w[2], w[3])
}

// findings are the words of every code: what it means and what to do, each in Indonesian and English.
var findings = map[journal.FindingCode][4]string{
	journal.FoundDamage: {"jurnal rusak", "the journal is damaged",
		"jalankan ulang agen: berkas rusak disimpan sebagai journal-WAKTU.damaged dan jurnal dibangun lagi dari folder dan server",
		"restart the agent: the file is kept as journal-TIME.damaged, and the journal is built anew from folders and servers"},
	journal.FoundSchema: {"jurnal dari versi lain", "the journal is of another version",
		"jalankan agen versi yang menulisnya, atau yang lebih baru; versi lama diperbarui saat agen dijalankan",
		"start the version that wrote it, or a newer one; an older journal is brought up to date when the agent starts"},
	journal.FoundLost: {"jurnal tidak ada; pemeriksaan hanya dari tanda terima dan status",
		"there is no journal; the check rests on receipts and status files",
		"jalankan agen: jurnal dibangun lagi, tidak ada yang dikirim dua kali", "start the agent: it is built anew, and nothing is sent twice"},
	journal.FoundUnread: {"tidak dapat dibaca", "cannot be read",
		"periksa hak akses dan disk; berkas yang rusak ambil dari cadangan", "see to rights and disk; take a spoilt file from a backup"},
	journal.FoundMissing: {"berkas asli tidak ada di mana pun", "an original is nowhere",
		"kembalikan dari cadangan atau tempat sampah; bila memang dihapus orang, hapus juga tanda terima atau error.json-nya",
		"put it back from a backup or the recycle bin; if someone removed it on purpose, remove its receipt or error.json too"},
	journal.FoundChanged: {"berkas asli berubah setelah dikirim", "an original has changed since it was sent",
		"kembalikan isinya dari cadangan; yang diterima server tercatat di tanda terima",
		"restore it from a backup; the receipt says what the server has"},
	journal.FoundTwice: {"ada di dua tempat", "it is in two places",
		"hapus salinan yang tidak perlu; yang di folder masuk akan dicatat sebagai duplikat saat agen berjalan",
		"remove the copy that is not needed; one in the inbox is noted as a duplicate once the agent runs"},
	journal.FoundUnknown: {"berkas tidak dikenal", "a file that nobody knows",
		"pindahkan keluar; bila belum pernah dikirim, letakkan di folder masuk", "move it out; if it was never sent, put it into the inbox"},
	journal.FoundNoReceipt: {"tanda terima tidak ada", "the receipt is missing",
		"kembalikan dari cadangan; atau pindahkan foldernya ke folder masuk: server ditanya, yang sudah diterima tidak dikirim lagi",
		"restore it from a backup; or move the folder into the inbox: the server is asked, and nothing it has is sent again"},
	journal.FoundNoReason: {"error.json tidak ada", "its error.json is missing",
		"pindahkan foldernya ke folder masuk untuk dicoba lagi", "move the folder into the inbox to have it tried again"},
	journal.FoundNoList: {"daftar yang sudah dibaca tidak ada", "a list that was read is missing",
		"letakkan lagi di folder masuk; nomor yang sudah dilacak tidak dilacak dua kali",
		"put it into the inbox again; no number is tracked twice"},
	journal.FoundNoSummary: {"ringkasan tidak lengkap", "a summary has not all rows",
		"jalankan agen: ringkasan ditulis lagi", "start the agent: it writes the summary again"},
	journal.FoundNoResponse: {"respons yang sudah diserahkan tidak ada", "a response that was delivered is missing",
		"bila ERP yang mengambilnya, ini bukan kehilangan; jika tidak, kembalikan dari cadangan",
		"if your ERP takes the files away this is no loss; else restore it from a backup"},
	journal.FoundNoDocument: {"status dokumen tidak ada", "a document's status file is missing",
		"jalankan agen: status ditulis pada pertanyaan berikutnya", "start the agent: the status is written at the next poll"},
}
