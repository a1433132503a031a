package control_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"kurir/agent/simulator"
)

const published = "05080000000220240228000822" // the number whose answers are published

// busy is a station at which everything happens that can: sets and documents in all states.
func busy(t *testing.T, language string) *station {
	t.Helper()
	s := newStation(t, language)
	must(t, s.sim.SetFaults([]simulator.Rule{{Op: simulator.Kirim, NomorAju: "AJU-RETRY", Do: simulator.DoStatus, Status: 500}}))
	s.start()
	s.drop("lane-1", "AWB1001", side("AJU-1001"), "1.png", "2.png", "side view.png")
	s.drop("lane-1", "AWB1002", side("AJU-1002"), "1.png")
	s.drop("lane-1", "AWB1003", side("AJU-1003", "1.png", "2.png"), "1.png")
	s.drop("lane-1", "AWB1004", map[string]any{"nomorAju": "AJU-1004"}, "1.png", "2.png")
	s.drop("lane-1", "AWB1006", side("AJU-RETRY"), "1.png")
	late := side("AJU-LATE")
	late["nomorBlAwb"] = "UNKNOWN1"
	s.drop("lane-2", "AWB1005", late, "1.png")
	must(t, os.WriteFile(filepath.Join(s.dir, "in/erp/monday.csv"),
		[]byte("nomor_aju;kode_dokumen\n"+published+";30\n05080000000220240228000823;30\n5,08E+25;30\nABC\n"), 0o600))
	return s
}

// tile waits until a tile of the overview shows a count.
func (b *tab) tile(name, count string) {
	b.t.Helper()
	b.until(count+" "+name, `[...document.querySelectorAll('.tile')].some((e) => e.innerText.replace(/\s+/g, ' ').trim() === `+quoted(count+" "+name)+`)`)
}

func TestPageTellsAnIndonesianOperator(t *testing.T) {
	s := busy(t, "id")
	b := newTab(t, 1200, "id-ID")
	b.open(s.url())
	b.sees("Ringkasan", "1 set foto gagal dan tidak dicoba lagi", "lane-1", "lane-2", "erp", "24 jam terakhir", "2 set terkirim dan 1 gagal")
	b.tile("terkirim", "2")
	b.tile("gagal", "1")
	b.tile("menunggu", "1")
	b.tile("mencoba lagi", "2")
	b.click("Tampilkan sebagai tabel")
	b.until("the chart's table", `document.querySelectorAll('.chart tbody tr').length === 24`)
	b.shot("wide-overview")

	b.click("Lihat alasan dan tindakannya")
	b.until("one set", `document.querySelectorAll('tbody tr').length === 1`)
	b.click("lane-1/AWB1004")
	b.sees("Berkas JSON pendamping set foto ini tidak lengkap", "Perbaiki nomorAju", "Yang bertindak: operator", "kodeKantor tidak ada",
		"failed/AWB1004", "sidecar_invalid", "Coba lagi")
	b.photos(2)
	b.shot("wide-failed")

	b.click("Set foto")
	b.until("all sets", `document.querySelectorAll('tbody tr').length === 6`)
	b.sees("Menunggu foto: 2.png", "belum ditemukan di sistem Bea Cukai", "Percobaan berikutnya")
	b.shot("wide-sets")
	b.click("lane-1/AWB1001")
	b.sees("Semua foto sudah diterima Bea Cukai", "AJU-1001", "3 foto diterima server (kirim)", "Semua foto terkirim")
	b.photos(3)
	b.click("Jawaban terakhir dari server")
	b.sees("Sukses Kirim Foto Xray", "jumlahFotoTerupload")
	b.shot("wide-set")

	b.click("Nomor Aju")
	b.click(published)
	b.sees("Selesai Proses", "Perjalanan status", "Gate Out TPS", "SURAT PERSETUJUAN PENGELUARAN BARANG (SPPB)", "641716")
	b.shot("wide-document")
	b.click("monday")
	b.until("the list's numbers", `document.querySelectorAll('tbody tr').length === 2`)
	b.click("Daftar")
	b.sees("erp/monday", "monday.csv", "rejected.csv")
	b.shot("wide-lists")
}

func TestPageTellsAnEnglishReader(t *testing.T) {
	s := busy(t, "id") // the reasons are in the reader's language all the same
	b := newTab(t, 1200, "en-GB")
	b.open(s.url())
	b.sees("Overview", "Photo sets that failed and are not tried again: 1", "The last 24 hours")
	b.sees("Sets have failed since", "the last is lane-1/AWB1004: The JSON file that goes with these photos") // the alarm too
	b.tile("sent", "2")
	b.open(s.url() + "#/set?id=lane-1%2FAWB1004")
	b.sees("The JSON file that goes with these photos is incomplete", "Correct nomorAju", "Who acts: operator", "Try again")
	b.open(s.url() + "#/document?id=erp%2F05080000000220240228000823")
	b.until("a PDF", `[...document.querySelectorAll('a[download]')].some((a) => a.innerText === 'PDF')`)
	kind := evaluate[string](b, `fetch([...document.querySelectorAll('a[download]')].find((a) => a.innerText === 'PDF').href).then(async (r) =>
		r.headers.get('content-type') + ' ' + r.headers.get('content-disposition').split(';')[0] + ' ' + (await r.text()).slice(0, 5))`)
	if kind != "application/pdf attachment %PDF-" {
		t.Errorf("the PDF is %q", kind)
	}
	b.shot("wide-document-en")

	// the switch is visible, and what was chosen is remembered
	b.click("Bahasa Indonesia")
	b.sees("Semua nomor Aju")
	b.run(chromedp.Reload())
	b.sees("Semua nomor Aju")
	if lang := evaluate[string](b, `document.documentElement.lang`); lang != "id" {
		t.Errorf("the page says that it is in %q", lang)
	}
}

// Whatever keeps the agent from its work is the first thing that one sees: what it is, who must act, and what to do.
func TestPageSaysWhoMustAct(t *testing.T) {
	s := newStation(t, "en")
	must(t, s.sim.SetFaults([]simulator.Rule{{Op: simulator.Kirim, Do: simulator.DoStatus, Status: 403}}))
	s.start()
	b := newTab(t, 1200, "en")
	b.open(s.url())
	b.sees("Everything is working")
	s.drop("lane-1", "AWB1", side("AJU-1"), "1.png")
	must(t, os.Rename(filepath.Join(s.dir, "in/lane-2"), filepath.Join(s.dir, "away")))
	b.sees("2 things need attention", "Inbox lane-2", "The inbox folder cannot be opened", "See that the folder is still there",
		"Service beacukai", "does not accept the API key", "Check the API key", "Who acts: IT", "offline", "paused", "tried again")
	b.shot("wide-problems")
	if title := evaluate[string](b, `document.title`); title != "(2) Overview · kurir" {
		t.Errorf("the window is called %q", title)
	}
	must(t, os.Rename(filepath.Join(s.dir, "away"), filepath.Join(s.dir, "in/lane-2")))
	must(t, s.sim.SetFaults(nil))
	b.sees("Everything is working")
	b.tile("sent", "1")
}

// A service that does not answer as it should is not called paused: each set is tried again at its own time.
func TestPageOfAServiceInTrouble(t *testing.T) {
	s := newStation(t, "en")
	must(t, s.sim.SetFaults([]simulator.Rule{{Op: simulator.Any, Do: simulator.DoStatus, Status: 500}}))
	s.start()
	b := newTab(t, 1200, "en")
	b.open(s.url())
	s.drop("lane-1", "AWB1", side("AJU-1"), "1.png")
	b.sees("not answering well")
	b.missed("paused")
	must(t, s.sim.SetFaults(nil))
	b.missed("not answering well")
	b.tile("sent", "1")
}

// What one looks at is in the address: it can be loaded again, gone back to and kept.
func TestPageAddresses(t *testing.T) {
	s := busy(t, "en")
	b := newTab(t, 1200, "en")
	b.open(s.url() + "#/sets?state=sent&search=1001")
	b.until("one set", `document.querySelectorAll('tbody tr').length === 1 && document.querySelector('input[name=search]').value === '1001'
		&& document.querySelector('select[name=state]').value === 'sent'`)
	b.run(chromedp.Reload())
	b.until("the same", `document.querySelectorAll('tbody tr').length === 1 && document.querySelector('input[name=search]').value === '1001'`)
	b.click("Clear the filter")
	b.until("all", `document.querySelectorAll('tbody tr').length === 6 && document.querySelector('input[name=search]').value === ''`)
	b.click("lane-1/AWB1002")
	b.sees("AJU-1002", "All photo sets")
	b.run(chromedp.NavigateBack())
	b.until("all again", `document.querySelectorAll('tbody tr').length === 6`)
	b.run(chromedp.NavigateBack())
	b.until("the filter again", `document.querySelectorAll('tbody tr').length === 1 && document.querySelector('input[name=search]').value === '1001'`)
	b.expects("404")
	b.open(s.url() + "#/set?id=lane-1%2FNONE")
	b.sees("Nothing is found here")
	for _, nonsense := range []string{"#/nonsense?x=%zz", "#/constructor", "#token", "#/set"} {
		b.open(s.url() + nonsense)
		b.sees("kurir test")
	}
	b.open(s.url() + "#/nonsense")
	b.sees("Overview", "lane-1")
}

// photos waits until so many photos are shown, each with its small picture.
func (b *tab) photos(n int) {
	b.t.Helper()
	b.until("small pictures", `document.querySelectorAll('.photos img').length === `+quoted(n)+`
		&& [...document.querySelectorAll('.photos img')].every((i) => i.complete && i.naturalWidth > 100)`)
}
