package control_test

import (
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"kurir/agent/simulator"
)

// Names from scanners, and words from scanners and servers, that would take over a page that let them.
const (
	hostileSet   = `<img src=x onerror=window.hacked=1>`
	hostilePhoto = `"onload="window.hacked=1.png`
	hostileAju   = `<svg onload=window.hacked=1>`
	hostileWords = `<script>window.hacked=1</script><img src=x onerror=window.hacked=1>`
	hostileLink  = `javascript:window.hacked=1`
)

func TestPageMakesNothingOfHostileWords(t *testing.T) {
	s := newStation(t, "id")
	refusal := map[string]any{"success": false, "code": 400, "message": hostileWords, "data": map[string]any{hostileWords: hostileLink}}
	answer := map[string]any{"status": "ok", "desc": map[string]any{"data": map[string]any{
		"car": published, "status": "<b>800", "statusUraian": hostileWords, "nomorDaftar": hostileLink,
		"dataRespon": []any{map[string]any{"car": published, "kodeRespon": "<i>2003", "uraianRespon": hostileWords, "nomorRespon": hostileLink,
			"tanggalRespon": "2026-03-01", "pdf_encoded": hostileWords}},
		"dataStatus": []any{map[string]any{"kodeStatus": hostileLink, "waktuStatus": "2026-03-01 10:00:00", "keterangan": hostileWords}},
	}}}
	must(t, s.sim.SetFaults([]simulator.Rule{
		{Op: simulator.Kirim, Do: simulator.DoAnswer, Status: 400, Body: quoted(refusal)},
		{Op: simulator.StatusRespon, Do: simulator.DoAnswer, Status: 200, Body: quoted(answer)},
	}))
	s.start()
	s.drop("lane-1", hostileSet, side(hostileAju), hostilePhoto, hostileSet+".png", hostileSet)
	s.failed(hostileSet)
	must(t, os.WriteFile(filepath.Join(s.dir, "in/erp", hostileSet+".txt"), []byte(published+"\n"+hostileWords+"\n"), 0o600))

	b := newTab(t, 1200, "id")
	b.open(s.url())
	b.sees("1 set foto gagal")
	b.click("Set foto")
	b.sees("lane-1/"+hostileSet, hostileAju, hostileWords)
	b.click("lane-1/" + hostileSet)
	b.sees("_onload=_window.hacked=1.png", hostileWords, hostileAju)
	b.photos(3)
	b.click("Jawaban terakhir dari server")
	b.sees(hostileLink)
	b.harmless()

	b.click("Nomor Aju")
	b.sees(published, hostileWords)
	b.click(published)
	b.sees("<i>2003", hostileWords, hostileLink, "Perjalanan status")
	b.harmless()
	b.click("Daftar")
	b.sees("erp/_img src=x onerror=window.hacked=1_")
	b.harmless()
	b.open(s.url() + "#/sets?search=" + url.QueryEscape(hostileWords))
	b.sees("Tidak ada yang cocok")
	b.open(s.url() + "#/set?id=" + url.QueryEscape("lane-1/"+hostileSet))
	b.sees("lane-1/" + hostileSet)
	b.harmless()
}

// harmless makes sure that nothing of the hostile words has become an element or run.
func (b *tab) harmless() {
	b.t.Helper()
	if evaluate[bool](b, `window.hacked !== undefined || Boolean(document.querySelector('#page script, #page b, #page i, #page svg[onload], [onerror], [onload], a[href^="javascript"]'))`) {
		b.t.Errorf("hostile words have come alive: %s", evaluate[string](b, `document.getElementById('page').innerHTML`))
	}
}
